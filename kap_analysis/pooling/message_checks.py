"""What is asked of a request before it is answered, and of an answer before it is taken in.

A hash does not show who wrote a file. So a practice answers only what the plan and the ladder can lead to: sums of all
of its patients in the columns that its plan names, for rows that are still those of its first answer.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kap_analysis.analysis.formats import NOT_RECORDED
from kap_analysis.analysis.model.covariates import share_columns
from kap_analysis.analysis.model.missing_covariates import EVERYTHING, FEW, KNOWN, MEAN
from kap_analysis.columns import FORMATS
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.likelihood.scaling import AgreedColumns
from kap_analysis.mixed.likelihood.sums import Asked
from kap_analysis.pooling.agreed_model import AgreedModel
from kap_analysis.pooling.choice import possible_models
from kap_analysis.pooling.counts import covariates, listed_words
from kap_analysis.pooling.filled_covariates import Regression, width
from kap_analysis.pooling.masks import BITS, is_key
from kap_analysis.pooling.messages import KEYS, Answer, Request, whole_numbers_of_text
from kap_analysis.pooling.pooling_plan import PoolingPlan

#: No request of an honest coordinator asks for more sums.
MOST_SUMS = 5_000_000
#: No number of a request is larger.
LARGEST = 1e300


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


def check_model(model: AgreedModel, plan: PoolingPlan) -> None:
    """Raise an error for a model that the plan and the ladder cannot lead to: it could tell of single patients."""
    planned = covariates(plan)
    words = {name: [word for word in listed_words(name) if word != NOT_RECORDED] for name in planned}
    _check(model.question == plan.question and model.visits == plan.visits, "another question, or other visits")
    formats = [name for name in FORMATS if name in model.formats]
    _check(len(formats) > 1 and tuple(formats) == model.formats, f"the formats {model.formats}")
    for name in model.covariates:
        _check(name in planned and (name in model.categories) == bool(words[name]), f"the covariate {name!r}")
    for name, one in model.categories.items():
        levels, of = _texts(one.get("levels")), one.get("of")
        known = isinstance(of, dict) and set(of) == set(words[name]) and set(_texts(list(of.values()))) <= set(levels)
        _check(known and len(set(levels)) == len(levels) > 1, f"levels of {name}")
    for name, own in model.incomplete.items():
        _check(name in model.covariates, f"{name!r}, which is no covariate of the model")
        category = model.categories.get(name)
        columns = [name] if category is None else list(share_columns(name, category["levels"]))
        _check(list(own) == columns and _are_numbers(list(own.values()), len(columns)), f"the columns of {name}")
    ordered = tuple(
        column for name in planned if name in model.covariates for column in model.incomplete.get(name, (name,))
    )
    _check((model.formula, model.residual_by) in possible_models(plan, ordered), f"the formula {model.formula!r}")
    for regression in model.regressions:
        _check_regression(regression, model)


def _check_regression(one: Regression, model: AgreedModel) -> None:
    is_one = one.of in one.lacking and set(one.lacking) <= set(model.incomplete)
    _check(is_one and one.kind in (EVERYTHING, KNOWN, FEW, MEAN), f"a regression of {one.of!r}")
    if not one.is_known:
        return
    n, responses = width(one, model.incomplete, *model.n_known), len(model.incomplete[one.of])
    rows = all(_are_numbers(list(row), responses) for row in one.slopes)
    shaped = rows and len(one.slopes) == (n - responses if one.slopes else 0)
    _check(_are_numbers(list(one.means), n) and shaped, f"means and slopes of {one.of}")


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
        raise AnalysisError(
            f"The request holds {found}: the plan cannot lead to it. It was not answered; ask the coordinator."
        )


def _list(found: Any) -> list[Any]:
    """The list as it is; of anything else one that fits nowhere."""
    return found if isinstance(found, list) else [None]


def _texts(found: Any) -> list[str]:
    """The list as it is where it holds texts; empty otherwise, which no list of levels is."""
    return found if isinstance(found, list) and all(isinstance(one, str) for one in found) else []


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
    return isinstance(found["note"], str) and (none or (_are_numbers([estimate, error], 2) and error > 0))
