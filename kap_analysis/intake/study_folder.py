"""The folder that an import makes: only such a folder is replaced, and as a whole or not at all."""

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kap_analysis.errors import IntakeError
from kap_analysis.intake.assembly.study_tables import StudyTables
from kap_analysis.intake.mapping.map_content import StudyMap
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.settings import Settings
from kap_analysis.study.contract.settings_file import SETTINGS_FILE
from kap_analysis.study.contract.toml_text import settings_text
from kap_analysis.study.timing.plan_rules import PLAN_FILE
from kap_analysis.whole_folder import IN_USE, write_whole_folder

MADE_BY: Final = "# Made by kap import; a new import replaces it."
_KNOWN: Final = frozenset({SETTINGS_FILE, PLAN_FILE, IN_USE, *(f"{name}.csv" for name in TABLES)})


@contextmanager
def new_study_folder(target: Path, made: StudyTables, said: StudyMap) -> Iterator[Path]:
    """Give a new folder with the tables, which takes the place of ``target`` if the block succeeds; a plan is kept."""
    with write_whole_folder(target, check=refuse_others, is_ours=_is_import, error=IntakeError) as folder:
        _write(folder, made, said)
        if (target / PLAN_FILE).exists():
            shutil.copy2(target / PLAN_FILE, folder / PLAN_FILE)
        yield folder


def refuse_others(target: Path) -> None:
    """Raise for a folder that no import made."""
    if not target.exists():
        return
    if not target.is_dir():
        raise IntakeError(f"Found a file, {target.name}; expected a new folder.")
    if any(target.iterdir()) and not _is_import(target):
        raise IntakeError(f"Found files in {target.name} that no import wrote; expected a new or empty folder.")


def _is_import(folder: Path) -> bool:
    settings = folder / SETTINGS_FILE
    ours = settings.is_file() and settings.read_text(encoding="utf-8", errors="replace").startswith(MADE_BY)
    return ours and {entry.name for entry in folder.iterdir()} <= _KNOWN


def _write(folder: Path, made: StudyTables, said: StudyMap) -> None:
    patients = made.tables["patients"]
    own = tuple(column for column in patients.columns if column not in TABLES["patients"].columns)
    settings = Settings(
        title=said.study["title"],
        primary_instrument=said.study["primary_instrument"],
        primary_visit=said.study["primary_visit"],
        practices=tuple(sorted(set(patients["practice"]) - {""})) if "practice" in patients else (),
        visibility=said.study["visibility"],
        provenance=said.study["provenance"],
        extra_columns={"patients": own} if own else {},
    )
    text = f"{MADE_BY}\n\n{settings_text(settings)}"
    (folder / SETTINGS_FILE).write_text(text, encoding="utf-8", newline="\n")
    for name, frame in made.tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(frame.columns)
            writer.writerows(zip(*(frame[column].tolist() for column in frame), strict=True))
