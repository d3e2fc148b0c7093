"""A fitted mixed model: the fixed part, the random part apart from it, ICC, R² and how the df were found."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, DF, ESTIMATE, P_VALUE, STATISTIC, STD_ERROR, TERM
from kap_analysis.tables.page.cells import (
    assemble,
    checked_frame,
    enough_notes,
    given_frame,
    stacked,
    texts,
    with_enough,
)
from kap_analysis.tables.page.layout import Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.names import readable_term
from kap_analysis.writing.numbers import INTERVAL, coefficient, count, degrees, interval, is_missing, number, p_value
from kap_analysis.writing.sentences import sentence_case

COEFFICIENTS: Final = (TERM, ESTIMATE, STD_ERROR, DF, STATISTIC, P_VALUE, CI_LOW, CI_HIGH)
COMPONENTS: Final = ("grouping", "term1", "term2", "sd", "correlation")
RESIDUAL: Final = ("sd",)
ICC: Final = (ESTIMATE, CI_LOW, CI_HIGH)
RESIDUAL_NAMES: Final = ("level", "stratum", "format", "term1", "visit", "visit1", "term2", "visit2")
PAIRS: Final = (("term1", "term2"), ("visit1", "visit2"))
METHODS: Final = {
    "kenward-roger": "Kenward–Roger",
    "satterthwaite": "Satterthwaite",
    "between-within": "between–within",
    "residual": "residual",
    "normal": "none (normal, z)",
}


def table_model(
    *,
    coefficients: pd.DataFrame,
    variance_components: pd.DataFrame | None = None,
    residual: pd.DataFrame | None = None,
    icc: pd.DataFrame | None = None,
    about: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    title: str = "The mixed model",
    stamp: str = "",
) -> Table:
    """Show a fitted mixed model.

    Parameters
    ----------
    coefficients : pandas.DataFrame
        ``fit.coefficients()``: ``term``, ``estimate``, ``std_error``, ``df``, ``statistic``, ``p_value``, ``ci_low``,
        ``ci_high``.
    variance_components : pandas.DataFrame, optional
        ``fit.variance_components``: ``grouping``, ``term1``, ``term2`` (missing or equal to ``term1`` for a
        variance), ``sd``, ``correlation``.
    residual : pandas.DataFrame, optional
        ``sd``, and what names the row: some of ``level``, ``stratum``, ``format``, ``visit``, ``term1``, ``term2``;
        with ``correlation`` where the residual has a matrix (rows of two different terms).
    icc : pandas.DataFrame, optional
        ``estimate``, ``ci_low``, ``ci_high``, and where known ``grouping``.
    about : mapping, optional
        Facts of the fit; those that are known by name: ``ddf``, ``formula``, ``why`` (this model), ``n_patients``,
        ``n_observations``, ``n_cohorts``, ``n_left_out``, ``criterion``, ``r2_marginal``, ``r2_conditional``,
        ``converged``, ``singular``, ``reml``. Others are passed over.
    labels : mapping of str to str, optional
        Words for columns.
    title, stamp : str
        Title, and a word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        Row groups: fixed part, random part (standard deviations and correlations), residual, the fit.

    Raises
    ------
    TableError
        If a frame lacks a column, or there are no coefficients.
    """
    terms = checked_frame(coefficients, COEFFICIENTS, name="coefficients", caller="table_model")
    components = given_frame(variance_components, COMPONENTS, name="variance_components", caller="table_model")
    residuals = given_frame(residual, RESIDUAL, name="residual", caller="table_model")
    shares = given_frame(icc, ICC, name="icc", caller="table_model")
    facts = dict(about or {})
    words = labels or {}
    cells = pd.concat(
        [_fixed_part(terms, words), _random_part(components, words), _residual_part(residuals, words),
         _fit_part(shares, facts)],
        ignore_index=True,
    ).fillna("")  # fmt: skip
    statistic = "z" if str(facts.get("ddf", "")).startswith("normal") else "t"
    columns = (
        label_column("Term"),
        Column("estimate", "Estimate"),
        Column("interval", INTERVAL),
        Column("error", "SE"),
        Column("df", "df"),
        Column("statistic", statistic),
        Column("p", "p"),
    )
    return assemble(
        "model",
        title,
        cells,
        Layout(columns, groups="part"),
        raw=stacked(fixed=terms, random=components, residual=residuals, icc=shares),
        notes=[*_notes(facts), *enough_notes(terms)],
        stamp=stamp,
    )


def _fixed_part(terms: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "part": "Fixed part",
            "label": [sentence_case(readable_term(term, labels)) for term in terms[TERM]],
            "estimate": texts(terms, coefficient, ESTIMATE),
            "interval": texts(with_enough(terms), _two_decimals, CI_LOW, CI_HIGH),
            "error": texts(terms, coefficient, STD_ERROR),
            "df": texts(terms, degrees, DF),
            "statistic": texts(terms, coefficient, STATISTIC),
            "p": texts(with_enough(terms), p_value, P_VALUE),
        }
    )


def _two_decimals(low: Any, high: Any) -> str:
    return interval(low, high, 2)


def _random_part(components: pd.DataFrame | None, labels: Mapping[str, str]) -> pd.DataFrame:
    if components is None:
        return pd.DataFrame()
    rows = []
    for _, row in components.iterrows():
        first = readable_term(row["term1"], labels)
        second = "" if is_missing(row["term2"]) else readable_term(row["term2"], labels)
        is_pair = second not in ("", first)
        where = readable_term(row["grouping"], labels)
        named = f"{where}: correlation of {first} with {second}" if is_pair else f"{where}: SD of {first}"
        rows.append((sentence_case(named), coefficient(row["correlation"] if is_pair else row["sd"])))
    return pd.DataFrame(rows, columns=["label", "estimate"]).assign(part="Random part (SDs, correlations)")


def _residual_part(residuals: pd.DataFrame | None, labels: Mapping[str, str]) -> pd.DataFrame:
    if residuals is None:
        return pd.DataFrame()
    rows = []
    for _, row in residuals.iterrows():
        names = [str(row[name]) for name in RESIDUAL_NAMES if name in residuals.columns and not is_missing(row[name])]
        names = [readable_term(name, labels) for name in dict.fromkeys(names) if name]
        is_pair = any(not is_missing(row.get(other)) and row[one] != row[other] for one, other in PAIRS)
        value = row.get("correlation") if is_pair else row["sd"]
        named = "Correlation" if is_pair else "SD"
        rows.append((f"{named}, {', '.join(names)}" if names else named, coefficient(value)))
    return pd.DataFrame(rows, columns=["label", "estimate"]).assign(part="Residual")


def _fit_part(icc: pd.DataFrame | None, facts: Mapping[str, Any]) -> pd.DataFrame:
    rows = []
    for _, row in (icc if icc is not None else pd.DataFrame()).iterrows():
        name = row.get("grouping")
        label = "ICC of the cohorts" if is_missing(name) else f"ICC, {readable_term(str(name))}"
        rows.append((label, coefficient(row[ESTIMATE]), interval(row[CI_LOW], row[CI_HIGH], 2)))
    for key, label, write in (
        ("r2_marginal", "R², marginal (fixed part)", coefficient),
        ("r2_conditional", "R², conditional (with the random part)", coefficient),
        ("n_patients", "Patients", count),
        ("n_cohorts", "Cohorts", count),
        ("n_observations", "Observations", count),
        ("n_left_out", "Rows left out for missing values", count),
        ("criterion", "−2 log likelihood" + (" (REML)" if facts.get("reml", True) else " (ML)"), number),
    ):
        if key in facts and not is_missing(facts[key]):
            rows.append((label, write(facts[key]), ""))
    return pd.DataFrame(rows, columns=["label", "estimate", "interval"]).assign(part="The fit")


def _notes(facts: Mapping[str, Any]) -> list[str]:
    notes = ["Interval: confidence interval; SE: standard error; SD: standard deviation."]
    method = str(facts.get("ddf", "")).lower()
    if method:
        notes.append(f"Degrees of freedom: {METHODS.get(method, method)}.")
    if facts.get("formula"):
        notes.append(f"Model: {facts['formula']}")
    if facts.get("why"):
        notes.append(f"Chosen because {facts['why']}" if not str(facts["why"])[:1].isupper() else str(facts["why"]))
    if facts.get("converged") is False:
        notes.append("The fit did not converge: its numbers are not to be used.")
    if facts.get("singular") is True:
        notes.append("A variance lies on its boundary at zero (singular fit).")
    return notes
