"""What plan.toml may hold: its tables, their keys, and the names that its lists may have."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from kap_analysis.analysis.model.moderators import MODERATORS
from kap_analysis.analysis.model.plan import SENSITIVITY_ANALYSES, Ladder, Plan, PlannedMargin, recorded_columns
from kap_analysis.errors import AnalysisError
from kap_analysis.instruments.registry import registry_names
from kap_analysis.study.contract.dictionary import TABLES as TABLES_OF_STUDY
from kap_analysis.study.outcome_frames.outcome_columns import COVARIATES
from kap_analysis.study.study import Study
from kap_analysis.suggestions import nearest_name
from kap_analysis.writing.sentences import join_words

#: Table of plan.toml -> the keys that it must have, and those that it may have.
TABLES: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "primary": (("instrument", "visit"), ()),
    "secondary": (("instruments",), ()),
    "covariates": (("columns",), ()),
    "moderators": (("columns",), ()),
    "sensitivity": (("analyses",), ()),
    "estimand": ((), ("population", "analysis_set", "switching", "missing_scores")),
    "rules": ((), ("format_rule", "cohort_rule")),
    "ladder": ((), tuple(field.name for field in fields(Ladder))),
    "margin": (tuple(field.name for field in fields(PlannedMargin)), ()),
}
#: A column that a moderator is read from -> the moderator's name.
READ_FROM: Final = {moderator.source: moderator.column for moderator in MODERATORS if moderator.source}


def check_entries(content: Mapping[str, Any], file: str) -> None:
    """Raise an error for a table or a key of plan.toml that is not known, or a key that is not there."""
    for table, keys in content.items():
        if table not in TABLES:
            raise AnalysisError(f"{file} has the unknown table [{table}]; {_meant(table, TABLES, '[{}]')}")
        if not isinstance(keys, dict):
            raise AnalysisError(f"{file} has {table} = {keys!r}; expected a table [{table}].")
        needed, others = TABLES[table]
        for key in keys:
            if key not in (*needed, *others):
                meant = _meant(key, (*needed, *others))
                raise AnalysisError(f'{file}, table [{table}], has the unknown key "{key}"; {meant}')
        for key in needed:
            if key not in keys:
                raise AnalysisError(f'{file}, table [{table}], has no key "{key}"; write it, or leave out the table.')
    if "primary" not in content:
        raise AnalysisError(f"{file} has no table [primary], with the keys instrument and visit.")


def check_names(plan: Plan, file: str) -> None:
    """Raise an error for a sensitivity analysis or a moderator that is not known, and for what is named twice."""
    if plan.instrument in plan.secondary:
        raise AnalysisError(f"{file}, table [secondary], has the primary instrument {plan.instrument}; leave it out.")
    lists = (("secondary", plan.secondary), ("covariates", plan.covariates), ("moderators", plan.moderators),
             ("sensitivity", plan.sensitivity))  # fmt: skip
    for table, names in lists:
        twice = next((name for at, name in enumerate(names) if name in names[:at]), None)
        if twice is not None:
            raise AnalysisError(f'{file}, table [{table}], names "{twice}" twice; name it once.')
    for name in plan.sensitivity:
        _check_name(file, "sensitivity", "sensitivity analysis", name, tuple(SENSITIVITY_ANALYSES))
    for name in plan.moderators:
        _check_name(file, "moderators", "moderator", name, tuple(m.column for m in MODERATORS), READ_FROM)


def check_beside(plan: Plan, study: Study, file: str) -> None:
    """Raise an error for a visit, an instrument or a covariate that the study cannot have.

    A covariate of the data dictionary that was not recorded is none of these: a result says that it was not used.
    """
    declared = [str(one.get("name")) for one in study.settings.own_instruments]
    instruments = tuple(dict.fromkeys([*study.instruments, *declared, *registry_names()]))
    _check_name(file, "primary", "visit", plan.visit, study.settings.visit_labels)
    _check_name(file, "primary", "instrument", plan.instrument, instruments)
    for name in plan.secondary:
        _check_name(file, "secondary", "instrument", name, instruments)
    for name in plan.covariates:
        _check_name(file, "covariates", "column", name, _covariates_of(study))


def not_recorded(plan: Plan, study: Study) -> list[str]:
    """The planned covariates of which the study has no value."""
    recorded = recorded_columns(study)
    return [name for name in plan.covariates if name not in recorded]


def _covariates_of(study: Study) -> tuple[str, ...]:
    """The covariates that a plan of the study may name: those of the data dictionary and the study's own columns."""
    own = [name for name in study.patients.columns if name not in TABLES_OF_STUDY["patients"].columns]
    return (*COVARIATES, *own)


def _check_name(
    file: str, table: str, what: str, name: str, known: Iterable[str], read_from: Mapping[str, str] | None = None
) -> None:
    names = tuple(known)
    if name not in names:
        near = (read_from or {}).get(name, "")
        raise AnalysisError(
            f'{file}, table [{table}], has the unknown {what} "{name}"; {_meant(name, names, near=near)}'
        )


def _meant(name: str, known: Iterable[str], written: str = '"{}"', near: str = "") -> str:
    """What was probably meant, or else what is known."""
    names = tuple(known)
    near = near or nearest_name(name, names)
    return f"did you mean {written.format(near)}?" if near else f"known are {join_words(names)}."
