"""By which rules a study tells format and cohort of a patient: those of its plan, or the defaults where it has none."""

import tomllib
from pathlib import Path
from typing import Any, Final, NamedTuple, cast, get_args

from kap_analysis.errors import StudyError
from kap_analysis.study.timing.time_zero import CohortRule, FormatRule

PLAN_FILE: Final = "plan.toml"


class Rules(NamedTuple):
    """As in :func:`kap_analysis.study.timing.time_zero.patients_at_time_zero`."""

    format_rule: FormatRule = "planned"
    cohort_rule: CohortRule = "first"


def rules_of_plan(folder: str | Path | None) -> Rules:
    """Return the rules that plan.toml in a study folder names; what it does not name is as in `Rules`.

    Raises
    ------
    StudyError
        If plan.toml is not TOML, or its table [rules] holds anything but rules that exist.
    """
    path = None if folder is None else Path(folder) / PLAN_FILE
    if path is None or not path.is_file():
        return Rules()
    try:
        content: Any = tomllib.loads(path.read_text(encoding="utf-8")).get("rules", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError(
            f"{PLAN_FILE} cannot be read: {error}. Mend it, or draft it anew: kap plan STUDY --replace."
        ) from error
    if not isinstance(content, dict):
        raise StudyError(f"{PLAN_FILE} has rules = {content!r}; expected a table [rules].")
    for key in sorted(content.keys() - set(Rules._fields)):
        raise StudyError(
            f'{PLAN_FILE}, table [rules], has the unknown key "{key}"; expected {" and ".join(Rules._fields)}.'
        )
    return Rules(
        format_rule=cast(FormatRule, _chosen(content, "format_rule", get_args(FormatRule))),
        cohort_rule=cast(CohortRule, _chosen(content, "cohort_rule", get_args(CohortRule))),
    )


def _chosen(named: dict[str, Any], rule: str, known: tuple[str, ...]) -> str:
    chosen = named.get(rule, Rules._field_defaults[rule])
    if chosen not in known:
        raise StudyError(f"Found {rule} = {chosen!r} in {PLAN_FILE}; expected one of {', '.join(known)}.")
    return str(chosen)
