"""One CSV or Parquet file that is no table of a study, as a frame: for models of anybody's data."""

from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.extensions import ExtensionDtype

from kap_analysis.errors import StudyError
from kap_analysis.study.contract.dictionary import TableSpec
from kap_analysis.study.contract.problems import Problems, problem_lines
from kap_analysis.study.reading.cells import extra_column
from kap_analysis.study.reading.spreadsheet_rows import without_last_blank_rows
from kap_analysis.study.reading.text_file import CodedCells, read_text_table

MISSING: Final = frozenset({"", "NA", "N/A", "NaN", "nan", "<NA>", "null", "NULL"})
TRUE_OR_FALSE: Final = {"true": True, "false": False}
#: Longer whole numbers need not fit into 64 bits; read as floats they would become one another.
_DIGITS: Final = 18
_NULLABLE: Final[dict[str, ExtensionDtype]] = {"i": pd.Int64Dtype(), "u": pd.UInt64Dtype()}
#: Integers and booleans of Arrow stay what they are beside missing values.
_EXACT: Final = {
    pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(), pa.uint16(): pd.UInt16Dtype(), pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype(),
}  # fmt: skip
_PARQUET: Final = (".parquet", ".pq")
_OTHER_DELIMITERS: Final = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def read_plain_table(path: Path, expected: Iterable[str] = (), *, as_text: Collection[str] = ()) -> pd.DataFrame:
    """Read a CSV file (UTF-8, commas) or a Parquet file; its columns keep their names.

    Parameters
    ----------
    path : pathlib.Path
        A name that ends in .parquet or .pq is Parquet, everything else CSV.
    expected : iterable of str
        Columns that should be there, by which another delimiter is recognised.
    as_text : collection of str
        Columns of ids: text as it is written, so that "1.10" is not 1.1 and an id of 17 digits keeps its last.

    Returns
    -------
    pandas.DataFrame
        One row per record. Of a CSV, a column is numbers where every cell is one, true or false where every cell is
        one of the two, and text otherwise; codes with leading zeros stay text. Whole numbers are exact, also beside
        missing ones and in Parquet; those of more than 64 bits stay text. Empty cells, NA and NaN are missing.

    Raises
    ------
    StudyError
        In one line, when the file is empty, is not what its name says, or two columns have the same name.
    """
    is_parquet = path.suffix.lower() in _PARQUET
    frame = _read_parquet(path, as_text) if is_parquet else _read_csv(path, expected, as_text)
    doubled = [name for name, n in Counter(map(str, frame.columns)).items() if n > 1]
    if doubled:
        where = ", ".join(str(at + 1) for at, name in enumerate(frame.columns) if str(name) == doubled[0])
        raise StudyError(
            f"{path.name}: found the column name {doubled[0]!r} more than once (columns {where}); "
            "expected one column of each name. Rename or remove the others."
        )
    if frame.empty:
        raise StudyError(f"{path.name}: found no rows below the header; expected one row per observation.")
    return frame


def _read_parquet(path: Path, as_text: Collection[str]) -> pd.DataFrame:
    try:
        table = pq.ParquetFile(path).read()
        for at, field in enumerate(table.schema):
            if field.name in as_text and (pa.types.is_integer(field.type) or pa.types.is_decimal(field.type)):
                table = table.set_column(at, field.name, table.column(at).cast(pa.string()))
        return table.to_pandas(ignore_metadata=True, types_mapper=_EXACT.get)
    except (pa.ArrowException, OSError) as error:
        kind = type(error).__name__
        raise StudyError(f"{path.name}: found a file that cannot be read as Parquet ({kind}).") from None


def _read_csv(path: Path, expected: Iterable[str], as_text: Collection[str]) -> pd.DataFrame:
    problems = Problems()
    columns = {name: extra_column(name) for name in expected}
    table = read_text_table(path, TableSpec(path.stem, "", "", True, (), (), columns, ()), problems)
    if table is not None:
        table = without_last_blank_rows(table)
        table.report_widths(path.name, problems)
    if table is None or len(problems):
        lines = problem_lines(problems.frame())
        rest = len(problems) - 1
        more = f" And {rest:,} more problem{'s' if rest > 1 else ''} like it." if rest else ""
        raise StudyError((lines[0] if lines else f"{path.name}: found no header.") + more)
    header = [name.strip() for name in table.header]
    if len(header) == 1:
        for delimiter, name in _OTHER_DELIMITERS.items():
            if delimiter in header[0]:
                raise StudyError(
                    f"{path.name}: found cells separated by {name}; expected a CSV file in UTF-8 with commas."
                )
    typed = [
        _as_text(cells) if name in as_text else _typed(cells) for name, cells in zip(header, table.columns, strict=True)
    ]
    kept = [at for at, name in enumerate(header) if name or not typed[at].isna().all()]
    if not kept:
        return pd.DataFrame(columns=header)
    return pd.concat([typed[at] for at in kept], axis=1, keys=[header[at] for at in kept])


def _typed(cells: CodedCells) -> pd.Series:
    """A column of cells as numbers, true and false, or text."""
    codes, distinct = cells.codes, [text.strip() for text in cells.texts]
    filled = [text for text in distinct if text not in MISSING]
    if not filled:
        return pd.Series(np.nan, index=range(len(codes)), dtype=float)
    if all(text.lower() in TRUE_OR_FALSE for text in filled):
        truth = pd.array([TRUE_OR_FALSE.get(text.lower()) for text in distinct], dtype="boolean")[codes]
        return pd.Series(truth if truth.isna().any() else truth.astype(bool))
    if not any(text[0] == "0" and text[1:2].isdigit() for text in filled):
        numbers = pd.to_numeric(pd.Series(filled, dtype=object), errors="coerce")
        is_whole = numbers.dtype.kind in "iu"
        too_long = not is_whole and any(text.lstrip("+-").isdigit() and len(text) > _DIGITS for text in filled)
        if numbers.notna().all() and not too_long:
            if len(filled) == len(distinct):
                return pd.Series(numbers.to_numpy()[codes])
            known = dict(zip(filled, numbers.tolist(), strict=True))
            dtype = _NULLABLE.get(numbers.dtype.kind, pd.Float64Dtype())
            values = pd.Series([known.get(text) for text in distinct], dtype=dtype)
            return (values if is_whole else values.astype(float)).iloc[codes].reset_index(drop=True)
    return _as_text(cells)


def _as_text(cells: CodedCells) -> pd.Series:
    texts = [text.strip() for text in cells.texts]
    values = np.array([None if text in MISSING else text for text in texts], dtype=object)
    return pd.Series(values[cells.codes], dtype=object)
