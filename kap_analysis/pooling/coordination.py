"""What the coordinator does with the totals: choose the model, work in common columns, search, and read off the result.

It is one function that asks for totals as if they were there at once. Where answers come by file, what is not yet there
stops it; it is run anew when they are, and comes to the same place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.ladder import DESCRIPTIVE
from kap_analysis.columns import FORMAT, FORMATS, GROUP, INDIVIDUAL, N_PATIENTS, P_VALUE, STATISTIC, VISIT
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.coefficients.estimates import estimate_frame
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.likelihood.first_sums import FirstSums
from kap_analysis.mixed.likelihood.scaling import AgreedColumns
from kap_analysis.mixed.likelihood.sums import Asked, Sums
from kap_analysis.mixed.summed_fit import SummedFit, fit_from_sums
from kap_analysis.pooling.agreed_model import AgreedModel
from kap_analysis.pooling.choice import choose_model
from kap_analysis.pooling.counts import Counts, counts_asked, counts_of_numbers
from kap_analysis.pooling.filled_covariates import solved, width
from kap_analysis.pooling.masks import bits_below, total
from kap_analysis.pooling.messages import COUNTS, FIRST, KEYS, SUMS, Answer, whole_numbers_of_text
from kap_analysis.pooling.pooled_comparison import PooledComparison
from kap_analysis.pooling.pooling_plan import PRIMARY, PoolingPlan
from kap_analysis.pooling.two_stage import COLUMNS as TWO_STAGE
from kap_analysis.pooling.two_stage import combine_estimates


class Exchange(Protocol):
    """Where answers come from."""

    def ask(self, step: str, content: Mapping[str, Any]) -> Mapping[str, Answer]:
        """The answer of each practice to what `content` says."""
        ...

    def rounds(self) -> pd.DataFrame:
        """The rounds so far: ``round step answer_bytes`` (of the largest answer)."""
        ...

    def released(self, result: PooledComparison, counts: Counts) -> PooledComparison:
        """The result as it may be seen, by the rules of the practices' studies."""
        ...


@dataclass(frozen=True)
class _Asking:
    """Asks for sums of one model."""

    exchange: Exchange
    shared: Mapping[str, Any]  # keys, fingerprints of rows, and the answers on the counts: every practice checks these
    model: AgreedModel

    def total(self, step: str, content: Mapping[str, Any], length: int, bound: float) -> np.ndarray:
        fields = {"length": length, "bits": bits_below(bound), "model": self.model.to_dict(), **content}
        return _total(self.exchange, step, {**self.shared, **fields})[0]


def _total(exchange: Exchange, step: str, content: Mapping[str, Any]) -> tuple[np.ndarray, Mapping[str, Answer]]:
    """The sums (length,) over all practices, and their answers."""
    answers = exchange.ask(step, content)
    parts = [
        whole_numbers_of_text(answer.content.get("sums"), content["length"], f"The answer of practice {name}")
        for name, answer in answers.items()
    ]
    return total(parts, content["bits"]), answers


def coordinate(plan: PoolingPlan, exchange: Exchange) -> PooledComparison:
    """The pooled result from totals.

    Raises
    ------
    AnalysisError
        When the practices together do not hold what the question needs.
    """
    firsts = exchange.ask(KEYS, {})
    if len(firsts) < 2:
        raise AnalysisError(
            f"Found {len(firsts)} practice; pooling without rows needs two or more, and three before no other practice "
            "can work out the sums of one."
        )
    keys: dict[str, str] = {}
    for name, answer in firsts.items():
        other = keys.setdefault(answer.content["key"], name)
        if other != name:
            raise AnalysisError(
                f"Practices {other} and {name} sent the same key, so that one of them sent that of the other. Ask both."
            )
    rows = {name: answer.rows for name, answer in firsts.items()}
    asked = counts_asked(plan, {name: answer.content["key"] for name, answer in firsts.items()}, rows)
    found, answers = _total(exchange, COUNTS, asked)
    counts = counts_of_numbers(plan, found)
    counted = {name: answer.content for name, answer in answers.items()}
    model, rung, why, notes = choose_model(plan, counts, len(firsts))
    try:
        shared = {"keys": asked["keys"], "rows": rows, "counted": counted}
        fit, averages, dropped = _fit(_Asking(exchange, shared, model), counts)
    except (MixedModelError, np.linalg.LinAlgError) as error:
        raise AnalysisError(f"{plan.plan.instrument} of all practices cannot be modelled: {error}") from error
    if dropped:
        notes = (*notes, f"Left out, because the columns before them say the same: {', '.join(dropped)}.")
    owns = {name: answer.content.get("own") for name, answer in firsts.items()}
    own = [{"practice": name, **estimate} for name, estimate in owns.items() if estimate]
    described = {
        "instrument": plan.plan.instrument, VISIT: plan.plan.visit if plan.question == PRIMARY else "",
        "question": plan.question, "rung": rung, "formula": model.formula, "why": why, "practices": len(firsts),
        N_PATIENTS: int(counts.patients), "n_observations": fit.nobs, "rounds": len(exchange.rounds()),
    }  # fmt: skip
    result = PooledComparison(
        contrasts=_contrasts(plan, model, fit, averages, counts, rung),
        coefficients=fit.coefficients(),
        covariance=fit.theta.rename_axis("parameter").rename("estimate").reset_index(),
        two_stage=combine_estimates(pd.DataFrame(own)) if own else pd.DataFrame(columns=list(TWO_STAGE)),
        rounds=exchange.rounds(),
        model=pd.DataFrame([described]),
        notes=pd.DataFrame({"note": list(notes)}),
        fit=fit,
    )
    return exchange.released(result, counts)


def _fit(asking: _Asking, counts: Counts) -> tuple[SummedFit, np.ndarray, list[str]]:
    """The fit, the averaged design rows of the settings (settings x columns), and columns that were left out."""
    first, averages, asking = _first(asking, counts)
    model = asking.model
    design = model.empty_design()
    names = design.fixed.names[1:]
    _check_formats(names, first)
    columns = first.independent()
    first = first.keeping(columns)
    shared = tuple(names[at] for at in columns)

    def sums_at(agreed: AgreedColumns, eta: np.ndarray, asked: Asked) -> Sums:
        m, p = len(eta), len(shared) + 1
        content = {
            "columns": columns,
            "r": agreed.r.tolist(),
            "centre": agreed.centre.tolist(),
            "scale": agreed.scale,
            "sizes": [one.tolist() for one in agreed.sizes],
            "eta": eta.tolist(),
            "xi": asked.xi.tolist(),
            "phi": asked.phi.tolist(),
            "w": asked.w.tolist(),
        }
        length = 3 + p * (p + 1) // 2 * (2 + m) + m + 4 * (m * (m + 1) // 2)
        total = asking.total(SUMS, content, length, 4096.0 * max(counts.rows, 256.0))
        found = Sums.of_numbers(eta, asked, total)
        _check_sums(found, first.n)
        return found

    fit = fit_from_sums(design, shared, first, sums_at)
    return fit, averages[:, columns], [name for at, name in enumerate(names) if at not in columns]


def _check_formats(names: tuple[str, ...], first: FirstSums) -> None:
    """Raise an error if no practice has patients in both formats: beside its own intercept none is left of a format."""
    left = np.diag(first.s)[:-1] / max(first.n, 1.0)
    formats = [at for at, name in enumerate(names) if name.startswith(f"{FORMAT}[") and ":" not in name]
    if formats and all(left[at] < 1e-9 for at in formats):
        raise AnalysisError(
            "No practice has patients in both formats: the difference between the formats cannot be told apart from "
            "that between the practices, each of which has its own intercept here. Pool practices that treat in both."
        )


def _check_sums(sums: Sums, rows: float) -> None:
    """What sums of any rows are: of as many rows as in round 3, and of squares. Little else can be seen in a total.

    Raises
    ------
    AnalysisError
        When they are not.
    """
    values = np.linalg.eigvalsh(sums.s)
    if abs(sums.n - rows) > 1e-6 or values[0] < -1e-9 * abs(values[-1]):
        raise AnalysisError(
            "The totals of the last round are no sums of the rows of round 3, so an answer to it was altered. "
            "Ask every practice to answer that round anew and take these answers in: the same rows give the same "
            "answer, so one that differs from what is here is named."
        )


def _first(asking: _Asking, counts: Counts) -> tuple[FirstSums, np.ndarray, _Asking]:
    """The first sums, the averaged rows, and the model with what stands in place of what was not recorded.

    The first sums have means there: the search begins from them, and the practices' answers to the next request have
    the expected values. Where these are what other columns say, the first sums are asked for anew, which tell so.
    """
    model = asking.model
    design = model.empty_design()
    k, q, n_settings = len(design.fixed.names), sum(bar.z.shape[1] for bar in design.bars), len(model.settings)
    residual = design.residual
    e = residual.structure.n_elements(len(residual.visits)) * len(residual.strata)
    sizes = [2 + k * (k + 1) // 2 * (1 + e) + e + 2 * q, n_settings * k]
    widths = [width(one, model.incomplete, *model.n_known) for one in model.asked]
    sizes += [1 + n + n * (n + 1) // 2 for n in widths]
    largest = max([counts.squares, 1.0, *(number[3] for number in counts.numbers.values())])
    bound = 64.0 * max(counts.rows, len(model.visits) * largest)
    found, rows, *regressions = np.split(asking.total(FIRST, {}, sum(sizes), bound), np.cumsum(sizes)[:-1])
    averages = rows.reshape(n_settings, k)[:, 1:] / counts.patients
    if not model.asked:
        return FirstSums.of_numbers(k, e, q, found), averages, asking
    each = [
        solved(one, sums, len(model.incomplete[one.of])) for one, sums in zip(model.asked, regressions, strict=True)
    ]
    known = [one for one in model.regressions if one.is_known]
    asking = replace(asking, model=replace(model, regressions=(*known, *(one for one, _ in each))))
    if any(says_the_same for _, says_the_same in each):
        return _first(asking, counts)
    return FirstSums.of_numbers(k, e, q, found), averages, asking


def _contrasts(
    plan: PoolingPlan, model: AgreedModel, fit: SummedFit, averages: np.ndarray, counts: Counts, rung: str
) -> pd.DataFrame:
    settings = pd.DataFrame(model.settings)
    names, rows = [], []
    others = [name for name in model.formats if name != INDIVIDUAL]
    if plan.question == PRIMARY:
        for visit in model.visits:
            at = settings[VISIT].eq(visit) if VISIT in settings else pd.Series(True, settings.index)
            base = averages[(at & settings[FORMAT].eq(INDIVIDUAL)).to_numpy()][0]
            place = plan.visits.index(visit)
            for name in others:
                rows.append(averages[(at & settings[FORMAT].eq(name)).to_numpy()][0] - base)
                n = sum(counts.pairs[FORMATS.index(one), place, place] for one in (INDIVIDUAL, name))
                names.append({VISIT: visit, "contrast": f"{name} - {INDIVIDUAL}", N_PATIENTS: int(n)})
        frame = estimate_frame(pd.DataFrame(names), *_estimates(fit, rows))
        first = frame[VISIT].eq(plan.plan.visit) & frame["contrast"].eq(frame["contrast"].iloc[0])
        return _untested(frame.assign(is_primary=first), ~first | (rung == DESCRIPTIVE))
    phases = [("early", "in months 0 to 2"), ("late", "from month 2 on")][: 2 if " late" in model.formula else 1]
    for piece, words in phases:
        slopes = {}
        for name in model.formats:
            own = settings[FORMAT].eq(name)
            step = averages[(own & settings[piece].eq(1.0)).to_numpy()][0]
            slopes[name] = step - averages[(own & settings["early"].eq(0) & settings["late"].eq(0)).to_numpy()][0]
            names.append({"phase": words, "contrast": name, N_PATIENTS: int(counts.formats[FORMATS.index(name)])})
            rows.append(slopes[name])
        if GROUP in slopes and INDIVIDUAL in slopes:
            names.append({"phase": words, "contrast": f"{GROUP} - {INDIVIDUAL}", N_PATIENTS: int(counts.patients)})
            rows.append(slopes[GROUP] - slopes[INDIVIDUAL])
    frame = estimate_frame(pd.DataFrame(names), *_estimates(fit, rows))
    first = frame["contrast"].eq(f"{GROUP} - {INDIVIDUAL}")
    return _untested(frame.assign(is_primary=first & ~first.duplicated()), pd.Series(True, frame.index))


def _untested(frame: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """As in the analysis of pooled rows: the primary difference is tested, and nothing else."""
    frame.loc[rows, [STATISTIC, P_VALUE]] = np.nan
    return frame


def _estimates(fit: SummedFit, rows: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    found = fit.inference(np.array(rows))
    return found.estimate, found.std_error, found.df
