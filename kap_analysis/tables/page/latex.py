r"""Tables as LaTeX that pdflatex compiles, with booktabs rules and notes below.

great-tables writes LaTeX too, but stops at footnotes and leaves signs such as a true minus that pdflatex refuses.
"""

import re
import unicodedata
from typing import Final

from kap_analysis.tables.page.content import TableContent
from kap_analysis.tables.page.widths import (
    NARROWEST_PROSE,
    Printed,
    fitted_columns,
    letters_needed,
    natural_columns,
)

PREAMBLE: Final = r"""\documentclass[11pt,a4paper%s]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
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

SIZES: Final = ((98, "small"), (109, "footnotesize"), (122, "scriptsize"))
"""Letters that fit on a line of 17 cm in each size, the columns' gaps included."""
LEADING: Final = {"small": 13.2, "footnotesize": 12.1, "scriptsize": 10.5}
"""Points from line to line of the table; notes are set in footnotesize."""
NOTE_LETTERS: Final = 105
TALLEST: Final = {"portrait": 540, "landscape": 430}
"""Points that a table with its notes may take before it is set so that it can break over pages."""
AROUND: Final = 75
"""Points that caption, rules and headings take."""
GAP: Final = 2
EM_PER_LETTER: Final = 0.47
NUMBERED: Final = re.compile(r"Table (\d+)")

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


def render_document(table: TableContent) -> str:
    """Write a table as a file that compiles by itself and can also be read into a document."""
    numbered = NUMBERED.fullmatch(table.number)
    number = f"\n\\setcounter{{table}}{{{int(numbered[1]) - 1}}}" if numbered else ""
    preamble = PREAMBLE % (",landscape" if _is_wide(table) else "")
    return BEGIN % (preamble + number) + render_latex(table) + END


def render_latex(table: TableContent) -> str:
    """Write a table as a LaTeX float, or as a longtable where it may not fit on a page."""
    size, _ = _size(table)
    header = _header(table)
    lines = _lines(table)
    caption = (f"\\textbf{{{latex_text(table.stamp)}}} " if table.stamp else "") + latex_text(table.title)
    label = f"\\label{{tab:{table.name}}}"
    columns = "@{}" + "".join(_column_type(printed) for printed in _columns(table)) + "@{}"
    lined = "\n\\par ".join(latex_text(note) for note in table.notes)
    note_size = "scriptsize" if size == "scriptsize" else "footnotesize"
    notes = f"\n\\par\\smallskip{{\\raggedright\\{note_size} {lined}\\par}}" if lined else ""
    settings = f"\\{size}\\setlength{{\\tabcolsep}}{{4pt}}\\renewcommand{{\\arraystretch}}{{1.1}}"
    if _height(table) < TALLEST["landscape" if _is_wide(table) else "portrait"]:
        return (
            f"\\begin{{table}}[htbp]\n\\centering\\setlength{{\\belowcaptionskip}}{{6pt}}"
            f"\\caption{{{caption}}}{label}\n{settings}\n"
            f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{header}\\midrule\n"
            + "\n".join(lines)
            + f"\n\\bottomrule\n\\end{{tabular}}{notes}\n\\end{{table}}\n"
        )
    return (
        "% A longtable learns the widths of its columns from run to run: run pdflatex two or three times.\n"
        f"{{{settings}\\setlength{{\\LTcapwidth}}{{\\linewidth}}\n\\begin{{longtable}}{{{columns}}}\n"
        f"\\caption{{{caption}}}{label}\\\\\n\\toprule\n{header}\\midrule\n\\endfirsthead\n"
        f"\\toprule\n{header}\\midrule\n\\endhead\n\\bottomrule\n\\endfoot\n"
        + "\n".join(lines)
        + f"\n\\end{{longtable}}{notes}\n\\par}}\n"
    )


def _header(table: TableContent) -> str:
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
    for printed in _columns(table):
        letter = {"left": "l", "right": "r", "center": "c"}[printed.column.align]
        stack = "\\\\".join(latex_text(part) for part in printed.heading)
        headings.append(
            f"\\multicolumn{{1}}{{{letter}}}{{\\begin{{tabular}}[b]{{@{{}}{letter}@{{}}}}{stack}\\end{{tabular}}}}"
            if len(printed.heading) > 1
            else f"\\multicolumn{{1}}{{{letter}}}{{{stack}}}"
        )
    return text + " & ".join(headings) + " \\\\\n"


def _lines(table: TableContent) -> list[str]:
    lines = []
    width = len(table.layout.columns)
    for position, (group, rows) in enumerate(table.row_groups()):
        if group:
            gap = "\\addlinespace\n" if position else ""
            lines.append(f"{gap}\\multicolumn{{{width}}}{{@{{}}l}}{{\\textbf{{{latex_text(group)}}}}} \\\\*")
        lines.extend(" & ".join(latex_text(cell) for cell in row) + r" \\" for row in rows)
    return lines


def _height(table: TableContent) -> float:
    """Points that the table takes on a page, with what breaks inside its cells and with its notes."""
    size, _ = _size(table)
    widths = [printed.width for printed in _columns(table)]
    groups = table.row_groups()
    rows = [row for _, lines in groups for row in lines]
    deep = sum(max(-(-len(cell) // max(width, 1)) for cell, width in zip(row, widths, strict=True)) for row in rows)
    deep += 2 * len(groups) if table.layout.groups else 0
    notes = sum(-(-len(note) // NOTE_LETTERS) for note in table.notes)
    return LEADING[size] * deep + LEADING["footnotesize"] * notes + AROUND


def _column_type(printed: Printed) -> str:
    if printed.breaks:
        return f">{{\\raggedright\\arraybackslash}}p{{{EM_PER_LETTER * printed.width:.1f}em}}"
    return {"left": "l", "right": "r", "center": "c"}[printed.column.align]


def _columns(table: TableContent) -> list[Printed]:
    _, budget = _size(table)
    return fitted_columns(table, budget - GAP * len(table.layout.columns))


def _size(table: TableContent) -> tuple[str, int]:
    """The largest letters in which a line of the table fits, and how many letters that line has."""
    needed = letters_needed(table) + GAP * len(table.layout.columns)
    return next(((size, budget) for budget, size in SIZES if needed <= budget), (SIZES[-1][1], SIZES[-1][0]))


def _is_wide(table: TableContent) -> bool:
    """Whether its columns do not fit on an upright page even with its sentences broken into short lines."""
    gaps = GAP * len(table.layout.columns)
    return (
        sum(min(p.width, NARROWEST_PROSE) if p.breaks else p.width for p in natural_columns(table)) + gaps
        > SIZES[-1][0]
    )
