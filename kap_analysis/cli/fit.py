"""``kap fit``: a mixed model of any table, from the shell."""

import math
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from kap_analysis.cli.say import say, say_json


class Ddf(StrEnum):
    """How degrees of freedom are found."""

    kenward_roger = "kenward-roger"
    satterthwaite = "satterthwaite"
    between_within = "between-within"
    residual = "residual"
    normal = "normal"


def fit(
    data: Annotated[Path, typer.Argument(metavar="DATA.csv", help="A CSV (UTF-8, commas) or Parquet file.")],
    formula: Annotated[
        str, typer.Argument(metavar="FORMULA", help="As in 'score ~ visit*format + (1 | patient) + (0 + g | cohort)'.")
    ],
    reference: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN=LEVEL", help="The level of a column to compare with.")
    ] = None,
    categorical: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="A column of numbers whose values are levels.")
    ] = None,
    residual_by: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="A residual variance for each level of this column.")
    ] = None,
    ddf: Annotated[
        Ddf | None, typer.Option(help="Degrees of freedom; kenward-roger, or satterthwaite with --ml.")
    ] = None,
    ml: Annotated[bool, typer.Option("--ml", help="Ordinary instead of restricted maximum likelihood.")] = False,
    level: Annotated[float, typer.Option(help="Confidence level of the intervals, between 0 and 1.")] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a summary.")] = False,
) -> None:
    """Fit a linear mixed model or a mixed model for repeated measures to one table.

    Rows that lack a value are left out and counted on standard error. Exit 0 if there is a fit, 1 if the data or the
    formula allow none, 2 for misuse.
    """
    if not 0 < level < 1:
        raise typer.BadParameter(f"{level:g} is not between 0 and 1, such as 0.95.", param_hint="--level")
    references = [_column_and_level(text) for text in reference or []]
    if not data.is_file():
        what = "a folder" if data.is_dir() else "nothing"
        raise typer.BadParameter(f"found {what} at {data}; expected a CSV or Parquet file.", param_hint="DATA.csv")

    from kap_analysis.mixed.formula.parser import read_formula
    from kap_analysis.mixed.model import mixedlm
    from kap_analysis.study.reading.plain_table import read_plain_table

    read = read_formula(formula)
    columns = [column for column, _ in references] + list(categorical or []) + [residual_by or ""]
    ids = [name for name in read.ids if name not in columns]
    used = {*read.columns} - {*read.ids, *read.labels}
    labels = [name for name in dict.fromkeys((*read.labels, residual_by)) if name and name not in used]
    as_text = [*ids, *labels, *(categorical or [])]
    table = read_plain_table(data, [*read.columns, *filter(None, columns)], as_text=as_text)
    table = table.assign(**{name: _numbers_that_differ(table[name]) for name in labels if name in table})
    table = _with_levels(table, list(categorical or []), references)
    with _warnings_on_standard_error():
        done = mixedlm(read, table, residual_by=residual_by).fit(not ml, None if ddf is None else ddf.value)
        _report_rows_left_out(done, table, residual_by)
        report = _report(done, level) if as_json else done.summary(level=level)
    (say_json if as_json else say)(report)


# The table


def _column_and_level(text: str) -> tuple[str, str]:
    column, sign, level = text.partition("=")
    if not (column and sign and level):
        raise typer.BadParameter(f"found {text!r}; expected COLUMN=LEVEL.", param_hint="--reference")
    return column.strip(), level.strip()


def _with_levels(table: Any, categorical: list[str], references: list[tuple[str, str]]) -> Any:
    """The table with columns of levels in their order."""
    import pandas as pd

    from kap_analysis.errors import StudyError
    from kap_analysis.mixed.design.column_types import is_factor
    from kap_analysis.mixed.errors import listed, require_name

    for column in categorical:
        require_name(column, table.columns, "column")
        table = table.assign(**{column: pd.Categorical(*_values_and_levels(table[column]))})
    for column, wanted in references:
        require_name(column, table.columns, "column")
        if not is_factor(table[column]):
            raise StudyError(f"{column} holds numbers, which have no reference level; add --categorical {column}.")
        values, levels = _values_and_levels(table[column])
        first = [level for level in levels if str(level) == wanted]
        if not first:
            raise StudyError(f"{column} has no level {wanted!r}; its levels are {listed(levels)}.")
        levels = first + [level for level in levels if level != first[0]]
        table = table.assign(**{column: pd.Categorical(values, levels)})
    return table


def _numbers_that_differ(column: Any) -> Any:
    """A column of labels as numbers, where they are numbers and as many: 1.1 and 1.10 are two labels, and stay text."""
    values, levels = _values_and_levels(column)
    return column if any(isinstance(level, str) for level in levels) else values


def _values_and_levels(column: Any) -> tuple[Any, list[Any]]:
    """The values of a column, whole numbers without fractions, and its levels: sorted, or in the order they have."""
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        return column, column.cat.categories.tolist()
    distinct = column.dropna().unique().tolist()
    if all(isinstance(value, str) for value in distinct):
        numbers = pd.to_numeric(pd.Series(distinct, dtype=object), errors="coerce")
        if numbers.isna().any() or numbers.duplicated().any() or any(re.match(r"0\d", text) for text in distinct):
            # Not numbers, or such as 1.1 and 1.10: two labels that are one number.
            ranks = dict(zip(distinct, numbers.fillna(math.inf), strict=True))
            return column, sorted(distinct, key=lambda text: (ranks[text], text))
        column, distinct = column.map(dict(zip(distinct, numbers, strict=True))), numbers.tolist()
    if any(isinstance(value, float) for value in distinct) and all(float(value).is_integer() for value in distinct):
        column, distinct = column.astype("Int64"), [int(value) for value in distinct]
    return column, sorted(distinct)


# What is said


@contextmanager
def _warnings_on_standard_error() -> Iterator[None]:
    """Each warning once and as one line, also when an error follows."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            said = (str(one.message) for one in caught if issubclass(one.category, UserWarning))
            for message in dict.fromkeys(said):
                say(f"kap: warning: {message}", err=True)


def _report_rows_left_out(done: Any, table: Any, residual_by: str | None) -> None:
    from kap_analysis.mixed.design.rows_used import needed_columns
    from kap_analysis.mixed.errors import listed

    if not done.n_left_out:
        return
    names = needed_columns(done.design.formula, residual_by, None).all
    missing = table.loc[~done.design.kept, names].isna().sum()
    which = listed([f"{name} in {n:,}" for name, n in missing.items() if n])
    say(
        f"kap: {done.n_left_out:,} of {len(table):,} rows are left out for missing values: {which}.",
        err=True,
    )


def _report(done: Any, level: float) -> dict[str, Any]:
    """The JSON object: NaN and infinity as null."""
    from kap_analysis.mixed.errors import MixedModelError

    try:
        aic, bic = done.aic, done.bic
    except MixedModelError as error:
        aic = bic = None
        warnings.warn(f"AIC and BIC come from the fit by maximum likelihood, which failed: {error}", stacklevel=2)
    return _plain(
        {
            "n_observations": done.nobs,
            "criterion": done.criterion,
            "loglik": done.llf,
            "aic": aic,
            "bic": bic,
            "converged": done.converged,
            "singular": done.singular,
            "coefficients": done.coefficients(level=level).to_dict("records"),
            "variance_components": done.variance_components.to_dict("records"),
            "residual": done.residual.to_dict("records"),
        }
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else None
