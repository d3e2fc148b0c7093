"""How a table becomes HTML, LaTeX, Word, Markdown or CSV: one module per kind of file."""
