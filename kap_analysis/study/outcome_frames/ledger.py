"""The ledger: how many patients and rows each step kept, which it left out, and why, by format."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import FORMAT, FORMATS, N_PATIENTS

LEDGER_COLUMNS: Final = ("step", "left_out_because", FORMAT, N_PATIENTS, "n_rows")
ALL_FORMATS: Final = "all"


@dataclass(slots=True)
class Ledger:
    """Counts of patients and rows, step by step.

    Attributes
    ----------
    formats : pandas.Series
        Patient -> format at time zero (missing where it cannot be told; such patients count under ``all`` only).
        Patients may be named by their id or their place in a table, as long as it is always the same.
    """

    formats: pd.Series
    _entries: list[dict[str, object]] = field(default_factory=list)

    def keep(self, step: str, patients: pd.Series, n_rows: pd.Series | None = None) -> None:
        """Record what a step kept: one entry of ``patients`` per row kept (or ``n_rows`` per patient)."""
        self._count(step, "", patients, n_rows)

    def leave_out(self, step: str, because: str, patients: pd.Series, n_rows: pd.Series | None = None) -> None:
        """Record what a step left out, and why; nothing is written where nothing was left out."""
        if len(patients):
            self._count(step, because, patients, n_rows)

    def copy(self) -> "Ledger":
        """A ledger with the same entries, to go on with."""
        return Ledger(self.formats, list(self._entries))

    def _count(self, step: str, because: str, patients: pd.Series, n_rows: pd.Series | None) -> None:
        rows = np.ones(len(patients)) if n_rows is None else n_rows.to_numpy()
        once = ~patients.duplicated().to_numpy()
        places = self.formats.index.get_indexer(pd.Index(patients))
        formats = np.array([*self.formats, None], dtype=object)[places]  # an unknown patient's place is -1
        for name in (ALL_FORMATS, *self._formats_present()):
            here = np.ones(len(rows), dtype=bool) if name == ALL_FORMATS else formats == name
            self._entries.append(
                {
                    "step": step,
                    "left_out_because": because,
                    FORMAT: name,
                    N_PATIENTS: int((once & here).sum()),
                    "n_rows": int(rows[here].sum()),
                }
            )

    def _formats_present(self) -> list[str]:
        present = set(self.formats.dropna().unique())
        return [name for name in FORMATS if name in present]

    def frame(self) -> pd.DataFrame:
        """One row per step, reason and format: step, left_out_because (empty: kept), format, n_patients, n_rows."""
        return pd.DataFrame(self._entries, columns=list(LEDGER_COLUMNS))
