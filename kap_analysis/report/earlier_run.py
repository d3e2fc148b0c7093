"""Some notebooks run again, and the results of the others stay as an earlier run made them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kap_analysis.errors import ReportError
from kap_analysis.report.execution import read_notebook
from kap_analysis.report.gathering import split_into_parts
from kap_analysis.report.notebook_page import without_banner
from kap_analysis.report.plan_record import PlanRecord
from kap_analysis.report.side_by_side import Ran
from kap_analysis.report.staging import MANIFEST
from kap_analysis.report.versions import list_versions
from kap_analysis.writing.sentences import join_words

PAGES: Final = "notebooks"


@dataclass(frozen=True)
class EarlierRun:
    """The notebooks whose results stay, as `Ran` has them."""

    kept: Ran = field(default_factory=lambda: Ran({}, {}, {}))

    def with_run(self, ran: Ran, names: Sequence[str]) -> Ran:
        """What was kept and what was run, in the order of the notebooks."""
        seconds = {**self.kept.seconds, **ran.seconds}
        executed, faults = {**self.kept.executed, **ran.executed}, {**self.kept.faults, **ran.faults}
        return Ran(
            {name: seconds[name] for name in names},
            {name: executed[name] for name in names},
            {name: faults[name] for name in names},
        )


def names_asked(names: Iterable[str], only: Sequence[str]) -> list[str]:
    """The notebooks with these numbers, in order; all of them where no number is given.

    Raises
    ------
    ReportError
        If a number is that of no notebook.
    """
    known = {name[:2]: name for name in names}
    unknown = [number for number in only if number not in known]
    if unknown:
        raise ReportError(f"There is no notebook {join_words(unknown)}; there are {join_words(list(known))}.")
    return [name for number, name in known.items() if not only or number in only]


def take_over(
    results: Path, parts: Path, stay: Sequence[str], inputs: Sequence[Mapping[str, Any]], plan: PlanRecord
) -> EarlierRun:
    """Copy what some notebooks of an earlier run made into ``parts``, if a run of them now would make the same.

    Raises
    ------
    ReportError
        If there is no earlier run, or the study, the plan, the package or one of these notebooks changed since.
    """
    if not stay:
        return EarlierRun()
    try:
        manifest = json.loads((results / MANIFEST).read_text(encoding="utf-8"))
        changed = _changes(manifest, stay, inputs, plan)
        if not changed:
            split_into_parts(results, stay, parts)
            read = {name: read_notebook(results / PAGES / f"{name}.ipynb") for name in stay}
            executed = {name: without_banner(notebook) for name, notebook in read.items()}
            faults = {name: tuple(manifest["faults"].get(name, ())) for name in stay}
            return EarlierRun(Ran({name: manifest["seconds"][name] for name in stay}, executed, faults))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReportError(f"{results} holds no earlier run whose results could stay; run all notebooks.") from error
    raise ReportError(
        f"Since the earlier run in {results} {join_words(changed)} changed, so its other results cannot stay; "
        "run all notebooks, or name those that changed too."
    )


def _changes(
    manifest: Mapping[str, Any], stay: Sequence[str], inputs: Sequence[Mapping[str, Any]], plan: PlanRecord
) -> list[str]:
    """What changed of all on which the results of these notebooks rest, in words."""
    before = {entry["file"]: entry["sha256"] for entry in manifest["inputs"]}
    now = {entry["file"]: entry["sha256"] for entry in inputs}
    rests_on = {f"notebooks/{name}.ipynb" for name in stay}
    files = {file for file in before.keys() | now.keys() if file.startswith("study/") or file in rests_on}
    changed = sorted(file for file in files if before.get(file) != now.get(file))
    if manifest["plan"]["hash"] != plan.facts["hash"] and not changed:
        changed.append("the plan")
    if manifest["versions"] != list_versions():
        changed.append("the versions of the packages")
    return changed
