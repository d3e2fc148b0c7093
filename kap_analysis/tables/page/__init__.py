"""What a table is, and how it is written in HTML, LaTeX, Word, Markdown and CSV."""
