"""The gate that every result of an analysis passes on return.

A private study stays with the people who treat the patients, and a simulated one has no patients: both pass whole.
From a public study of real patients nothing leaves the function that could point at a person. Of its counts of people
only those leave that `published` decided upon for the whole study, so that no two results can be subtracted; each way
to divide the patients is counted in one frame only; statistics are rounded; extremes, exact days, lines of patients or
of cohorts, sentences that count, and the fit (which holds the rows) do not leave. What was withheld is listed.
"""

import dataclasses
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import pandas as pd

from kap_analysis.disclosure.counts import Classes
from kap_analysis.disclosure.frame_rules import SENTENCE, shown_frame
from kap_analysis.disclosure.published import decide
from kap_analysis.disclosure.words import SENTENCES, counts_people, without_counts

R = TypeVar("R")

MODEL: Final = "holds the rows of single patients"
#: Result fields that are models or raw frames and leave only with a private or a simulated study.
MODEL_FIELDS: Final = frozenset({"fit", "fits", "outcomes", "frame"})
#: A run names a folder of its own here, in which each result says what was withheld of it. The folder is removed.
RECORD: Final = "KAP_SHARING_RECORD"


class Source(Protocol):
    """What a result was made from: a study, or the outcomes of one."""

    @property
    def visibility(self) -> str:
        """``private`` or ``public``."""
        ...

    @property
    def is_simulated(self) -> bool:
        """Whether it has no real patients."""
        ...

    def populations(self) -> pd.DataFrame:
        """The numbers of patients that come back in every result, as `decide` takes them."""
        ...


def release(result: R, of: Source, classes: Mapping[str, Classes] | None = None) -> R:
    """Return a result as it may be seen.

    Parameters
    ----------
    result : a frozen dataclass with frames as fields, and a field ``withheld``
    of : Study or Outcomes
        What the result was made from.
    classes : mapping of field -> Classes, optional
        The frames that show how patients divide into classes, which no other result counts.

    Returns
    -------
    The result itself for a private or a simulated study. For a public study of real patients a copy in which
    withheld numbers are missing, every frame that lost one has a Boolean column ``withheld``, and ``withheld``
    lists frame, row (in words), column and why.

    Raises
    ------
    ValueError
        If the visibility is neither word: an unknown word must never open the gate.
    """
    if is_open(of.visibility, of.is_simulated):
        return result
    published = decide(of.populations())
    changes: dict[str, Any] = {}
    log: list[dict[str, str]] = []
    pairs: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    for field in dataclasses.fields(result):  # type: ignore[arg-type]
        value = getattr(result, field.name)
        if field.name == "withheld" or value is None:
            continue
        if field.name in MODEL_FIELDS:
            changes[field.name] = None
            log.append(_entry(field.name, "all", "all", MODEL))
        elif isinstance(value, pd.DataFrame):
            shown = shown_frame(value, published, (classes or {}).get(field.name))
            changes[field.name] = shown.frame
            pairs.append((value, shown.frame))
            log += [_entry(field.name, *entry) for entry in shown.withheld]
        elif field.name in SENTENCES and any(map(counts_people, _texts(value))):
            told = tuple(dict.fromkeys(without_counts(text, field.name) for text in _texts(value)))
            changes[field.name] = told[0] if isinstance(value, str) else told
            log.append(_entry(field.name, "all", "all", SENTENCE))
    withheld = pd.DataFrame(log, columns=["frame", "row", "column", "why"])
    _record(Released(type(result).__name__, withheld, pairs))
    return dataclasses.replace(result, **changes, withheld=withheld)  # type: ignore[type-var]


def is_open(visibility: str, is_simulated: bool) -> bool:
    """Whether everything may pass: of a private or a simulated study.

    Raises
    ------
    ValueError
        If `visibility` is neither word: an unknown word must never open the gate.
    """
    if visibility not in ("private", "public"):
        raise ValueError(f"visibility is {visibility!r}; expected 'private' or 'public'.")
    return visibility == "private" or is_simulated


@dataclasses.dataclass(frozen=True, slots=True)
class Released:
    """What became of one result: its name, what was withheld, and its frames, each as it was and as it is shown."""

    result: str
    withheld: pd.DataFrame
    frames: list[tuple[pd.DataFrame, pd.DataFrame]]


def read_record(folder: Path) -> list[Released]:
    """What the results of a run released, written by its own processes to a folder that nobody else reads."""
    found: list[Released] = []
    for path in sorted(folder.glob("*.pickle")):
        with path.open("rb") as file:
            while file.peek(1):
                found.append(pickle.load(file))
    return found


def _record(released: Released) -> None:
    folder = os.environ.get(RECORD)
    if folder:
        with Path(folder, f"{os.getpid()}.pickle").open("ab") as file:
            pickle.dump(released, file)


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def _entry(frame: str, row: str, column: str, why: str) -> dict[str, str]:
    return {"frame": frame, "row": row, "column": column, "why": why}
