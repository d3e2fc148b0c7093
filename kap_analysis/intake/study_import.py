"""`import_study`: from an export and its map to a study folder, with a ledger that adds up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from kap_analysis.errors import IntakeError
from kap_analysis.intake.assembly.study_tables import StudyTables, make_tables
from kap_analysis.intake.assembly.time_zero import NO_TIME_ZERO
from kap_analysis.intake.changes import changed_scores, changes_of, told_changes
from kap_analysis.intake.cloud_folders import cloud_warning
from kap_analysis.intake.crosswalk import PATIENT, read_crosswalk, write_crosswalk
from kap_analysis.intake.identification.shown import shown_file, shown_place
from kap_analysis.intake.ledger import ledger_of
from kap_analysis.intake.mapping.map_problems import stop
from kap_analysis.intake.mapping.map_reader import read_map
from kap_analysis.intake.opened_source import place_source
from kap_analysis.intake.placement.placed import Placed
from kap_analysis.intake.source import files_of
from kap_analysis.intake.study_folder import new_study_folder, refuse_others
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.contract.settings_file import SETTINGS_FILE
from kap_analysis.study.load import StudyCheck, check_study

Progress = Callable[[int, int, str], None]
NO_DAY_ZERO: Final = (
    "No patient has an attended ketamine session, so nobody has a day 0. Put a list of sessions beside the "
    'export (a folder of both), or name a column of dates with is = "date", of = "time_zero".'
)
_FATES_TOLD: Final = 5


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
    changed_scores : pandas.DataFrame
        The scores that are others than before: ``patient_id``, ``day``, ``instrument``, ``was``, ``now`` (as texts).
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
    changed_scores: pd.DataFrame
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
    folder, files = files_of(source)
    _refuse_places(target, walk, folder, Path(source))
    problems = Problems()
    said = read_map(map, problems)
    heading = f"{shown_file(Path(source).name)} was not imported"
    n_placed = 2 * said.n_opened

    def say(done: int, what: str) -> None:
        if progress is not None:
            progress(done, n_placed + 3, what)

    codes = read_crosswalk(walk)
    placed, not_placed = place_source(said, files, codes.keys(PATIENT), problems, say)
    kept = [one.without_wrong_rows() for one in placed] if len(problems) else placed
    say(n_placed, "making the tables")
    made = make_tables(kept, said, codes, problems)
    stop(heading, problems)
    if not len(made.tables["patients"]):
        raise IntakeError(NO_DAY_ZERO)
    if not len(made.tables["assessments"]):
        raise IntakeError(f"{heading}: {_no_assessment(ledger_of(placed, made))}")
    was_there = (target / SETTINGS_FILE).exists()
    say(n_placed + 1, "writing the study")
    with new_study_folder(target, made, said) as new:
        say(n_placed + 2, "checking the study")
        check = check_study(new)
        stop(heading, _at_source(check, made, placed))
        changes = changes_of(target, made.tables)
        scores = changed_scores(target, made.tables)
        write_crosswalk(codes, walk)
    ledger = ledger_of(placed, made)
    text = _paragraph(made, ledger, changes if was_there else None, scores, [target, folder.absolute(), walk])
    n = len(made.tables["patients"])
    return StudyImport(
        target, ledger, not_placed, made.disagreements, changes, scores, n, made.n_without_time_zero, check, text
    )


def _no_assessment(ledger: pd.DataFrame) -> str:
    """Say that no score was placed, and what became of most of the rows."""
    most = ledger.sort_values("n_rows", ascending=False, kind="stable").head(_FATES_TOLD)
    fates = [
        f"{file}: {n:,} {fate}{f', {reason}' if reason else ''}" for file, fate, reason, n in most.to_numpy().tolist()
    ]
    parts = [
        "found no score and no answer of a patient with a day 0, so nothing was written; expected columns that the map",
        "takes for scores or items.",
        f"What became of the rows: {'; '.join(fates)}.",
        _of_nobody(ledger),
    ]
    return " ".join(filter(None, parts))


def _refuse_places(target: Path, walk: Path, folder: Path, source: Path) -> None:
    if target == walk or target in walk.parents:
        raise IntakeError(f"Found the crosswalk {walk.name} inside the study folder; expected a place outside of it.")
    if target == folder.absolute() or (folder.absolute() in target.parents and source.is_dir()):
        raise IntakeError("Found a study folder inside the source, which is only read; name a folder elsewhere.")
    refuse_others(target)


def _at_source(check: StudyCheck, made: StudyTables, placed: list[Placed]) -> Problems:
    """The problems of the new folder, told at the file and row of the source."""
    out = Problems()
    for problem in check.problems.itertuples():
        origin = made.origin.get(str(problem.file).removesuffix(".csv"))
        at = int(str(problem.row)) - 2
        if origin is not None and 0 <= at < len(origin) and pd.notna(origin["source"].iloc[at]):
            table = placed[int(origin["source"].iloc[at])].table
            line = int(table.lines[int(origin["row"].iloc[at])])
            out.add(shown_place(table), str(problem.found), str(problem.expected), row=line, column=str(problem.column))
        else:
            out.add(str(problem.file), str(problem.found), str(problem.expected), column=str(problem.column))
    return out


def _of_nobody(ledger: pd.DataFrame) -> str:
    """Say which files gave nothing to the study, because no session is known of any of their patients."""
    left_out = ledger[ledger["reason"] == NO_TIME_ZERO]["file"]
    placed = ledger[ledger["fate"] == "placed"]["file"]
    files = sorted(set(left_out) - set(placed))
    if not files:
        return ""
    return f"No patient of {' and '.join(files)} has a ketamine session: are the ids there those of the other files?"


def _paragraph(
    made: StudyTables,
    ledger: pd.DataFrame,
    changes: pd.DataFrame | None,
    scores: pd.DataFrame,
    places: Sequence[Path],
) -> str:
    n = len(made.tables["patients"])
    read = int(ledger["n_rows"].sum())
    in_part = int(ledger.loc[(ledger["fate"] == "placed") & (ledger["reason"] != ""), "n_rows"].sum())
    out = int(ledger.loc[ledger["fate"] == "left out", "n_rows"].sum())
    told = ", ".join(
        f"{len(made.tables[name]):,} {word}"
        for name, word in (
            ("sessions", "sessions"),
            ("assessments", "assessments"),
            ("session_measures", "measurements in sessions"),
        )
        if name in made.tables
    )
    parts = [f"{n:,} patients, {told}. {read:,} rows were read, {read - out:,} placed and {out:,} left out."]
    if in_part:
        parts.append(f"Of the placed rows {in_part:,} lost a part: the ledger says why.")
    if made.n_without_time_zero:
        one = made.n_without_time_zero == 1
        who = "patient never had a ketamine session and is" if one else "patients never had a ketamine session and are"
        parts.append(f"{made.n_without_time_zero:,} {who} left out.")
    parts.append(_of_nobody(ledger))
    if made.n_stated:
        parts.append(
            f"Of {made.n_stated:,} patient{'s' if made.n_stated != 1 else ''} no session is listed: one ketamine "
            "session on the stated day 0 stands for it."
        )
    n_compared = int(made.disagreements["of_items"].notna().sum()) if len(made.disagreements) else 0
    if n_compared:
        parts.append(
            f"{n_compared:,} total{'s' if n_compared != 1 else ''} did not agree with the items; the items count."
        )
    if n_unused := len(made.disagreements) - n_compared:
        were = "totals were" if n_unused != 1 else "total was"
        parts.append(f"{n_unused:,} {were} not used: the items beside are not all answered, and the items count.")
    if changes is not None:
        parts.append(f"Against the study before: {told_changes(changes, scores)}.")
    return " ".join(filter(None, [*parts, cloud_warning(places)]))
