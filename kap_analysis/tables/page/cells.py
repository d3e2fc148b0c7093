"""From result frames to cells: what a table expects of a frame, text per row, one set of columns per format."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import pandas as pd

from kap_analysis import result_frames
from kap_analysis.columns import CI_HIGH, CI_LOW, DF, FORMAT, FORMATS, N_PATIENTS, P_VALUE
from kap_analysis.errors import TableError
from kap_analysis.instruments.facts import TO_CHECK
from kap_analysis.result_frames import levels_of
from kap_analysis.tables.page.layout import Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import DASH, WITHHELD, count, is_missing
from kap_analysis.writing.sentences import full_stop, sentence_case
from kap_analysis.writing.small_numbers import NO_INTERVAL, has_few, of_enough

CHECK_NOTE: Final = f"{TO_CHECK} Recalled, not read in the source that is named: check it there before you cite it."
ALL: Final = "all"
FEWEST_DF: Final = 1.0
WITHHELD_COLUMN: Final = "withheld"
WITHHELD_NOTE: Final = (
    "withheld: not shown, because too few patients stand behind the number, or it would give away one that is withheld."
)
LINES_WITHHELD: Final = "There are lines, and they are withheld: a public study shows no line of a single patient."
HEADINGS: Final = {ALL: "All", "individual": "Individual", "group": "Group", "mixed": "Mixed"}

checked_frame = partial(result_frames.checked_frame, error=TableError)
given_frame = partial(result_frames.given_frame, error=TableError)


def texts(frame: pd.DataFrame, write: Callable[..., str], *columns: str) -> list[str]:
    """One text per row, written from some of its columns.

    A row whose numbers were withheld (Boolean column ``withheld``) and are missing for that reason reads "withheld".
    """
    values = [frame[column].astype(object) for column in columns]
    marks = withheld_rows(frame)
    written = []
    for is_withheld, *row in zip(marks, *values, strict=True):
        hidden = is_withheld and any(is_missing(value) for value in row)
        written.append(WITHHELD if hidden else write(*row))
    return written


def with_enough(frame: pd.DataFrame, counted: str = N_PATIENTS) -> pd.DataFrame:
    """The frame without intervals and p-values of too few patients, or with less than one degree of freedom.

    A t-distribution with fewer has no mean, and its interval can be a hundred times as wide as the scale. A frame that
    has neither counts nor df comes back as it is.
    """
    if DF in frame.columns:
        empty = pd.to_numeric(frame[DF], errors="coerce") < FEWEST_DF
        told = [column for column in (CI_LOW, CI_HIGH, P_VALUE) if column in frame.columns]
        frame = frame.assign(**{column: frame[column].mask(empty) for column in told})
    return of_enough(frame, counted=counted)


def enough_notes(*frames: pd.DataFrame | None, counted: str = N_PATIENTS) -> list[str]:
    """Why intervals are not shown: of too few patients, or with too few degrees of freedom; nothing if all are."""
    given = [frame for frame in frames if frame is not None]
    few = any(has_few(frame, counted) for frame in given)
    no_df = any(DF in frame.columns and (frame[DF] < FEWEST_DF).any() for frame in given)
    less = ["An interval or p that rests on less than one degree of freedom is not shown."] if no_df else []
    return ([NO_INTERVAL] if few else []) + less


def withheld_rows(frame: pd.DataFrame) -> list[bool]:
    """Whether the disclosure gate withheld numbers of each row."""
    if WITHHELD_COLUMN not in frame.columns:
        return [False] * len(frame)
    return [bool(value) and not is_missing(value) for value in frame[WITHHELD_COLUMN]]


def in_order(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows in the order of the column's categories (of visits, steps); as they are if it has none."""
    if not isinstance(frame[column].dtype, pd.CategoricalDtype):
        return frame
    return frame.sort_values(column, kind="stable", ignore_index=True)


def formats_in(frame: pd.DataFrame) -> list[str]:
    """The formats of a frame: "all" first, then individual, group, mixed, then any other."""
    found = [str(value) for value in levels_of(frame[FORMAT])]
    known = [name for name in (ALL, *FORMATS) if name in found]
    return known + [name for name in found if name not in known]


def format_heading(name: str, n_patients: Any = None, *, withheld: bool = False) -> str:
    """The heading of a format: ``Group (n = 102)``."""
    heading = HEADINGS.get(name, sentence_case(name))
    if n_patients is None and not withheld:
        return heading
    return f"{heading} (n {WITHHELD})" if withheld else f"{heading} (n = {count(n_patients)})"


def patients_of(frame: pd.DataFrame, name: str, column: str) -> tuple[Any, bool]:
    """The largest count that a format's rows hold, and whether it is withheld."""
    rows = frame[frame[FORMAT].astype(str) == name]
    known = rows[column].dropna()
    if known.empty:
        return None, any(withheld_rows(rows))
    return known.max(), False


def across(frame: pd.DataFrame, rows: Sequence[str], written: Mapping[str, Iterable[str]], by: str) -> pd.DataFrame:
    """Set texts side by side: one row per combination of ``rows``, one column per text and level of ``by``.

    Parameters
    ----------
    frame : pandas.DataFrame
        Has the columns ``rows`` and ``by``; each combination of them occurs once.
    rows : sequence of str
        Columns that tell the rows of the table apart, in the order of appearance.
    written : mapping of str to texts
        Texts per row of the frame; their names become ``name|level``.
    by : str
        Column whose levels stand side by side.

    Returns
    -------
    pandas.DataFrame
        The columns ``rows`` and ``name|level``; what a level does not have is an en dash.
    """
    long = frame[[*rows, by]].astype(str).assign(**{name: list(column) for name, column in written.items()})
    twice = long[long.duplicated([*rows, by])]
    if not twice.empty:
        example = ", ".join(f"{column} {twice.iloc[0][column]}" for column in (*rows, by))
        stand = "row stands" if len(twice) == 1 else "rows stand"
        raise TableError(f"{len(twice)} {stand} twice in the frame, such as {example}; one is expected of each.")
    wide = long[list(rows)].drop_duplicates(ignore_index=True)
    for level in long[by].unique():
        part = long[long[by] == level].drop(columns=by)
        part = part.rename(columns={name: f"{name}|{level}" for name in written})
        wide = wide.merge(part, on=list(rows), how="left", sort=False)
    return wide.fillna(DASH)


def assemble(
    name: str,
    title: str,
    cells: pd.DataFrame,
    layout: Layout,
    *,
    raw: pd.DataFrame,
    notes: Iterable[str] = (),
    dash: str = "not estimated.",
    stamp: str = "",
) -> Table:
    """Make the table, with a note for each mark that its cells use: ``–`` (why is in ``dash``) and "withheld"."""
    shown, notes = [str(cell) for key in layout.keys for cell in cells[key]], [note for note in notes if note]
    headings = [column.heading for column in layout.columns] + [spanner.heading for spanner in layout.spanners]
    marks = []
    if any(DASH in cell.replace("(", " ").replace(")", " ").split() for cell in shown):
        marks.append(f"{DASH}: {dash}")
    if any(WITHHELD in text for text in shown + headings):
        marks.append(WITHHELD_NOTE)
    if any(TO_CHECK in text for text in (*shown, *notes)):
        marks.append(CHECK_NOTE)
    lines = tuple(full_stop(note) for note in (*notes, *marks))
    return Table(name, title, cells.reset_index(drop=True), layout, lines, raw.copy(), stamp)


def empty_list(name: str, title: str, nothing: str, *, raw: pd.DataFrame, stamp: str = "") -> Table:
    """A table of one line for a list without rows: that there is nothing, or that the lines were withheld."""
    line = LINES_WITHHELD if WITHHELD_COLUMN in raw.columns else nothing
    cells = pd.DataFrame({"label": [line]})
    return Table(name, title, cells, Layout((label_column("Result", prose=True),)), (), raw.copy(), stamp)


def stacked(**frames: pd.DataFrame | None) -> pd.DataFrame:
    """Several raw frames in one, for CSV: a first column ``part`` says which rows belong together."""
    parts = [frame.assign(part=name) for name, frame in frames.items() if frame is not None and not frame.empty]
    whole = pd.concat([part.astype(object) for part in parts], ignore_index=True)
    return whole[["part", *[column for column in whole.columns if column != "part"]]]
