"""`import_study`: from an export and its map to a study folder, with a ledger that adds up."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.errors import IntakeError
from kap_analysis.intake.crosswalk import read_crosswalk, write_crosswalk
from kap_analysis.intake.draft import with_dictionary
from kap_analysis.intake.map_file import StudyMap, read_map, stop
from kap_analysis.intake.placement import NOTHING, Placed, place_table, shown_name
from kap_analysis.intake.source import files_of, open_file
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.study_tables import StudyTables, make_tables
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.contract.settings import Settings
from kap_analysis.study.contract.settings_file import SETTINGS_FILE
from kap_analysis.study.contract.toml_text import settings_text
from kap_analysis.study.load import StudyCheck, check_study

Progress = Callable[[int, int, str], None]
MADE_BY: Final = "# Made by kap import; a new import replaces it."
_PLAN: Final = "plan.toml"


@dataclass(frozen=True)
class StudyImport:
    """What an import did.

    Attributes
    ----------
    folder : Path
        The study folder.
    ledger : pandas.DataFrame
        One row per file and fate: ``file``, ``fate`` (placed, left out), ``reason``, ``n_rows``. The rows of a file add
        up to the rows that were read.
    not_placed : pandas.DataFrame
        Columns that the map drops or does not name: ``file``, ``column``, ``why``.
    disagreements : pandas.DataFrame
        Totals that differ from their items: ``file``, ``row``, ``instrument``, ``total``, ``of_items``, ``what``.
    changes : pandas.DataFrame
        Against the study that was there before: ``table``, ``patient_id``, ``what`` (new, changed, gone), ``n_rows``.
    n_patients, n_without_time_zero : int
        Patients of the study, and patients of the source who never had a ketamine session.
    check : StudyCheck
        What `check_study` says of the new folder.
    paragraph : str
        All this in plain English.
    """

    folder: Path
    ledger: pd.DataFrame
    not_placed: pd.DataFrame
    disagreements: pd.DataFrame
    changes: pd.DataFrame
    n_patients: int
    n_without_time_zero: int
    check: StudyCheck
    paragraph: str


def import_study(
    source: str | Path,
    map: str | Path,
    out: str | Path,
    *,
    crosswalk: str | Path | None = None,
    progress: Progress | None = None,
) -> StudyImport:
    """Make a study folder of an export; or bring one up to date.

    Parameters
    ----------
    source : str or Path
        The file or the folder that the map was drafted for. It is only read.
    map : str or Path
        The finished map.
    out : str or Path
        The study folder: new, empty, or made by an earlier import, which is replaced as a whole.
    crosswalk : str or Path, optional
        Which code stands for which patient; by default ``OUT.crosswalk.csv`` beside the study folder. It is used again
        at the next import, and must not lie inside the study folder.
    progress : callable, optional
        Called with steps done, steps, and what is done.

    Returns
    -------
    StudyImport

    Raises
    ------
    IntakeError
        With ``problems`` (file, row, column, found, expected) if anything is wrong; the study that was there stays.
    """
    target = Path(out).absolute()
    walk = Path(crosswalk).absolute() if crosswalk is not None else target.with_name(f"{target.name}.crosswalk.csv")
    if target == walk or target in walk.parents:
        raise IntakeError(f"Found the crosswalk {walk.name} inside the study folder; expected a place outside of it.")
    said = read_map(map)
    folder, files = files_of(source)
    if target == folder.absolute() or (folder.absolute() in target.parents and Path(source).is_dir()):
        raise IntakeError("Found a study folder inside the source, which is only read; name a folder elsewhere.")
    new, old = _beside(target)
    _mend(target, old)
    _refuse_others(target)
    was_there = (target / SETTINGS_FILE).exists()
    problems = Problems()
    placed, not_placed = _placed(said, files, problems, progress)
    stop(f"{Path(source).name} was not imported", problems)
    codes = read_crosswalk(walk)
    made = make_tables(placed, said, codes, problems)
    stop(f"{Path(source).name} was not imported", problems)
    if not len(made.tables["patients"]):
        raise IntakeError(
            "No patient has an attended ketamine session, so nobody has a day 0. Put a list of sessions beside the "
            'export (a folder of both), or name a column of dates with is = "date", of = "time_zero".'
        )
    try:
        _write(new, made, said)
        check = check_study(new)
        if not check.ok:
            stop(f"{Path(source).name} was not imported", _at_source(check, made, placed))
        changes = _changes(target, made)
        write_crosswalk(codes, walk)
        _put_in_place(new, target, old)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    ledger = _ledger(placed, made)
    n = len(made.tables["patients"])
    text = _paragraph(n, made, ledger, changes if was_there else None)
    return StudyImport(target, ledger, not_placed, made.disagreements, changes, n, made.without_time_zero, check, text)


def _placed(
    said: StudyMap, files: list[Path], problems: Problems, progress: Progress | None
) -> tuple[list[Placed], pd.DataFrame]:
    by_name = {file.name: file for file in files}
    wanted: dict[str, list[dict[str, object]]] = {}
    for entry in said.tables:
        if entry.is_opened:
            wanted.setdefault(entry.file, []).append({**entry.reading, "sheet": entry.sheet})
    tables: list[SourceTable] = []
    for done, (name, settings) in enumerate(wanted.items()):
        if progress is not None:
            progress(done, len(wanted) + 1, f"reading {name}")
        if name not in by_name:
            problems.add(name, "no such file", f"one of {', '.join(by_name)}"[:300])
        else:
            tables += open_file(by_name[name], name, settings)
    if progress is not None:
        progress(len(wanted), len(wanted) + 1, "placing rows")
    by_place = {table.place: table for table in with_dictionary(tables)}
    placed: list[Placed] = []
    rows: list[tuple[str, str, str]] = []
    for entry in (entry for entry in said.tables if entry.is_opened and entry.file in by_name):
        if entry.place not in by_place:
            problems.add(entry.file, f"no sheet {entry.sheet!r}" if entry.sheet else "no table", "as the map says")
            continue
        one = place_table(by_place[entry.place], entry, said, len(placed), problems)
        placed.append(one)
        dropped = {use.column for use in entry.uses if use.role == "drop"}
        from_map = [(entry.place, shown, "dropped by the map") for shown in _shown(one.table, dropped)]
        rows += from_map + [(entry.place, name, "not in the map") for name in one.not_placed]
    rows += [(entry.file, "", "not opened") for entry in said.tables if not entry.is_opened]
    rows += [
        (name, "", "a file that the map does not name") for name in by_name if name not in {e.file for e in said.tables}
    ]
    return placed, pd.DataFrame(rows, columns=["file", "column", "why"])


def _shown(table: SourceTable, names: set[str]) -> list[str]:
    return [shown_name(name) for name in table.columns if name in names]


def _ledger(placed: list[Placed], made: StudyTables) -> pd.DataFrame:
    """Rows by file and fate; a row that gave anything to the study is placed."""
    origin = pd.concat(list(made.origin.values()), ignore_index=True).dropna().astype(int)
    reasons = (
        pd.concat(made.left_out, ignore_index=True)
        if made.left_out
        else pd.DataFrame(columns=["source", "row", "reason"])
    )
    rows = []
    for number, one in enumerate(placed):
        fate = one.reasons.copy()
        for _, part in reasons[reasons["source"] == number].groupby("reason", sort=False):
            at = part["row"].to_numpy(dtype=int)
            fate[at] = np.where(fate[at] == "", part["reason"].iloc[0], fate[at])
        used = set(one.frames)
        given = _rows_given(one, used)
        fate[(fate == "") & ~given] = NOTHING
        fate[origin.loc[origin["source"] == number, "row"].unique()] = ""
        for reason, n in pd.Series(fate).value_counts(sort=False).items():
            rows.append((one.table.place, "left out" if reason else "placed", reason, int(n)))
    frame = pd.DataFrame(rows, columns=["file", "fate", "reason", "n_rows"])
    return frame.sort_values(
        ["file", "fate", "n_rows"], ascending=[True, False, False], kind="stable", ignore_index=True
    )


def _rows_given(one: Placed, names: set[str]) -> np.ndarray:
    given = np.zeros(len(one.table.lines), dtype=bool)
    for name in names:
        for part in one.frames[name]:
            given[part["row"].to_numpy()] = True
    return given


def _write(new: Path, made: StudyTables, said: StudyMap) -> None:
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    patients = made.tables["patients"]
    settings = Settings(
        title=said.study["title"],
        primary_instrument=said.study["primary_instrument"],
        primary_visit=said.study["primary_visit"],
        practices=tuple(sorted(set(patients["practice"]) - {""})) if "practice" in patients else (),
        visibility=said.study["visibility"],
        provenance=said.study["provenance"],
    )
    (new / SETTINGS_FILE).write_text(f"{MADE_BY}\n\n{settings_text(settings)}", encoding="utf-8", newline="\n")
    for name, frame in made.tables.items():
        frame.to_csv(new / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")


def _at_source(check: StudyCheck, made: StudyTables, placed: list[Placed]) -> Problems:
    """The problems of the new folder, told at the file and row of the source."""
    out = Problems()
    for problem in check.problems.itertuples():
        origin = made.origin.get(str(problem.file).removesuffix(".csv"))
        at = int(str(problem.row)) - 2
        if origin is not None and 0 <= at < len(origin) and pd.notna(origin["source"].iloc[at]):
            table = placed[int(origin["source"].iloc[at])].table
            line = int(table.lines[int(origin["row"].iloc[at])])
            out.add(table.place, str(problem.found), str(problem.expected), row=line, column=str(problem.column))
        else:
            out.add(str(problem.file), str(problem.found), str(problem.expected), column=str(problem.column))
    return out


def _changes(target: Path, made: StudyTables) -> pd.DataFrame:
    """New, changed and gone rows by table and patient; a score is changed where only its value differs."""
    rows: list[tuple[str, str, str, int]] = []
    before = {name: target / f"{name}.csv" for name in TABLES if (target / f"{name}.csv").exists()}
    for name in [name for name in TABLES if name in before or name in made.tables] if before else ():
        was = pd.read_csv(before[name], dtype=str, keep_default_na=False) if name in before else pd.DataFrame()
        now = made.tables.get(name, pd.DataFrame())
        key = [column for column in TABLES[name].key if column in was and column in now]
        if was.empty or now.empty or not key:
            one = now if was.empty else was
            rows += [
                (name, str(p), "new" if was.empty else "gone", int(n))
                for p, n in one.get("patient_id", pd.Series(dtype=str)).value_counts().items()
            ]
            continue
        both = [column for column in TABLES[name].columns if column in was and column in now]
        merged = was[both].merge(now[both], on=key, how="outer", suffixes=("|was", "|now"), indicator=True)
        rest = [column for column in both if column not in key]
        differs = np.zeros(len(merged), dtype=bool)
        for column in rest:
            differs |= (merged["_merge"] == "both") & (merged[f"{column}|was"] != merged[f"{column}|now"])
        what = np.where(
            differs, "changed", merged["_merge"].map({"left_only": "gone", "right_only": "new", "both": ""})
        )
        counts = merged.assign(what=what)[what != ""].groupby(["patient_id", "what"], sort=True).size()
        rows += [(name, str(p), str(w), int(n)) for (p, w), n in zip(counts.index, counts, strict=True)]
    return pd.DataFrame(rows, columns=["table", "patient_id", "what", "n_rows"])


def _paragraph(n: int, made: StudyTables, ledger: pd.DataFrame, changes: pd.DataFrame | None) -> str:
    read = int(ledger["n_rows"].sum())
    out = int(ledger.loc[ledger["fate"] == "left out", "n_rows"].sum())
    told = ", ".join(
        f"{len(made.tables[name]):,} {name.replace('_', ' ')}"
        for name in ("sessions", "assessments")
        if name in made.tables
    )
    parts = [f"{n:,} patients, {told}. {read:,} rows were read, {read - out:,} placed and {out:,} left out."]
    if made.without_time_zero:
        one = made.without_time_zero == 1
        who = "patient never had a ketamine session and is" if one else "patients never had a ketamine session and are"
        parts.append(f"{made.without_time_zero:,} {who} left out.")
    if len(made.disagreements):
        many = len(made.disagreements)
        parts.append(f"{many:,} total{'s' if many != 1 else ''} did not agree with the items; the items count.")
    if changes is not None:
        counts = changes.groupby(["table", "what"])["n_rows"].sum()
        words = [
            f"{int(counts.get((t, w), 0)):,} {w} {t.replace('_', ' ')}"
            for t in ("patients", "assessments")
            for w in ("new", "changed", "gone")
        ]
        parts.append(f"Against the study before: {', '.join(words)}.")
    return " ".join(parts)


# The folder is built beside its place and moved there by renaming, so that a study is never half written.


def _beside(target: Path) -> tuple[Path, Path]:
    return target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.old")


def _mend(target: Path, old: Path) -> None:
    if old.exists() and not target.exists():
        old.rename(target)
    elif old.exists():
        shutil.rmtree(old)


def _refuse_others(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise IntakeError(f"Found a file, {target.name}; expected a new folder.")
    if not any(target.iterdir()):
        return
    settings = target / SETTINGS_FILE
    ours = settings.is_file() and settings.read_text(encoding="utf-8", errors="replace").startswith(MADE_BY)
    known = {SETTINGS_FILE, _PLAN, *(f"{name}.csv" for name in TABLES)}
    if not ours or {entry.name for entry in target.iterdir()} - known:
        raise IntakeError(f"Found files in {target.name} that no import wrote; expected a new or empty folder.")


def _put_in_place(new: Path, target: Path, old: Path) -> None:
    if (target / _PLAN).exists():
        shutil.copy2(target / _PLAN, new / _PLAN)
    for file in new.iterdir():
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)
