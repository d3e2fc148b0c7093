"""The crosswalk: which code stands for whom. It lies outside the study folder and only its owner can read it."""

import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Final

import numpy as np

from kap_analysis.errors import IntakeError
from kap_analysis.whole_folder import write_whole_file

_COLUMNS: Final = ["kind", "source", "code"]
PATIENT: Final = "patient"
_PREFIX: Final = {PATIENT: "P", "cohort": "G", "facilitator": "F"}


class Crosswalk:
    """Codes by kind (patient, cohort, facilitator) and by the key of the export; known keys keep their codes."""

    def __init__(self, codes: dict[tuple[str, str], str] | None = None) -> None:
        self.codes = codes or {}

    def keys(self, kind: str) -> set[str]:
        """Return the keys of one kind that have codes."""
        return {key for one, key in self.codes if one == kind}

    def add(self, kind: str, keys: Sequence[str], seed: int) -> dict[str, str]:
        """Return key -> code for keys in a given order; new keys get random codes that no key has yet."""
        taken = {code for (one, _), code in self.codes.items() if one == kind}
        new = [key for key in keys if (kind, key) not in self.codes]
        width = max(4 if kind == PATIENT else 3, len(str(2 * (len(taken) + len(new)))))
        rng = np.random.default_rng([seed % 2**32, seed >> 32, len(taken)])
        prefix = _PREFIX[kind]
        free = (f"{prefix}{n:0{width}d}" for n in rng.permutation(10**width - 1) + 1)
        for key in new:
            self.codes[(kind, key)] = next(code for code in free if code not in taken)
        return {key: self.codes[(kind, key)] for key in keys}


def read_crosswalk(path: Path) -> Crosswalk:
    """Read a crosswalk; where there is none yet, an empty one."""
    if not path.exists():
        return Crosswalk()
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError):
        raise IntakeError(
            f"The crosswalk {path.name} cannot be read; give the one that the last import wrote."
        ) from None
    if not rows or rows[0] != _COLUMNS or any(len(row) != 3 for row in rows):
        raise IntakeError(f"Found {path.name}, which is no crosswalk; expected the columns {', '.join(_COLUMNS)}.")
    return Crosswalk({(kind, source): code for kind, source, code in rows[1:]})


def write_crosswalk(crosswalk: Crosswalk, path: Path) -> None:
    """Write it as a whole or not at all; readable and writable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([kind, source, code] for (kind, source), code in sorted(crosswalk.codes.items()))
    write_whole_file(path, text.getvalue(), mode=0o600)
