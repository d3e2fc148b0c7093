"""A fit on one page: what was fitted to how much, whether that went well, and the estimates."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from kap_analysis.mixed.errors import listed
from kap_analysis.mixed.fitted_model import FittedModel

WIDTH = 96
METHODS = {
    "kenward-roger": "Kenward-Roger",
    "satterthwaite": "Satterthwaite",
    "between-within": "between-within",
    "residual": "residual (rows less coefficients)",
    "normal": "infinite (normal distribution)",
}
ON_THE_BOUNDARY = (
    "There Kenward-Roger and Satterthwaite differ: Kenward-Roger keeps every variance and covariance in the expected "
    "information, zero or not (as pbkrtest does), while Satterthwaite holds what is zero and takes the observed "
    "information of the rest (as lmerTest does)."
)
_STYLE = "border-collapse:collapse;background:transparent;color:inherit;margin:0.4em 0"


@dataclass(frozen=True, repr=False, eq=False)
class Summary:
    """What is known of a fit; printing it gives a page of text, Jupyter shows tables.

    Attributes
    ----------
    title : str
        The kind of model and of likelihood.
    facts : tuple of (str, str)
        Formula, rows, groups, criterion and so on, each with its value as text.
    notes : tuple of str
        What should be known before the estimates are used.
    level : float
        Confidence level of the intervals.
    coefficients : pandas.DataFrame
        ``term estimate std_error df statistic p_value ci_low ci_high``, unrounded.
    variance_components, residual : pandas.DataFrame
        As in the results, unrounded.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    level: float
    coefficients: pd.DataFrame
    variance_components: pd.DataFrame
    residual: pd.DataFrame

    def __repr__(self) -> str:
        return str(self)

    def _tables(self) -> list[tuple[str, list[list[str]]]]:
        """Headings, and cells as text, the names of the columns first."""
        tables = [("Coefficients", _coefficient_cells(self.coefficients, self.level))]
        if len(self.variance_components):
            names = ("grouping", "term1", "term2")
            tables.append(("Variance components", _covariance_cells(self.variance_components, names)))
        tables.append(("Residual", _covariance_cells(self.residual, ("stratum", "visit1", "visit2"))))
        return tables

    def __str__(self) -> str:
        wide = max(len(label) for label, _ in self.facts)
        lines = [self.title, ""]
        for label, value in self.facts:
            lines += textwrap.wrap(value, WIDTH, initial_indent=f"{label:{wide}}  ", subsequent_indent=" " * (wide + 2))
        for heading, cells in self._tables():
            lines += ["", heading, *_aligned(cells)]
        for note in self.notes:
            lines += ["", *textwrap.wrap(note, WIDTH)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        facts = "".join(
            f'<tr><th style="text-align:left;padding:0 1em 0 0">{escape(label)}</th>'
            f'<td style="text-align:left">{escape(value)}</td></tr>'
            for label, value in self.facts
        )
        parts = [f"<strong>{escape(self.title)}</strong>", f'<table style="{_STYLE}">{facts}</table>']
        for heading, cells in self._tables():
            parts.append(_html_table(heading, cells))
        parts += [f'<p style="max-width:60em;margin:0.4em 0">{escape(note)}</p>' for note in self.notes]
        return '<div style="color:inherit">' + "".join(parts) + "</div>"


def summary_of(fit: FittedModel, *, level: float = 0.95) -> Summary:
    """The page about a fit.

    Parameters
    ----------
    fit : FittedModel
        The fit.
    level : float
        Confidence level of the intervals of the coefficients.

    Returns
    -------
    Summary
    """
    settings = fit.settings
    kind = "restricted maximum likelihood (REML)" if settings.reml else "maximum likelihood (ML)"
    likelihood = "restricted likelihood" if settings.reml else "likelihood"
    rows = f"{fit.nobs:,} used" + (f", {fit.n_left_out:,} left out for missing values" if fit.n_left_out else "")
    method = METHODS[settings.ddf]
    if settings.ddf == "kenward-roger" or settings.information == "joint":
        method += f", {settings.information} information"
    facts = [("Formula", fit.formula), ("Rows", rows)]
    groups = _group_counts(fit)
    if groups:
        facts.append(("Groups", groups))
    boundary = f"yes: {listed(fit.boundary)} on the boundary" if fit.singular else "no"
    facts += [
        (f"-2 log {likelihood}", f"{fit.criterion:.3f}"),
        ("Degrees of freedom", method),
        ("Converged", "yes" if fit.converged else "no"),
        ("Singular", boundary),
    ]
    return Summary(
        f"Linear mixed model by {kind}",
        tuple(facts),
        tuple(_notes(fit)),
        level,
        fit.coefficients(level=level),
        fit.variance_components,
        fit.residual,
    )


def one_line(fit: FittedModel) -> str:
    """The fit in one line: formula, likelihood, rows."""
    kind = "REML" if fit.settings.reml else "ML"
    singular = ", singular" if fit.singular else ""
    formula = textwrap.shorten(fit.formula, 120, placeholder=" ...")
    return f"<MixedResults {formula!r}, {kind}, {fit.nobs:,} rows, criterion {fit.criterion:.3f}{singular}>"


def _group_counts(fit: FittedModel) -> str:
    """`patient 96, cohort 12`."""
    counts = {bar.grouping: len(bar.levels) for bar in fit.design.bars}
    residual, term = fit.design.residual, fit.design.formula.residual
    if term is not None:
        counts.setdefault(term.subject, len(residual.subjects))
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _notes(fit: FittedModel) -> list[str]:
    notes, settings, fixed = [], fit.settings, fit.design.fixed
    if fit.singular:
        one = len(fit.boundary) == 1
        matrix = "the covariance matrix of" if one else "the covariance matrices of"
        notes.append(
            f"Singular: {matrix} {listed(fit.boundary)} {'stands' if one else 'stand'} on the boundary (a variance of "
            f"0, or a correlation of -1 or 1 in effect). {ON_THE_BOUNDARY}"
        )
    negative = fit.variance_components.query("variance < 0 and term2.isna()")
    if len(negative):
        which = [f"{row.term1} | {row.grouping}" for row in negative.itertuples()]
        notes.append(f"bounded=False: the variance of {listed(which)} is negative, every V is positive definite.")
    if settings.fixed:
        held = [f"{name} = {value:g}" for name, value in settings.fixed.items()]
        notes.append(f"Held, not estimated: {listed(held)}.")
    if fixed.dropped:
        notes.append(f"Left out as combinations of other columns: {listed(fixed.dropped)}.")
    if fit.design.weights is not None:
        notes.append("Weighted: the residual variance is that of a row of weight 1.")
    return notes


def _coefficient_cells(frame: pd.DataFrame, level: float) -> list[list[str]]:
    """Estimate, error and interval to the third digit of the error."""
    percent = f"{100 * level:g}%"
    cells = [["term", "estimate", "std. error", "df", "t", "p", f"{percent} low", "high"]]
    for row in frame.to_dict("records"):
        digits = _decimals(row["std_error"])
        estimate, error, low, high = (
            f"{row[name]:.{digits}f}" for name in ("estimate", "std_error", "ci_low", "ci_high")
        )
        df = f"{row['df']:.1f}" if np.isfinite(row["df"]) else "inf"
        p = "<0.001" if row["p_value"] < 0.001 else f"{row['p_value']:.3f}"
        cells.append([row["term"], estimate, error, df, f"{row['statistic']:.2f}", p, low, high])
    return cells


def _covariance_cells(frame: pd.DataFrame, names: tuple[str, str, str]) -> list[list[str]]:
    """A row per variance, with its correlations with those above it."""
    group, one, other = names
    covariances = frame[frame[other].notna()]
    shown = [group] if frame[group].astype(str).str.len().any() else []
    labelled = [one] if frame[one].notna().any() else []
    extra = ["range"] if "range" in frame else []
    head = [*shown, *(name.rstrip("1") for name in labelled), "variance", "sd", *extra]
    cells = [head + (["correlation"] if len(covariances) else [])]
    for row in frame[frame[other].isna()].to_dict("records"):
        numbers = [f"{row[name]:.{_decimals(row[name])}f}" for name in ("variance", "sd", *extra)]
        cell = [*(str(row[name]) for name in (*shown, *labelled)), *numbers]
        if len(covariances):
            with_it = covariances[(covariances[group] == row[group]) & (covariances[other] == row[one])]
            cell.append(" ".join(f"{value:.2f}" for value in with_it["correlation"]))
        cells.append(cell)
    return cells


def _decimals(size: float) -> int:
    """Decimals that show three digits of a number."""
    if not np.isfinite(size) or size == 0:
        return 3
    return int(np.clip(2 - np.floor(np.log10(abs(size))), 0, 8))


def _is_text(cells: list[list[str]], column: int) -> bool:
    return cells[0][column] in ("term", "grouping", "stratum", "visit", "correlation")


def _aligned(cells: list[list[str]]) -> list[str]:
    """Columns side by side, text to the left and numbers to the right."""
    lines = []
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    for row in cells:
        parts = [
            text.ljust(width) if _is_text(cells, i) else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(parts).rstrip())
    return lines


def _html_table(heading: str, cells: list[list[str]]) -> str:
    """One table; colours are those of the page, so that it reads on dark ground."""
    rows = []
    for at, row in enumerate(cells):
        tag = "th" if at == 0 else "td"
        line = ";border-bottom:1px solid currentColor" if at == 0 else ""
        parts = []
        for i, text in enumerate(row):
            side = "left" if _is_text(cells, i) else "right"
            parts.append(f'<{tag} style="text-align:{side};padding:0 0.6em{line}">{escape(text)}</{tag}>')
        rows.append("<tr>" + "".join(parts) + "</tr>")
    caption = f'<caption style="text-align:left;font-weight:bold;color:inherit">{escape(heading)}</caption>'
    return f'<table style="{_STYLE}">{caption}{"".join(rows)}</table>'
