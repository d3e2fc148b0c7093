"""The files that are exchanged: requests of the coordinator and answers of the practices, each signed by its hash.

A hash shows that a file was changed or belongs elsewhere. It does not show who wrote it.
"""

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kap_analysis.errors import AnalysisError, quoted
from kap_analysis.version import __version__
from kap_analysis.whole_folder import write_whole_file

REQUEST, ANSWER = "kap pool request", "kap pool answer"
KEYS, COUNTS, FIRST, SUMS = STEPS = ("keys", "counts", "first", "sums")
#: What each field of a file holds.
TYPES: Mapping[str, type] = {
    "version": str, "plan": dict, "practices": list, "practice": str, "request": str, "round": int, "step": str,
    "rows": str, "content": dict,
}  # fmt: skip
#: No file of an exchange is larger; an answer of a hundred columns and thirty covariance parameters has 2 MB.
LARGEST_FILE = 50_000_000


@dataclass(frozen=True)
class Request:
    """What the coordinator asks of every practice in one round.

    Attributes
    ----------
    plan : dict
        As `PoolingPlan.to_dict`.
    practices : tuple of str
        Who is asked.
    round : int
        From 1.
    step : str
        What is asked: "keys", "counts", "first", "sums".
    content : dict
        At which values.
    version : str
        Of the package that wrote it.
    """

    plan: dict[str, Any]
    practices: tuple[str, ...]
    round: int
    step: str
    content: dict[str, Any]
    version: str = __version__

    @property
    def hash(self) -> str:
        """What an answer names."""
        return hash_of(self._fields())

    def _fields(self) -> dict[str, Any]:
        return {
            "kind": REQUEST,
            "version": self.version,
            "plan": self.plan,
            "practices": list(self.practices),
            "round": self.round,
            "step": self.step,
            "content": self.content,
        }

    def to_text(self) -> str:
        """The file."""
        return _text({**self._fields(), "hash": self.hash})


@dataclass(frozen=True)
class Answer:
    """What one practice answers to one request.

    Attributes
    ----------
    practice : str
    request : str
        The hash of the request.
    round : int
    rows : str
        A fingerprint of the practice's rows, keyed by its secret: the same in every round while the data are the same.
    content : dict
    version : str
    """

    practice: str
    request: str
    round: int
    rows: str
    content: dict[str, Any]
    version: str = __version__

    def _fields(self) -> dict[str, Any]:
        return {
            "kind": ANSWER,
            "version": self.version,
            "practice": self.practice,
            "request": self.request,
            "round": self.round,
            "rows": self.rows,
            "content": self.content,
        }

    @property
    def hash(self) -> str:
        return hash_of(self._fields())

    def to_text(self) -> str:
        """The file."""
        return _text({**self._fields(), "hash": self.hash})


def read_request(path: Path) -> Request:
    """A request from its file.

    Raises
    ------
    AnalysisError
        When it is no request, was changed, or comes from another version.
    """
    found = _read(path, REQUEST, ("version", "plan", "practices", "round", "step", "content"))
    return Request(
        found["plan"], tuple(found["practices"]), found["round"], found["step"], found["content"], found["version"]
    )


def read_answer(path: Path) -> Answer:
    """An answer from its file; errors as `read_request`."""
    found = _read(path, ANSWER, ("version", "practice", "request", "round", "rows", "content"))
    return Answer(
        found["practice"], found["request"], found["round"], found["rows"], found["content"], found["version"]
    )


def write_answer(path: Path, answer: Answer) -> None:
    """Write an answer, also over an earlier one of the same practice; any other file stays.

    Raises
    ------
    AnalysisError
        When something else is there.
    """
    if path.exists():
        try:
            known = path.is_file() and read_answer(path).practice == answer.practice
        except (AnalysisError, OSError):
            known = False
        if not known:
            raise AnalysisError(
                f"{path} is there already, and is no answer of practice {answer.practice}; name another file with "
                "--out. Nothing was written."
            )
    write_whole_file(path, answer.to_text())


def _read(path: Path, kind: str, names: tuple[str, ...]) -> dict[str, Any]:
    if not path.is_file():
        raise AnalysisError(f"Found no file {path}; name one that kap pool wrote.")
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise AnalysisError(f"{path.name} has {path.stat().st_size:,} bytes; it is no file of kap pool.")
        found = read_json(path)
    except ValueError as fault:
        raise AnalysisError(f"{path.name} is no JSON file that can be read ({fault}); ask for it again.") from fault
    if not isinstance(found, dict) or found.get("kind") != kind:
        what = found.get("kind") if isinstance(found, dict) else type(found).__name__
        raise AnalysisError(f"{path.name} is no {kind}; found {quoted(what)}.")
    missing = [name for name in (*names, "hash") if name not in found]
    if missing:
        raise AnalysisError(f"{path.name} lacks {', '.join(missing)}; ask for it again.")
    stated = found.pop("hash")
    if found["version"] != __version__:
        raise AnalysisError(
            f"{path.name} was written by version {found['version']} of kap, and this is {__version__}. "
            "All practices need the same one."
        )
    if stated != hash_of(found):
        raise AnalysisError(f"{path.name} was changed after it was written: its hash does not fit. Ask for it again.")
    wrong = [name for name in names if type(found[name]) is not TYPES[name]]
    if "practices" not in wrong and "practices" in names and not _are_names(found["practices"]):
        wrong.append("practices")
    if "step" not in wrong and "step" in names and found["step"] not in STEPS:
        wrong.append("step")
    if wrong:
        raise AnalysisError(f"{path.name} has a field that no {kind} has so: {', '.join(wrong)}. Ask for it again.")
    return found


def read_json(path: Path) -> Any:
    """What a JSON file holds, every number of it finite; a ValueError otherwise."""
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number, parse_float=_finite)
    except RecursionError as fault:
        raise ValueError(str(fault)) from fault


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    """A number; 1e400 is none that can be kept, and would be written as infinite."""
    if not math.isfinite(found := float(text)):
        raise ValueError(f"{text[:20]} is too large")
    return found


def _are_names(found: list[Any]) -> bool:
    """Whether these are names of practices, each one once."""
    return all(isinstance(name, str) and name.strip() for name in found) and len(set(found)) == len(found)


def hash_of(fields: dict[str, Any]) -> str:
    """SHA-256 of plain values, in one spelling."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _text(fields: dict[str, Any]) -> str:
    return json.dumps(fields, indent=1, allow_nan=False, ensure_ascii=True) + "\n"


def whole_numbers_to_text(values: np.ndarray) -> str:
    """64-bit whole numbers (n,) as base64, the low byte first."""
    return base64.b64encode(values.astype("<u8").tobytes()).decode("ascii")


def whole_numbers_of_text(text: Any, n: int, what: str) -> np.ndarray:
    """The numbers (n,) from their text."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (TypeError, ValueError) as fault:
        raise AnalysisError(f"{what} holds no sums that can be read ({fault}); ask for it again.") from fault
    if len(raw) != 8 * n:
        raise AnalysisError(f"{what} holds {len(raw) // 8} sums, and {n} were asked for; ask for it again.")
    return np.frombuffer(raw, dtype="<u8").astype(np.uint64)
