"""The secret of a practice: one small file that stays with it from the first round to the last."""

import json
import re
from pathlib import Path

from kap_analysis.errors import AnalysisError
from kap_analysis.pooling.masks import is_secret, new_secret
from kap_analysis.pooling.messages import KEYS, Answer, Request
from kap_analysis.whole_folder import write_whole_file


def secret_path(study: Path, practice: str) -> Path:
    """Where it is kept unless another place is named: beside the study folder, never in it."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", practice).strip("_") or "practice"
    return study.absolute().parent / f"{study.absolute().name}_{plain}.pool_secret"


def given_estimate(path: Path) -> str | None:
    """The fingerprint of the rows of which the practice gave its own estimate, as it is kept beside the secret."""
    found = json.loads(path.read_text(encoding="utf-8")).get("gave")
    return None if found is None else str(found)


def note_estimate(path: Path, answer: Answer) -> None:
    """Keep of which rows an answer gives the practice's own estimate; only the first is kept."""
    own = answer.content.get("own")
    if own and own["estimate"] is not None and given_estimate(path) is None:
        kept = json.loads(path.read_text(encoding="utf-8"))
        write_whole_file(path, json.dumps({**kept, "gave": answer.rows}) + "\n", mode=0o600)


def read_secret(path: Path, request: Request, practice: str) -> str:
    """The secret; made in the first round, and needed in all others.

    Raises
    ------
    AnalysisError
        When it is not there after the first round, or is the one of another practice.
    """
    if path.is_file():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            secret, owner = found["secret"], found["practice"]
        except (ValueError, KeyError, TypeError) as fault:
            raise AnalysisError(f"{path} is no file of a secret ({fault}); give the one of the first round.") from fault
        if not is_secret(secret):
            raise AnalysisError(f"{path} holds no secret that this version makes; give the file of the first round.")
        if owner != practice:
            raise AnalysisError(f"{path} is the secret of practice {owner}, not of {practice}.")
        return str(secret)
    if request.step != KEYS:
        raise AnalysisError(
            f"Found no secret at {path}. Round {request.round} needs the one that was made in the first round; "
            "name its place with --secret."
        )
    secret = new_secret()
    write_whole_file(path, json.dumps({"practice": practice, "secret": secret}) + "\n", mode=0o600)
    return secret
