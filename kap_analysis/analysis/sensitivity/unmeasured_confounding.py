"""Could an unmeasured confounder explain the difference: points of bias, a table of bias, and negative controls.

All of it is about the primary model. A confounder U that is left out of a linear model moves the difference by

    bias = effect of U on the score * difference in the prevalence of U between the formats,

both given the covariates (Lin, Psaty & Kronmal 1998, doi 10.2307/2533848). Signs of one are looked for in
`negative_controls`.
"""

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.ladder import DESCRIPTIVE
from kap_analysis.analysis.model.plan import Plan, stated_margin
from kap_analysis.analysis.model.primary_model import fit_primary, format_estimates
from kap_analysis.analysis.model.study_or_outcomes import planned_outcomes
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.analysis.sensitivity.negative_controls import compare_controls
from kap_analysis.analysis.visits import check_visit
from kap_analysis.columns import (
    CI_HIGH,
    CI_LOW,
    ESTIMATE,
    ESTIMATE_COLUMNS,
    N_PATIENTS,
)
from kap_analysis.disclosure.gate import release
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.writing.numbers import exact, round_step
from kap_analysis.writing.sentences import (
    estimate_words,
    in_points,
    interval,
    join_words,
    number,
    plural,
    sentence_case,
)

#: In the table of bias the confounder changes the score by one to five steps of this part of the scale, in round points
#: (2 to 10 on the BDI, 5 to 25 on WHO-5), and its prevalence differs by these parts between the formats.
STEP_OF_THE_SCALE: Final = 1 / 32
N_STEPS: Final = 5
PREVALENCES: Final = (0.1, 0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True)
class UnmeasuredConfounding(Result):
    """What an unmeasured confounder would have to do to the primary difference, and whether there are signs of one.

    Attributes
    ----------
    primary : DataFrame
        One row: the estimate columns of the primary difference.
    room : DataFrame
        ``target`` (zero, margin), ``limit`` (of the primary interval), ``points`` (that a confounder must account for;
        0 where none is needed), ``meaning``.
    bias : DataFrame
        ``effect`` (points by which the confounder changes the score), ``prevalence_difference`` (between the formats,
        0 to 1), ``bias`` (points, towards the difference that was found), ``estimate``, ``ci_low``, ``ci_high`` (with
        that bias taken away), ``includes_zero``.
    controls : DataFrame
        Negative controls: ``group`` (other instruments at baseline, characteristics at the start), ``label``, the
        estimate columns (group minus individual, without p), ``standardised`` (by the pooled SD of the control),
        ``n_patients``, ``assumes``, ``is_primary`` (False), ``note`` (why it could not be estimated).
    visit : str
    too_few : str
        Why the primary comparison is descriptive, or empty.
    caution : str
        That format and practice cannot be told apart, where they cannot; else empty.
    """

    primary: pd.DataFrame
    room: pd.DataFrame
    bias: pd.DataFrame
    controls: pd.DataFrame
    visit: str
    too_few: str = ""
    caution: str = ""
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        row = self.primary.iloc[0]
        few = f"Descriptive only: {self.too_few}. " if self.too_few else ""
        of_zero, *of_margin = (f"{sentence_case(meaning)}." for meaning in self.room["meaning"])
        parts = [
            f"{few}The primary difference at {self.visit} is {estimate_words(row)} points (95% interval "
            f"{interval(row[CI_LOW], row[CI_HIGH])}).",
            self.caution,
            of_zero,
            *self._smallest_that_suffices(),
            *of_margin,
            *self._controls_told(),
        ]
        return " ".join(part for part in parts if part)

    def _smallest_that_suffices(self) -> list[str]:
        """The weakest confounder of the table that moves the interval to zero."""
        if self.room["points"].iloc[0] == 0:
            return []
        enough = self.bias[self.bias["bias"] >= self.room["points"].iloc[0]]
        if enough.empty:
            most = number(self.bias["bias"].max())
            return [f"No confounder of the table of bias is strong enough for that: its largest bias is {most} points."]
        row = enough.sort_values(["bias", "effect"], kind="stable").iloc[0]
        return [
            f"A confounder that changes the score by {in_points(row['effect'])} and is "
            f"{exact(100 * row['prevalence_difference'])} percentage points more common in one format accounts for "
            f"{number(row['bias'])} points, which is enough."
        ]

    def _controls_told(self) -> list[str]:
        found = self.controls[self.controls[ESTIMATE].notna()]
        if found.empty:
            why = "nothing that the model does not adjust for was measured before treatment"
            if len(self.controls):
                why = f"of {len(self.controls)} that were measured before treatment none can be compared"
            return [f"There is no negative control: {why}."]
        away = found[(found[CI_LOW] > 0) | (found[CI_HIGH] < 0)]
        told = [f"{row['label']} ({number(row['standardised'], 2)} SD)" for _, row in away.iterrows()]
        start = "The format cannot have changed what was measured before treatment. "
        start += f"Of {plural(len(found), 'such negative control')}"
        if away.empty:
            return [
                f"{start}, none differs between the formats by an interval that excludes zero, given the covariates; "
                f"the largest difference is {number(found['standardised'].abs().max(), 2)} SD. This does not prove "
                "that nothing else differs."
            ]
        return [
            f"{start}, {len(away)} {'differs' if len(away) == 1 else 'differ'} between the formats by an interval that "
            f"excludes zero, given the covariates: {join_words(told)}. The formats may differ in something that the "
            "covariates do not account for; by chance alone 1 of 20 would."
        ]


@asked_of(Study, Outcomes)
def check_unmeasured_confounding(
    source: Study | Outcomes, *, plan: Plan | None = None, visit: str | None = None, margin: float | None = None
) -> UnmeasuredConfounding:
    """Ask how strong an unmeasured confounder must be to undo the primary difference, and look for signs of one.

    Parameters
    ----------
    source : Study or Outcomes
        Negative controls are what the model does not adjust for: characteristics that are numbers or yes and no, and
        of a study other instruments at baseline.
    margin : float, optional
        In points; default the plan's for its primary instrument and visit, or none. A description is not judged by it.

    Raises
    ------
    AnalysisError
        If the formats cannot be compared at the visit, or the margin is not a positive number.
    """
    outcomes, plan, visit = planned_outcomes(source, plan, visit)
    check_visit(outcomes, visit)
    model, rung, fit, _ = fit_primary(outcomes, plan, visit)
    _, contrasts = format_estimates(fit, model, visit, rung, test=False)
    primary = contrasts.loc[contrasts["is_primary"], [*ESTIMATE_COLUMNS, N_PATIENTS]].reset_index(drop=True)
    too_few = rung.why if rung.name == DESCRIPTIVE else ""
    stated = stated_margin(margin, plan, outcomes.instrument.name, visit)
    result = UnmeasuredConfounding(
        primary=primary,
        room=points_of_bias(primary.iloc[0], None if too_few else stated, outcomes.instrument.higher_is_better),
        bias=bias_table(primary.iloc[0], outcomes.instrument.total_range),
        controls=compare_controls(source, replace(model, covariates=rung.covariates), plan, visit),
        visit=visit,
        too_few=too_few,
        caution=model.caution,
    )
    return release(result, outcomes)


def points_of_bias(primary: pd.Series, margin: float | None, higher_is_better: bool) -> pd.DataFrame:
    """Points of bias that would move the interval to zero, or its worse limit across the margin.

    The two are about opposite biases: one that makes a difference where there is none, and one that hides how much
    worse group format is.
    """
    low, high = float(primary[CI_LOW]), float(primary[CI_HIGH])
    if low <= 0 <= high:
        none = "the interval includes zero, so there is no difference to explain away; a confounder may also hide one"
        rows = [("zero", np.nan, 0.0, none)]
    else:
        limit = low if low > 0 else high
        size = interval(abs(limit), abs(limit)).partition(" to ")[0]  # a limit that is not 0 never reads 0.0
        needed = f"an unmeasured confounder must account for {size} points to move the interval to zero"
        rows = [("zero", limit, abs(limit), needed)]
    if margin is not None:
        stated = f"the margin of {in_points(margin)}"
        worse = -low if higher_is_better else high
        room = margin - worse
        meaning = (
            f"to move the interval across {stated}, a confounder must hide {number(room)} points by which group format "
            "is worse"
            if room > 0
            else f"the interval reaches beyond {stated} without any confounder"
        )
        rows.append(("margin", worse, max(room, 0.0), meaning))
    return pd.DataFrame(rows, columns=["target", "limit", "points", "meaning"])


def bias_table(primary: pd.Series, total_range: tuple[float, float]) -> pd.DataFrame:
    """The primary difference with the bias of a confounder taken away: the rows of `UnmeasuredConfounding.bias`."""
    step = round_step((total_range[1] - total_range[0]) * STEP_OF_THE_SCALE)
    low, estimate, high = (float(primary[name]) for name in (CI_LOW, ESTIMATE, CI_HIGH))
    side = 1.0 if estimate >= 0 else -1.0
    rows = []
    for effect in (round(step * times, 10) for times in range(1, N_STEPS + 1)):
        for prevalence in PREVALENCES:
            bias = effect * prevalence
            moved = [value - side * bias for value in (estimate, low, high)]
            rows.append([effect, prevalence, bias, *moved, moved[1] <= 0 <= moved[2]])
    names = ["effect", "prevalence_difference", "bias", ESTIMATE, CI_LOW, CI_HIGH, "includes_zero"]
    return pd.DataFrame(rows, columns=names)
