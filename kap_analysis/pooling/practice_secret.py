"""The secret of a practice: one small file for each practice and study, with what the practice has answered so far.

A second exchange over the same study finds it, and what it says of the first: so it stays when an exchange has ended.
"""

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

from kap_analysis.errors import AnalysisError
from kap_analysis.pooling.given_before import Exchange, GivenBefore, exchange_of, exchange_of_dict
from kap_analysis.pooling.masks import is_secret, new_secret
from kap_analysis.pooling.messages import KEYS, Answer, Request, read_json
from kap_analysis.whole_folder import write_whole_file


def secret_path(study: Path, practice: str) -> Path:
    """Where it is kept unless another place is named: beside the study folder, never in it."""
    return study.absolute().parent / f"{study.absolute().name}_{name_in_file(practice)}.pool_secret"


def name_in_file(practice: str) -> str:
    """The name of a practice in letters and digits, of any script."""
    return re.sub(r"[\W_]+", "_", unicodedata.normalize("NFC", practice)).strip("_") or "practice"


def read_given(path: Path, practice: str, *others: Path) -> GivenBefore:
    """What the practice has given so far, as it is kept beside the secret; of its other files only the exchanges."""
    gave, exchanges = None, []
    for file in (one for one in (path, *others) if one.is_file()):
        kept = _read_kept(file)
        if kept.get("practice") == practice:
            exchanges += _exchanges(file, kept)
        gave = kept.get("gave") if file == path else gave
    return GivenBefore(gave, tuple(exchanges))


def note_given(path: Path, request: Request, answer: Answer, *, again: bool) -> None:
    """Keep what an answer gives, before it is written: the exchange, and of which rows the first own estimate is."""
    kept = _read_kept(path)
    this, rest = exchange_of(request, answer.rows, again), []
    for one in _exchanges(path, kept):
        if one.is_same(this):
            this = this.joined(one)
        else:
            rest.append(one)
    kept["answered"] = [one.to_dict() for one in (*rest, this)]
    own = answer.content.get("own")
    if own and own["estimate"] is not None:
        kept.setdefault("gave", answer.rows)
    write_whole_file(path, json.dumps(kept, indent=1) + "\n", mode=0o600)


def _read_kept(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path)
    except ValueError as fault:
        raise AnalysisError(f"{path} cannot be read ({fault}); restore it as it was written.") from fault
    return found if isinstance(found, dict) else {}


def _exchanges(path: Path, kept: dict[str, Any]) -> list[Exchange]:
    try:
        return [exchange_of_dict(one) for one in kept.get("answered", [])]
    except (KeyError, TypeError) as fault:
        raise AnalysisError(f"{path} does not tell what was answered before ({fault}); restore it.") from fault


def read_secret(path: Path, request: Request, practice: str) -> str:
    """The secret; made in the first round, and needed in all others.

    Raises
    ------
    AnalysisError
        When it is not there after the first round, or is the one of another practice.
    """
    if path.is_file():
        try:
            found = read_json(path)
            secret, owner = found["secret"], found["practice"]
        except (ValueError, KeyError, TypeError) as fault:
            raise AnalysisError(f"{path} is no file of a secret ({fault}); give the one of the first round.") from fault
        if not is_secret(secret):
            raise AnalysisError(f"{path} holds no secret that this version makes; give the file of the first round.")
        if owner != practice:
            raise AnalysisError(
                f"{path} is the secret of practice {owner}, not of {practice}; name another file with --secret."
            )
        return str(secret)
    if request.step != KEYS:
        raise AnalysisError(
            f"Found no secret at {path}. Round {request.round} needs the one that was made in the first round; "
            "name its place with --secret."
        )
    secret = new_secret()
    write_whole_file(path, json.dumps({"practice": practice, "secret": secret}) + "\n", mode=0o600)
    return secret
