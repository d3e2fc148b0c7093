"""The coordinator's folder: requests, the answers that arrived, who is missing, and what is to be done next."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd

from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.pooling.coordination import coordinate
from kap_analysis.pooling.counts import Counts, PooledPatients
from kap_analysis.pooling.message_checks import check_answer
from kap_analysis.pooling.messages import KEYS, Answer, Request, read_answer, read_json, read_request
from kap_analysis.pooling.pooled_comparison import PooledComparison
from kap_analysis.pooling.pooling_plan import PoolingPlan, pooling_plan_of
from kap_analysis.pooling.practice_secret import name_in_file
from kap_analysis.whole_folder import write_whole_file

POOL_FILE = "pool.json"


@dataclass(frozen=True)
class Waiting:
    """What the exchange waits for: the request of the round, and who has not answered it."""

    request: Request
    path: Path
    missing: tuple[str, ...]


class _StopsHere(Exception):
    def __init__(self, waiting: Waiting) -> None:
        super().__init__()
        self.waiting = waiting


@dataclass(frozen=True)
class ExchangeFolder:
    """One exchange as its coordinator keeps it.

    Attributes
    ----------
    path : Path
    plan : PoolingPlan
    practices : tuple of str
        Who takes part now.
    left_out : tuple of str
        Who was left out by decision.
    """

    path: Path
    plan: PoolingPlan
    practices: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    def request_path(self, number: int) -> Path:
        return self.path / f"round_{number:02}_request.json"

    def answer_path(self, number: int, practice: str) -> Path:
        return self.path / answer_name(number, practice, self.practices)

    def requests(self) -> list[Request]:
        """The requests so far, in their order."""
        found: list[Request] = []
        while self.request_path(len(found) + 1).is_file():
            found.append(read_request(self.request_path(len(found) + 1)))
        return found

    def answer(self, request: Request, practice: str) -> Answer | None:
        """The answer of a practice to a request, if it is there."""
        path = self.answer_path(request.round, practice)
        if not path.is_file():
            return None
        found = read_answer(path)
        if found.request != request.hash or found.practice != practice:
            raise AnalysisError(
                f"{path.name} answers round {found.round} of practice {found.practice}, not the request of round "
                f"{request.round}. Take it away, and ask practice {practice} for the right one."
            )
        check_answer(found, request, path.name)
        return found

    def take_in(self, files: Sequence[Path]) -> list[str]:
        """Put answers where they belong; one sentence for each.

        Raises
        ------
        AnalysisError
            For a file that is no answer, was changed, or contradicts one that arrived before. Nothing is taken in then.
        """
        requests = {one.hash: one for one in self.requests()}
        told, accepted = [], []
        for file in files:
            answer = read_answer(file)
            request = requests.get(answer.request)
            if request is None or answer.practice not in self.practices:
                raise AnalysisError(
                    f"{file.name}, by practice {answer.practice}, answers no request of this exchange: it belongs to "
                    "another exchange, to another plan or to a round that was set aside. Nothing was taken in."
                )
            check_answer(answer, request, file.name)
            before = self.answer(request, answer.practice)
            words = f"{file.name}: the answer of practice {answer.practice} to round {answer.round}"
            if before is not None and before.hash == answer.hash:
                told.append(f"{words} is here already, and is the same.")
            elif before is None or (request.step == KEYS and not self.request_path(2).is_file()):
                accepted.append(answer)
                told.append(f"{words}{'' if before is None else ' stands in place of the one that was here'}.")
            else:
                raise AnalysisError(
                    f"{words} differs from the one that arrived before. The same rows give the same answer: practice "
                    f"{answer.practice} has other data now, or one of the two is not its own. Ask it which is right, "
                    f"and take {self.answer_path(request.round, answer.practice).name} away if this one is. If its "
                    "data changed, begin a new exchange when all data are final. Nothing was taken in."
                )
        for answer in accepted:
            write_whole_file(self.answer_path(answer.round, answer.practice), answer.to_text())
        return told

    def advance(self) -> Waiting | PooledComparison:
        """Write the next request if all answers are there; the result if nothing is left to ask."""
        try:
            return coordinate(self.plan, _FromFiles(self))
        except _StopsHere as stop:
            waiting = stop.waiting
        if not waiting.path.is_file():
            write_whole_file(waiting.path, waiting.request.to_text())
        return waiting

    def without(self, practice: str) -> "ExchangeFolder":
        """The exchange begun anew without a practice; its rounds so far are set aside.

        Raises
        ------
        AnalysisError
            When it takes no part, or fewer than two would be left.
        """
        if practice not in self.practices:
            raise AnalysisError(f"Practice {practice} takes no part; these do: {', '.join(self.practices)}.")
        rest = tuple(name for name in self.practices if name != practice)
        if len(rest) < 2:
            raise AnalysisError(f"Without {practice} one practice is left, and there is nothing to pool.")
        aside = next(one for n in count(1) if not (one := self.path / f"set_aside_{n}").exists())
        aside.mkdir()
        begun = ExchangeFolder(self.path, self.plan, rest, (*self.left_out, practice))
        for file in sorted(self.path.glob("round_*.json")):
            file.rename(aside / file.name)
        begun.save()
        return begun

    def save(self) -> None:
        fields = {"plan": self.plan.to_dict(), "practices": list(self.practices), "left_out": list(self.left_out)}
        write_whole_file(self.path / POOL_FILE, json.dumps(fields, indent=1) + "\n")


class _FromFiles:
    """The answers in a folder, round by round."""

    def __init__(self, folder: ExchangeFolder) -> None:
        self.folder = folder
        self.made: list[dict[str, Any]] = []
        self.first: dict[str, Answer] = {}

    def ask(self, step: str, content: Mapping[str, Any]) -> dict[str, Answer]:
        folder, number = self.folder, len(self.made) + 1
        request = Request(folder.plan.to_dict(), folder.practices, number, step, dict(content))
        path = folder.request_path(number)
        if path.is_file() and read_request(path).hash != request.hash:
            raise AnalysisError(
                f"{path.name} asks for other values than the answers before it lead to: an earlier answer was "
                "exchanged, or another computer goes on. Go on where the exchange was begun, or start again."
            )
        found = {name: folder.answer(request, name) for name in folder.practices} if path.is_file() else {}
        missing = tuple(name for name in folder.practices if found.get(name) is None)
        if missing:
            raise _StopsHere(Waiting(request, path, missing))
        answers = {name: answer for name, answer in found.items() if answer is not None}
        sizes = [len(answer.to_text()) for answer in answers.values()]
        self.made.append({"round": number, "step": step, "answer_bytes": max(sizes)})
        if step == KEYS:
            self.first = answers
        return answers

    def rounds(self) -> pd.DataFrame:
        return pd.DataFrame(self.made, columns=["round", "step", "answer_bytes"])

    def released(self, result: PooledComparison, counts: Counts) -> PooledComparison:
        if not any(answer.content.get("gated") for answer in self.first.values()):
            return result
        return release(result, PooledPatients(counts, self.folder.plan))


def start_exchange(path: Path, plan: PoolingPlan, practices: Sequence[str]) -> Waiting:
    """Begin an exchange in a new folder: its first request.

    Raises
    ------
    AnalysisError
        When the folder is not empty, or fewer than two practices with different names take part.
    """
    names = tuple(name.strip() for name in practices)
    if len(set(names)) != len(names) or not all(names):
        raise AnalysisError(f"Each practice needs a name of its own; found {', '.join(map(repr, names))}.")
    if len(names) < 2:
        raise AnalysisError(f"Found {len(names)} practice; pooling without rows needs two or more.")
    if path.exists() and not path.is_dir():
        raise AnalysisError(f"{path} is a file; name a new folder for the exchange.")
    if path.exists() and any(path.iterdir()):
        raise AnalysisError(f"{path} is not empty; name a new folder for the exchange.")
    path.mkdir(parents=True, exist_ok=True)
    folder = ExchangeFolder(path, plan, names)
    folder.save()
    waiting = folder.advance()
    assert isinstance(waiting, Waiting)
    return waiting


def open_exchange(path: Path) -> ExchangeFolder:
    """The exchange in a folder."""
    file = path / POOL_FILE
    if not file.is_file():
        raise AnalysisError(f"{path} holds no exchange: found no {POOL_FILE}. Begin one with: kap pool start")
    try:
        found = read_json(file)
        names, left_out = tuple(found["practices"]), tuple(found["left_out"])
        if not all(isinstance(name, str) for name in (*names, *left_out)):
            raise TypeError("a practice has no name")
        plan = pooling_plan_of(found["plan"])
    except (ValueError, KeyError, TypeError) as fault:
        raise AnalysisError(f"{file} cannot be read ({fault}); restore it, or start again.") from fault
    except AnalysisError as fault:  # it is written for the reader of a request
        cause = fault.__cause__ or fault
        raise AnalysisError(
            f"{file} holds a plan that cannot be read ({cause}); restore it, or start again."
        ) from fault
    return ExchangeFolder(path, plan, names, left_out)


def answer_name(number: int, practice: str, practices: Sequence[str]) -> str:
    """The file name of an answer: the name of the practice in letters and digits, and its place in the list."""
    return f"round_{number:02}_answer_{practices.index(practice) + 1}_{name_in_file(practice)}.json"
