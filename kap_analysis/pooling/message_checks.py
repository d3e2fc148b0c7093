"""What is asked of a request before it is answered, and of an answer before it is taken in.

A hash does not show who wrote a file. So a practice works out for itself which model the counts of all practices lead
to, and answers no other: sums of all of its patients, for rows that are still those of its first answer.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.likelihood.scaling import AgreedColumns
from kap_analysis.mixed.likelihood.sums import Asked
from kap_analysis.pooling.agreed_model import AgreedModel
from kap_analysis.pooling.choice import choose_model
from kap_analysis.pooling.counts import Counts, counts_asked, counts_of_numbers
from kap_analysis.pooling.filled_covariates import Regression, regression_of_dict, width
from kap_analysis.pooling.masks import BITS, is_key, mark, masked, total
from kap_analysis.pooling.messages import COUNTS, KEYS, Answer, Request, whole_numbers_of_text
from kap_analysis.pooling.pooling_plan import PoolingPlan

#: No request of an honest coordinator asks for more sums.
MOST_SUMS = 5_000_000
#: No number of a request is larger.
LARGEST = 1e300
#: Points by which formats differ at most, or their standard error: no instrument has so long a scale.
LARGEST_ESTIMATE = 1e4


def check_answer(answer: Answer, request: Request, file: str) -> None:
    """Raise an error for an answer that is none to this request; `file` is where it stands."""
    content, who = answer.content, f"practice {answer.practice}"
    again = f"Take {file} away, and ask {who} for it again."
    if answer.round != request.round:
        raise AnalysisError(f"{file} says round {answer.round}, and answers the request of {request.round}. {again}")
    if request.step == KEYS:
        if not is_key(content.get("key")) or not _is_own_estimate(content.get("own")):
            raise AnalysisError(f"{file} holds no key, or no estimate of its own, that can be used. {again}")
        return
    if answer.rows != request.content["rows"].get(answer.practice):
        raise AnalysisError(
            f"The rows of {who} changed before round {request.round} ({file}): sums of different data have no meaning "
            "together. Begin a new exchange when all data are final."
        )
    try:
        whole_numbers_of_text(content.get("sums"), request.content["length"], file)
    except AnalysisError as error:
        raise AnalysisError(f"{str(error).rpartition(';')[0]}. {again}") from error
    others = {name for name in request.practices if name != answer.practice}
    if request.step == COUNTS and not (isinstance(content.get("marks"), dict) and set(content["marks"]) == others):
        raise AnalysisError(f"{file} holds no marks for the other practices. {again}")


def check_request(request: Request, practice: str) -> None:
    """Raise an error for a request whose answer would not be masked, or that no coordinator writes."""
    names, content = request.practices, request.content
    if practice not in names:
        raise AnalysisError(f"Practice {practice} is not asked; asked are {', '.join(names)}.")
    of_all = [content.get("keys"), content.get("rows")] if request.step != KEYS else [dict.fromkeys(names)]
    if len(names) < 2 or not all(isinstance(one, dict) and set(one) == set(names) for one in of_all):
        raise AnalysisError(
            "The request does not name two or more practices with a key of each: an answer to it would not be masked. "
            "Do not answer; ask the coordinator."
        )
    if request.step == KEYS:
        return
    keys = list(content["keys"].values())
    _check(all(map(is_key, keys)) and len(set(keys)) == len(keys), "a key that is none, or one key twice")
    _check(_is_count(content.get("bits"), BITS), "no number of bits")
    _check(_is_count(content.get("length"), MOST_SUMS), "no number of sums")


def check_rows(request: Request, practice: str, rows: str) -> None:
    """Raise an error where rows are not those of the practice's first answer; `rows` is their fingerprint."""
    if request.step != KEYS and request.content["rows"][practice] != rows:
        raise AnalysisError(
            f"The rows of practice {practice} are not those of its first answer. Two answers of different rows would "
            "show what changed, so this request is not answered. Bring back the data as they were, or ask the "
            "coordinator for a new exchange when all data are final. Nothing was written."
        )


def checked_counts(request: Request, plan: PoolingPlan, own: np.ndarray, *, practice: str, secret: str) -> Counts:
    """The counts of all practices, from the answers to the second request, each with the mark of its practice.

    Parameters
    ----------
    own : numpy.ndarray
        The counts of this practice, as it sent them masked.

    Raises
    ------
    AnalysisError
        When an answer is not there, or was made by somebody else.
    """
    keys, counted = request.content["keys"], request.content.get("counted", {})
    asked = counts_asked(plan, keys, request.content["rows"])
    second = Request(plan.to_dict(), request.practices, 2, COUNTS, asked, request.version)
    _check(isinstance(counted, dict) and set(counted) == set(request.practices), "no counts of each practice")
    sums = {}
    for name, one in counted.items():
        _check(isinstance(one, dict), f"no counts of practice {name}")
        sums[name] = whole_numbers_of_text(one.get("sums"), asked["length"], f"The counts of practice {name}")
        if name != practice:
            made = mark(secret, keys[name], second.hash, one["sums"])
            marks = one.get("marks")
            is_theirs = isinstance(marks, dict) and marks.get(practice) == made
            _check(is_theirs, f"counts of practice {name} that it did not send")
    mine = masked(own, asked["bits"], practice=practice, secret=secret, keys=keys, request=second.hash)
    _check(np.array_equal(sums[practice], mine), f"other counts of practice {practice} than it sent")
    return counts_of_numbers(plan, total(list(sums.values()), asked["bits"]))


def checked_model(found: Any, counts: Counts, plan: PoolingPlan, practices: int) -> AgreedModel:
    """The model that the counts of all practices lead to, with the regressions of the request.

    Raises
    ------
    AnalysisError
        When the request has another one: its sums could tell of single patients.
    """
    own = choose_model(plan, counts, practices)[0]
    shown = [_text({**one, "regressions": []}) for one in (found, own.to_dict()) if isinstance(one, dict)]
    _check(len(shown) == 2 and shown[0] == shown[1], "a model that the counts of all practices do not lead to")
    try:
        regressions = tuple(regression_of_dict(one) for one in found["regressions"])
    except (KeyError, TypeError, AttributeError) as fault:
        raise AnalysisError(
            f"The request holds regressions that cannot be read ({fault}); ask for it again."
        ) from fault
    named = [sorted(_text([one.of, one.lacking, one.kind]) for one in some) for some in (regressions, own.regressions)]
    _check(named[0] == named[1], "other regressions than these counts lead to")
    model = replace(own, regressions=regressions)
    for one in regressions:
        _check_regression(one, model)
    return model


def _check_regression(one: Regression, model: AgreedModel) -> None:
    if not one.is_known:
        return
    n, responses = width(one, model.incomplete, *model.n_known), len(model.incomplete[one.of])
    rows = all(_are_numbers(list(row), responses) for row in one.slopes)
    shaped = rows and len(one.slopes) == (n - responses if one.slopes else 0)
    _check(_are_numbers(list(one.means), n) and shaped, f"other means and slopes of {one.of}")


def _text(found: Any) -> str:
    return json.dumps(found, sort_keys=True)


def asked_values(content: dict[str, Any], columns: int, widths: Sequence[int]) -> tuple[AgreedColumns, Asked, Any]:
    """The columns to work in, what second derivatives are multiplied with, and the elements of V, from a request.

    Parameters
    ----------
    columns : int
        Of the model, without the own intercept.
    widths : sequence of int
        Columns of each bar.
    """
    kept, sizes = _list(content.get("columns")), _list(content.get("sizes"))
    are_columns = all(_is_count(at, columns - 1) for at in kept)
    _check(are_columns and len(set(kept)) == len(kept), "columns that the model does not have")
    p = len(kept)
    eta = _array(content, "eta", lambda found: found.ndim == 1)
    m = len(eta)
    r, centre = _array(content, "r", (p, p)), _array(content, "centre", (p,))
    _check(len(sizes) == len(widths), "no size of each random effect")
    each = tuple(_array({"sizes": size}, "sizes", (width,)) for size, width in zip(sizes, widths, strict=True))
    scale = float(_array(content, "scale", ()))
    _check(scale > 0 and all((size > 0).all() for size in each), "a scale that is not above 0")
    _check(p == 0 or np.linalg.matrix_rank(r) == p, "columns that cannot be told apart")
    asked = Asked(*(_array(content, name, (n, n)) for name, n in (("xi", p + 1), ("phi", p + 1), ("w", m))))
    return AgreedColumns(centre, r, scale, each), asked, eta


def _array(content: dict[str, Any], name: str, shape: tuple[int, ...] | Callable[[np.ndarray], bool]) -> np.ndarray:
    try:
        found = np.array(content.get(name), dtype=float)
    except (TypeError, ValueError, OverflowError):
        found = np.array(np.nan)
    fits = (
        shape(found) if callable(shape) else found.size == math.prod(shape) and (found.shape == shape or not found.size)
    )
    _check(fits and bool(np.isfinite(found).all()), f"no {name} of the right shape")
    return found if callable(shape) else found.reshape(shape)


def _check(is_right: bool, found: str) -> None:
    if not is_right:
        raise AnalysisError(f"The request holds {found}. It was not answered; ask the coordinator.")


def _list(found: Any) -> list[Any]:
    """The list as it is; of anything else one that fits nowhere."""
    return found if isinstance(found, list) else [None]


def _is_count(found: Any, most: int) -> bool:
    return type(found) is int and 0 <= found <= most


def _are_numbers(found: list[Any], n: int) -> bool:
    return len(found) == n and all(
        isinstance(one, int | float) and not isinstance(one, bool) and abs(one) < LARGEST for one in found
    )


def _is_own_estimate(found: Any) -> bool:
    """Whether this is what `answer_request` gives as the practice's own estimate; None: it was not planned."""
    if found is None:
        return True
    if not isinstance(found, dict) or set(found) != {"estimate", "std_error", "note"}:
        return False
    estimate, error = found["estimate"], found["std_error"]
    none = estimate is None and error is None
    told = _are_numbers([estimate, error], 2) and abs(estimate) < LARGEST_ESTIMATE and 0 < error < LARGEST_ESTIMATE
    return isinstance(found["note"], str) and (none or told)
