"""The made-up rows that `kap new` writes, where they remain among the rows of a real study."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.contract.settings import Settings
from kap_analysis.study.reading.typed_table import TypedTable

#: Rows that agree with the written ones in so many filled cells, codes of patients aside, are these and no others.
_SURE: Final = 8
#: Chance could make rows agree in so many; not where the table holds nothing else or another table has them too.
_LIKELY: Final = 6


def leave_out_written_rows(
    tables: Mapping[str, TypedTable], settings: Settings, problems: Problems
) -> dict[str, TypedTable]:
    """Return the tables without the made-up rows of `kap new`; each table that had them is a problem of one line.

    Where study.toml says that the study is made up, they belong to it.
    """
    if settings.provenance == "made_up":
        return dict(tables)
    written = {name: _written_rows(table) for name, table in tables.items()}
    some_are_sure = any(n_cells >= _SURE for _, n_cells in written.values())
    cleaned = dict(tables)
    for name, (where, n_cells) in written.items():
        table = tables[name]
        alone = len(where) == len(table.frame)
        if n_cells >= _SURE or (n_cells >= _LIKELY and (alone or some_are_sure)):
            rows = table.rows[where]
            found = f"a made-up row that kap new wrote (row {rows[0]})"
            if len(rows) > 1:
                found = f"the two made-up rows that kap new wrote (rows {rows[0]} and {rows[1]})"
            or_file = ", or the file" if alone and not table.spec.required else ""
            problems.add(table.file, found, f"rows of this study: delete what is made up{or_file}", row=int(rows[0]))
            cleaned[name] = table.without(where)
    return cleaned


def _written_rows(table: TypedTable) -> tuple[np.ndarray, int]:
    """Positions of the rows that say in every column what a written row says, and in how many filled cells they do."""
    positions, n_cells = [], 0
    columns = [name for name in table.spec.columns if table.has(name)]
    for row in table.spec.example:
        alike = np.ones(len(table.frame), dtype=bool)
        for name in columns:
            alike &= _says(table.frame[name], row.get(name, ""))
        if alike.any():
            positions.append(int(np.argmax(alike)))
            n_cells += sum(name != "patient_id" and bool(row.get(name)) for name in columns)
    return np.array(sorted(positions), dtype=np.int64), n_cells


def _says(values: pd.Series, text: str) -> np.ndarray:
    if not text:
        return values.isna().to_numpy()
    said: object = float(text) if pd.api.types.is_numeric_dtype(values.dtype) else text
    return (values == said).to_numpy(dtype=bool)
