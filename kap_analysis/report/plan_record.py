"""The plan of a run, stored with its results, and what has changed in it since the earlier results."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kap_analysis.analysis.model.plan import Plan, plan_to_toml
from kap_analysis.analysis.model.plan_file import FILE_NAME, study_plan
from kap_analysis.report.staging import MANIFEST
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import join_words

HASHES: Final = "earlier_hashes"


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A plan as it is stored with the results.

    Attributes
    ----------
    text : str
        The text of ``plan.toml`` in the results folder.
    facts : mapping
        For the manifest: ``origin`` (registered, drafted), ``hash``, ``earlier_hashes`` (of earlier
        results in this folder, oldest first), ``changed`` (entries that differ from the earlier results).
    sentence : str
        For the index page.
    """

    text: str
    facts: Mapping[str, Any]
    sentence: str


def record_plan(study: Study, results: Path) -> PlanRecord:
    """The plan of a study, compared with the plan of the results in a folder."""
    plan = study_plan(study)
    text = plan_to_toml(plan)
    before, earlier = _before(results)
    changed = _changed(before, text) if before is not None else []
    facts = {
        "origin": plan.origin, "hash": plan.hash, "changed": changed,
        HASHES: [digest for digest in earlier if digest != plan.hash],
    }  # fmt: skip
    return PlanRecord(text, facts, _sentence(plan, changed))


def _before(results: Path) -> tuple[str | None, list[str]]:
    """The text of the earlier plan, and the hashes up to it."""
    plan, manifest = results / FILE_NAME, results / MANIFEST
    if not (plan.is_file() and manifest.is_file()):
        return None, []
    try:
        said = json.loads(manifest.read_text(encoding="utf-8")).get("plan", {})
        hashes = [str(one) for one in [*said.get(HASHES, []), *([said["hash"]] if "hash" in said else [])]]
        return plan.read_text(encoding="utf-8"), list(dict.fromkeys(hashes))
    except (ValueError, TypeError, AttributeError):  # edited into another shape or encoding
        return None, []


def _changed(before: str, now: str) -> list[str]:
    """Entries that differ, as ``table.entry``."""
    try:
        old = _flat(tomllib.loads(before))
    except tomllib.TOMLDecodeError:
        return ["the earlier plan cannot be read"]
    new = _flat(tomllib.loads(now))
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _flat(plan: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{table}.{name}": value for table, entries in plan.items() for name, value in entries.items()}


def _sentence(plan: Plan, changed: list[str]) -> str:
    origin = "stated in plan.toml" if plan.origin == "registered" else "drafted from the study's settings"
    text = f"The analysis plan was {origin} (hash {plan.hash[:12]})."
    if changed:
        text += f" It was changed after results had been made: {join_words(changed)}."
    return text
