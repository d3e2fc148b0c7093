"""Problems of a study folder: where it does not follow the data dictionary."""

import pandas as pd

from kap_analysis.result_frames import is_empty_frame
from kap_analysis.tables.page.cells import assemble, checked_frame, empty_list
from kap_analysis.tables.page.layout import Column, Layout, label_column, text_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import count, is_missing

COLUMNS = ("file", "row", "column", "found", "expected")
MOST = 50
TITLE = "What to mend in the study folder"
NOTHING = "No problem was found."


def table_problems(*, problems: pd.DataFrame, most: int = MOST, stamp: str = "") -> Table:
    """Show the problems of a study folder.

    Parameters
    ----------
    problems : pandas.DataFrame
        ``check_study(path).problems``: ``file``, ``row`` (line in the file; 0 for the whole file), ``column``,
        ``found``, ``expected``.
    most : int
        Rows to show; the note says how many there are. The CSV holds all.
    stamp : str
        A word that must stay with the table, such as ``PRIVATE``.

    Returns
    -------
    Table
        Row groups by file, one row per problem; one line that says so where there is none.

    Raises
    ------
    TableError
        If the frame lacks a column.
    """
    if is_empty_frame(problems):
        return empty_list("problems", TITLE, NOTHING, raw=problems, stamp=stamp)
    frame = checked_frame(problems, COLUMNS, name="problems", caller="table_problems")
    shown = frame.head(most)
    cells = pd.DataFrame(
        {
            "file": shown["file"].astype(str),
            "label": ["whole file" if is_missing(row) or row == 0 else count(row) for row in shown["row"]],
            "column": shown["column"].fillna("").astype(str),
            "found": shown["found"].fillna("").astype(str),
            "expected": shown["expected"].fillna("").astype(str),
        }
    )
    columns = (
        label_column("Line"),
        text_column("column", "Column"),
        Column("found", "Found", "left", prose=True),
        text_column("expected", "Expected", prose=True),
    )
    left = f"The first {most} of {count(len(frame))} problems." if len(frame) > most else ""
    return assemble(
        "problems",
        TITLE,
        cells,
        Layout(columns, groups="file"),
        raw=frame,
        notes=(left, "Line: physical line in the file, its heading is line 1."),
        stamp=stamp,
    )
