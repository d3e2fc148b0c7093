"""Does the comparison hold if patients who were lost did worse?

The primary contrast is repeated on imputed data (see `imputation`) under three assumptions: scores are missing at
random; scores after dropout are worse by a delta in each format (the tipping point is where the conclusion changes);
scores after dropout follow a reference (see `reference_based`).
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from kap_analysis.analysis.missing.imputation import Completed
from kap_analysis.analysis.missing.imputed_contrast import ImputedContrast
from kap_analysis.analysis.missing.imputed_outcomes import complete_scores
from kap_analysis.analysis.missing.reference_based import ASSUMPTIONS
from kap_analysis.analysis.missing.rubin import Pooled
from kap_analysis.analysis.missing.tipping import UNDECIDED, shift_lost, tipping_points
from kap_analysis.analysis.model.covariates import caution_of
from kap_analysis.analysis.model.model_frame import hide_few
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.primary_model import why_descriptive
from kap_analysis.analysis.model.study_or_outcomes import planned_outcomes
from kap_analysis.analysis.result import Progress, Result, empty_withheld
from kap_analysis.analysis.visits import check_visit
from kap_analysis.columns import (
    CI_HIGH,
    CI_LOW,
    ESTIMATE,
    FORMAT,
    FORMATS,
    GROUP,
    INDIVIDUAL,
    N_PATIENTS,
)
from kap_analysis.disclosure.gate import is_open, release
from kap_analysis.disclosure.policy import MINIMUM_COUNT
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.writing.numbers import exact
from kap_analysis.writing.sentences import estimate_sentence, estimate_words, interval, number, sentence_case

AT_RANDOM = "patients lost to follow-up score like similar patients who stayed"
#: A delta moves the difference by the share of those lost, so that their number would come back.
OF_FEW_LOST = f"tells how many were lost: fewer than {MINIMUM_COUNT} of a format, or nobody"
WITHHELD = "What other assumptions would change is withheld: it tells how many were lost."
NOBODY_LOST = "Nobody left before that visit, so that assumptions about scores after dropout change nothing."
#: Points by which scores after dropout are made worse in the grid of deltas.
DELTAS = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True)
class DropoutSensitivity(Result):
    """The primary contrast under assumptions about the scores that were not observed.

    Attributes
    ----------
    estimates : DataFrame
        ``assumption`` (missing at random, jump to reference, copy increments in reference, copy reference, return to
        baseline), the estimate columns (Rubin's rules, Barnard-Rubin df), ``missing_information``,
        ``anchored_std_error``, ``anchored_ci_low``, ``anchored_ci_high`` (the information-anchored reading, see
        `Pooled.anchored`), ``n_patients``, ``assumes``. Of a public study of which a format lost fewer than
        `MINIMUM_COUNT` the first row alone, and of the next two frames none. A description has no p.
    tipping : DataFrame
        ``delta_individual``, ``delta_group`` (points by which scores after dropout are worse), the estimate columns,
        ``conclusion``.
    tipping_point : DataFrame
        Where the conclusion changes, as `tipping_points`: a row with group format varied, and one with individual.
    n_imputations : int
    too_few : str
        Why this describes and does not compare, or empty.
    notes : tuple of str
        How many are not due at the visit yet, how many baseline scores were imputed, and what was done so that
        bootstrap samples can estimate the imputation model.
    """

    estimates: pd.DataFrame
    tipping: pd.DataFrame
    tipping_point: pd.DataFrame
    visit: str
    n_imputations: int
    too_few: str = ""
    notes: tuple[str, ...] = ()
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def readings(self) -> pd.DataFrame:
        """The estimates by Rubin's rules, then as information anchored, as rows for `table_sensitivity`."""
        rubin = self.estimates.rename(columns={"assumption": "label"}).assign(group="Rubin's rules", is_primary=False)
        anchored = rubin.iloc[1:].assign(group="information anchored", df=rubin["df"].iloc[0], p_value=np.nan)
        for name in ("std_error", CI_LOW, CI_HIGH):
            anchored[name] = anchored[f"anchored_{name}"]
        return pd.concat([rubin, anchored], ignore_index=True)

    @property
    def paragraph(self) -> str:
        at_random, *others = (row for _, row in self.estimates.iterrows())
        told = "; ".join(
            f"{row['assumption']} {estimate_words(row)} ({interval(row['ci_low'], row['ci_high'])})" for row in others
        )
        few = f"Descriptive only: {self.too_few}. " if self.too_few else ""
        first = (
            f"{few}With {self.n_imputations} imputations and scores missing at random, group minus individual at "
            f"{self.visit} is {estimate_sentence(at_random)}."
        )
        if self.tipping.empty:
            return " ".join([first, WITHHELD, *self.notes])
        if np.ptp(self.estimates[ESTIMATE]) < 1e-9:
            return " ".join([first, NOBODY_LOST, *self.notes])
        return (
            f"{first} With scores after dropout drawn around the mean of a "
            f"reference it is (95% intervals by Rubin's rules): {told}. "
            f"{' '.join([*([self._tip()] if len(self.tipping) > 1 else []), *self.notes])}"
        )

    def _nobody_lost(self, varied: str) -> bool:
        """Whether a shift of those lost from one format alone changes nothing, for there are none."""
        other = f"delta_{INDIVIDUAL if varied == GROUP else GROUP}"
        alone = self.tipping[self.tipping[other] == 0]
        return bool(np.ptp(alone[ESTIMATE]) < 1e-9)

    def _tip(self) -> str:
        """Where the conclusion changes, for each format varied alone, or that it does not change."""
        if self.too_few:
            return "A description has no conclusion that worse scores after dropout could change."
        most = exact(self.tipping[["delta_individual", "delta_group"]].max().max())
        start = str(self.tipping_point["at_random"].iloc[0])
        zero = "includes zero: no difference is shown" if start == UNDECIDED else f"excludes zero: {start}"
        start_sentence = f"With scores missing at random the interval {zero}."
        points = [row[f"delta_{row['varied']}"] for _, row in self.tipping_point.iterrows()]
        if pd.isna(points).all() and not any(map(self._nobody_lost, FORMATS[:2])):
            return (
                f"{start_sentence} This conclusion does not change if those lost from either format alone score up to "
                f"{most} points worse than expected."
            )
        told = []
        for (_, row), at in zip(self.tipping_point.iterrows(), points, strict=True):
            lost = "groups" if row["varied"] == GROUP else "individual format"
            if self._nobody_lost(str(row["varied"])):
                told.append(f"Nobody was lost from {lost}.")
            elif pd.isna(at):
                told.append(f"It does not change if those lost from {lost} alone score up to {most} points worse.")
            else:
                size = "less than 0.1 points" if at < 0.05 else f"{number(at)} points"
                change = f'It becomes "{row["conclusion"]}"'
                told.append(f"{change} if those lost from {lost} alone score {size} worse than expected.")
        return " ".join([start_sentence, *told])


@asked_of(Study, Outcomes)
@once_per_run
def check_dropout(
    source: Study | Outcomes,
    *,
    plan: Plan | None = None,
    visit: str | None = None,
    n_imputations: int = 50,
    deltas: tuple[float, ...] = DELTAS,
    seed: int = 20190402,
    progress: Progress | None = None,
) -> DropoutSensitivity:
    """Repeat the primary contrast on imputed data, under assumptions about the patients who were lost.

    Parameters
    ----------
    n_imputations : int
        The Monte Carlo error of the estimate falls with the square root of this number.
    deltas : tuple of float
        Points from 0 added to scores after dropout (subtracted where higher is better); 0 is always among them.

    Notes
    -----
    Standard errors are Rubin's. They are approximately information anchored: they do not fall where more scores are
    missing, as the spread of the estimate over repeated studies would, since borrowing from the reference makes the
    formats alike (Cro, Carpenter & Kenward 2019, doi 10.1111/rssa.12423).
    """
    outcomes, plan, visit = planned_outcomes(source, plan, visit, population="started")
    check_visit(outcomes, visit)
    completed, covariates = complete_scores(outcomes, plan, visit, n_imputations, seed, progress)
    worse = -1.0 if outcomes.instrument.higher_is_better else 1.0
    lost = completed.after_dropout()
    contrast = ImputedContrast(completed, covariates, visit)
    at_random = contrast.pooled(completed.scores)
    estimates = [_named("missing at random", at_random, at_random, completed, AT_RANDOM)]
    for name, assumes in ASSUMPTIONS.items():
        pooled = contrast.pooled(completed.scores_under(name))
        estimates.append(_named(name, pooled, at_random, completed, assumes))
    too_few = why_descriptive(outcomes, plan, visit)
    shown, tipping = pd.DataFrame(estimates), shift_lost(contrast, deltas, worse, lost, at_random, progress)
    if too_few:
        shown["p_value"] = np.nan
        tipping["p_value"] = np.nan
    notes = tuple(filter(None, (*_not_due(completed, visit, outcomes), *completed.notes, caution_of(outcomes.frame))))
    result = DropoutSensitivity(shown, tipping, tipping_points(tipping), visit, n_imputations, too_few, notes)
    if is_open(outcomes.visibility, outcomes.is_simulated) or _lost_at_least(completed, lost, visit) >= MINIMUM_COUNT:
        return release(result, outcomes)
    return _without_the_lost(result, outcomes)


def _not_due(completed: Completed, visit: str, outcomes: Outcomes) -> tuple[str, ...]:
    """How many have not dropped out and are not due at the visit yet."""
    n = completed.n_not_due(visit)
    if not n:
        return ()
    who = sentence_case(hide_few(outcomes)(n))
    return (
        f"{who} {'is' if n == 1 else 'are'} not due at {visit} yet and not lost: these scores are imputed at random "
        "under every assumption.",
    )


def _without_the_lost(result: DropoutSensitivity, outcomes: Outcomes) -> DropoutSensitivity:
    """The result as it may be seen, with scores missing at random alone."""
    kept = {"estimates": 1, "tipping": 0, "tipping_point": 0}
    left = {name: getattr(result, name).iloc[:n] for name, n in kept.items()}
    released = release(replace(result, **left), outcomes)
    rows = [[name, "all", "all", OF_FEW_LOST] for name in ("tipping", "tipping_point")]
    rows += [["estimates", str(name), "all", OF_FEW_LOST] for name in result.estimates["assumption"].iloc[1:]]
    added = pd.DataFrame(rows, columns=["frame", "row", "column", "why"])
    return replace(released, withheld=pd.concat([released.withheld, added], ignore_index=True))


def _lost_at_least(completed: Completed, lost: np.ndarray, visit: str) -> int:
    """The patients lost by the visit, of the format that lost fewer."""
    is_group = (completed.patients[FORMAT] == GROUP).to_numpy()
    at_visit = lost[:, completed.visits.index(visit)]
    return min(int(at_visit[is_group].sum()), int(at_visit[~is_group].sum()))


def _named(assumption: str, pooled: Pooled, at_random: Pooled, completed: Completed, assumes: str) -> dict[str, object]:
    anchored = pooled.anchored(at_random)
    low, high = anchored.interval()
    return {
        "assumption": assumption, **pooled.row(), "missing_information": pooled.missing_information,
        "anchored_std_error": anchored.std_error, "anchored_ci_low": low, "anchored_ci_high": high,
        N_PATIENTS: len(completed.patients), "assumes": assumes,
    }  # fmt: skip
