r"""Tables as LaTeX that pdflatex compiles, with booktabs rules and notes below.

great-tables writes LaTeX too, but stops at footnotes and leaves signs such as a true minus that pdflatex refuses.
"""

import textwrap
import unicodedata
from typing import TYPE_CHECKING, Final

from kap_analysis.tables.layout import Column

if TYPE_CHECKING:
    from kap_analysis.tables.table import Table

PREAMBLE: Final = r"""\documentclass[11pt,a4paper%s]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{textcomp,array,booktabs,longtable}
\usepackage[margin=2cm]{geometry}
\pagestyle{empty}
\begin{document}"""
# \begin{document} sets \@nodocument to \relax: inside a document that reads this file, what the file
# needs to stand alone is skipped.
BEGIN: Final = "\\expandafter\\ifx\\csname @nodocument\\endcsname\\relax\\else\n\\def\\kaptablealone{}\n%s\n\\fi\n"
END: Final = (
    "\\ifdefined\\kaptablealone\\def\\kaptableend{\\end{document}}\\else\\let\\kaptableend\\relax\\fi\\kaptableend\n"
)

LONG: Final = 42
"""Lines from which a table may break over pages."""
SIZES: Final = ((88, "small"), (100, "footnotesize"), (116, "scriptsize"))
"""Characters that fit on a line of 17 cm in each size, the columns' gaps included."""
GAP: Final = 2
LONGEST_LABEL: Final = 34
NARROWEST_PROSE: Final = 16
EM_PER_LETTER: Final = 0.48

SIGNS: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
    # After a line end, LaTeX reads these as options of the line end.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "−": "$-$",
    "–": "--",
    "—": "---",
    "‐": "-",
    "‑": "-",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≠": r"$\neq$",
    "≈": r"$\approx$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "÷": r"$\div$",
    "√": r"$\surd$",
    "∞": r"$\infty$",
    "→": r"$\rightarrow$",
    "←": r"$\leftarrow$",
    "Δ": r"$\Delta$",
    "∆": r"$\Delta$",
    "Σ": r"$\Sigma$",
    "Ω": r"$\Omega$",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "γ": r"$\gamma$",
    "δ": r"$\delta$",
    "ε": r"$\varepsilon$",
    "η": r"$\eta$",
    "θ": r"$\theta$",
    "κ": r"$\kappa$",
    "λ": r"$\lambda$",
    "μ": r"$\mu$",
    "µ": r"$\mu$",
    "π": r"$\pi$",
    "ρ": r"$\rho$",
    "σ": r"$\sigma$",
    "τ": r"$\tau$",
    "φ": r"$\varphi$",
    "χ": r"$\chi$",
    "ψ": r"$\psi$",
    "ω": r"$\omega$",
    "²": r"\textsuperscript{2}",
    "³": r"\textsuperscript{3}",
    "°": r"\textdegree{}",
    "…": r"\ldots{}",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "€": r"\texteuro{}",
    "£": r"\pounds{}",
    "§": r"\S{}",
    "•": r"\textbullet{}",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "✓": r"$\surd$",
    "\u2003": r"\quad{}",
    "\u2009": r"\,",
    "\u202f": r"\,",
    "\u00a0": "~",
    "\n": " ",
}


def latex_text(text: str) -> str:
    """Escape text for pdflatex; signs without a translation become their plain letter or their code point.

    Examples
    --------
    >>> latex_text("p < .001 & −1.2")
    'p \\\\textless{} .001 \\\\& $-$1.2'
    """
    letters = unicodedata.normalize("NFC", text)
    # Two hyphens or two commas side by side would become one dash or one low quotation mark.
    return "".join(
        _sign(letter) + ("{}" if letter in "-," and after == letter else "")
        for letter, after in zip(letters, f"{letters[1:]} ", strict=False)
    )


def _sign(letter: str) -> str:
    if letter in SIGNS:
        return SIGNS[letter]
    if " " <= letter <= "~" or "\u00c0" <= letter <= "\u017f":
        return letter
    if not letter.isprintable():
        return ""
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return "".join(SIGNS.get(sign, sign) for sign in plain) if plain else f"{{[}}U+{ord(letter):04X}{{]}}"


def render_document(table: "Table") -> str:
    """Write a table as a file that compiles by itself and can also be read into a document."""
    size, _ = _size(table)
    preamble = PREAMBLE % (",landscape" if size == "scriptsize" else "")
    return BEGIN % preamble + render_latex(table) + END


def render_latex(table: "Table") -> str:
    """Write a table as a LaTeX float, or as a longtable where it may not fit on a page."""
    size, _ = _size(table)
    header = _header(table)
    lines = _lines(table)
    caption = (f"\\textbf{{{latex_text(table.stamp)}}} " if table.stamp else "") + latex_text(table.title)
    label = f"\\label{{tab:{table.name}}}"
    columns = "@{}" + "".join(_column_type(column, width) for column, width in _widths(table)) + "@{}"
    lined = "\n\\par ".join(latex_text(note) for note in table.notes)
    notes = f"\n\\par\\smallskip{{\\raggedright\\footnotesize {lined}\\par}}" if lined else ""
    settings = f"\\{size}\\setlength{{\\tabcolsep}}{{4pt}}\\renewcommand{{\\arraystretch}}{{1.1}}"
    if _height(table) < LONG:
        return (
            f"\\begin{{table}}[htbp]\n\\centering\\caption{{{caption}}}{label}\n{settings}\n"
            f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{header}\\midrule\n"
            + "\n".join(lines)
            + f"\n\\bottomrule\n\\end{{tabular}}{notes}\n\\end{{table}}\n"
        )
    return (
        f"{{{settings}\n\\begin{{longtable}}{{{columns}}}\n"
        f"\\caption{{{caption}}}{label}\\\\\n\\toprule\n{header}\\midrule\n\\endfirsthead\n"
        f"\\toprule\n{header}\\midrule\n\\endhead\n\\bottomrule\n\\endfoot\n"
        + "\n".join(lines)
        + f"\n\\end{{longtable}}{notes}\n\\par}}\n"
    )


def _header(table: "Table") -> str:
    r"""The heading lines: spanners with their rules, then the columns' own headings, broken where they are long."""
    layout = table.layout
    text = ""
    if layout.spanners:
        cells, rules, start = [], "", 1
        for heading, width in layout.spans():
            cells.append(f"\\multicolumn{{{width}}}{{c}}{{{latex_text(heading)}}}" if heading else "")
            rules += f"\\cmidrule(lr){{{start}-{start + width - 1}}}" if heading else ""
            start += width
        text += " & ".join(cells) + f" \\\\\n{rules}\n"
    headings = []
    for column, width in _widths(table):
        letter = {"left": "l", "right": "r", "center": "c"}[column.align]
        parts = textwrap.wrap(column.heading, max(width, 9), break_long_words=False) or [""]
        stack = "\\\\".join(latex_text(part) for part in parts)
        headings.append(
            f"\\multicolumn{{1}}{{{letter}}}{{\\begin{{tabular}}[b]{{@{{}}{letter}@{{}}}}{stack}\\end{{tabular}}}}"
            if len(parts) > 1
            else f"\\multicolumn{{1}}{{{letter}}}{{{stack}}}"
        )
    return text + " & ".join(headings) + " \\\\\n"


def _lines(table: "Table") -> list[str]:
    lines = []
    width = len(table.layout.columns)
    for position, (group, rows) in enumerate(table.row_groups()):
        if group:
            gap = "\\addlinespace\n" if position else ""
            lines.append(f"{gap}\\multicolumn{{{width}}}{{@{{}}l}}{{\\textbf{{{latex_text(group)}}}}} \\\\*")
        lines.extend(" & ".join(latex_text(cell) for cell in row) + r" \\" for row in rows)
    return lines


def _height(table: "Table") -> int:
    """Printed lines that the body of the table will take, with what breaks inside its cells."""
    widths = [width for _, width in _widths(table)]
    groups = table.row_groups()
    rows = [row for _, lines in groups for row in lines]
    deep = sum(max(-(-len(cell) // max(width, 1)) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return deep + (2 * len(groups) if table.layout.groups else 0)


def _column_type(column: Column, width: int) -> str:
    if _breaks(column, width):
        return f">{{\\raggedright\\arraybackslash}}p{{{EM_PER_LETTER * width:.1f}em}}"
    return {"left": "l", "right": "r", "center": "c"}[column.align]


def _breaks(column: Column, width: int) -> bool:
    return column.prose or (column.align == "left" and width >= LONGEST_LABEL)


def _natural_widths(table: "Table") -> list[tuple[Column, int]]:
    return [(column, max(len(str(cell)) for cell in table.cells[column.key])) for column in table.layout.columns]


def _widths(table: "Table") -> list[tuple[Column, int]]:
    """Each column with its width in characters; columns of sentences share what the others leave."""
    _, budget = _size(table)
    natural = _natural_widths(table)
    stiff = sum(width + GAP for column, width in natural if not _breaks(column, width))
    breaking = {column.key: width for column, width in natural if _breaks(column, width)}
    room = max(budget - stiff - GAP * len(breaking), NARROWEST_PROSE * len(breaking))
    asked = sum(width**0.5 for width in breaking.values())
    return [
        (column, min(width, int(room * width**0.5 / asked)) if column.key in breaking else width)
        for column, width in natural
    ]


def _size(table: "Table") -> tuple[str, int]:
    """The largest letters in which a line of the table fits, and how many characters that line has."""
    needed = 0
    for column, width in _natural_widths(table):
        needed += GAP + (max(NARROWEST_PROSE, min(width, LONGEST_LABEL)) if _breaks(column, width) else width)
    for budget, size in ((budget, size) for budget, size in SIZES):
        if needed <= budget:
            return size, budget
    return SIZES[-1][1], SIZES[-1][0]
