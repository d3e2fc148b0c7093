"""A planned study: what it can show, in frames and in the sentences of a grant and of a Methods section."""

from dataclasses import dataclass

import pandas as pd
from scipy.special import stdtrit

from kap_analysis.analysis.model.ladder import DESCRIPTIVE, FULL
from kap_analysis.analysis.result import Result
from kap_analysis.columns import GROUP, INDIVIDUAL, STD_ERROR
from kap_analysis.planning.decision import claim_is_true
from kap_analysis.planning.next_study import NextStudy
from kap_analysis.writing.numbers import MINUS, exact
from kap_analysis.writing.sentences import count, join_words, number, percent, plural, sentence_case

FORMULA = "formula"
SIMULATED = "simulated"
#: Fewer of the studies than this with the model of the formula: their counts are near the limit of another model.
NEAR_ANOTHER = 0.9
#: The standard error and the SD of the estimate differ by more than this share.
APART = 0.02


@dataclass(frozen=True, repr=False)
class PlannedStudy(Result):
    """What `plan_next_study` returns. Widths and differences are in points of the instrument.

    Attributes
    ----------
    study : NextStudy
        The design and what is assumed.
    precision : pandas.DataFrame
        One row per ICC and method (formula, simulated): ``icc``, ``level`` (of the interval whose width is given),
        ``method``, ``rung``, ``rung_share`` (of studies of this design whose counts give that model), ``n_draws``,
        ``std_error``, ``estimate_sd`` (of the estimate over studies), ``df``, ``power``, ``power_mc_error``,
        ``type_1_error``, ``type_1_mc_error``, ``coverage``, ``width``, ``width_mc_error``, ``width_80``. Simulated rows
        have Monte Carlo errors; the formula has none. Where the claim is false with the assumed difference, ``power``
        is the chance of a wrong claim.
    smallest : pandas.DataFrame
        One row per target: ``target``, ``value``, ``reached``, ``cohorts``, ``individual``, ``n_patients``, ``power``,
        ``width``, ``rung``. The ratio of the formats is that of the design.
    grid : pandas.DataFrame
        One row per design: the fields that vary, ``power``, ``width``; both missing where it cannot be estimated.
    exchange : pandas.DataFrame
        What more patients buy, one row per way to add them: ``added``, ``n_patients``, ``power``, ``width``, ``rung``,
        ``width_saved`` and ``width_saved_per_patient``.
    assumptions : pandas.DataFrame
        ``assumption``, ``value``, ``source``: published with its source, or assumed.
    """

    study: NextStudy
    precision: pd.DataFrame
    smallest: pd.DataFrame
    grid: pd.DataFrame
    exchange: pd.DataFrame
    assumptions: pd.DataFrame

    def __repr__(self) -> str:
        return f"PlannedStudy({self.study.cohorts} cohorts, {self.study.individual} individual patients)"

    @property
    def paragraph(self) -> str:
        """The sentences for a grant application."""
        return " ".join([_who(self.study), *_shows(self), *_by_icc(self), *_targets(self), *_exchanged(self)])

    @property
    def methods(self) -> str:
        """The paragraph for the Methods section: how the size of the study was chosen."""
        return " ".join([_model(self), _assumed(self.study), *_how(self)])


def _who(study: NextStudy) -> str:
    scored = {arm: count(round(study.scored(arm))) for arm in (GROUP, INDIVIDUAL)}
    return (
        f"The study has {plural(study.cohorts, 'therapy group')} (cohorts) of {study.cohort_size:g} patients on "
        f"average and {plural(study.individual, 'patient')} in individual format; {scored[GROUP]} and "
        f"{scored[INDIVIDUAL]} of them are expected to be scored at {study.visit}.{_baseline(study)}"
    )


def _baseline(study: NextStudy) -> str:
    """How the formats are assumed to start; empty where they start alike."""
    if study.baseline_difference == 0:
        return ""
    higher = "higher" if study.baseline_difference > 0 else "lower"
    return f" Groups are assumed to start {_given(abs(study.baseline_difference))} points {higher}."


def _main(planned: PlannedStudy) -> pd.Series:
    """The row of the design's own ICC, by the formula."""
    rows = planned.precision[planned.precision["method"] == FORMULA]
    return rows[rows["icc"] == planned.study.icc].iloc[0]


def _shows(planned: PlannedStudy) -> list[str]:
    study, row = planned.study, _main(planned)
    width = (
        f"The {_level(study)} interval of the difference is expected to be {number(row['width'])} "
        f"points wide, and narrower than {number(row['width_80'])} points in 80% of such studies."
    )
    simulated = planned.precision[planned.precision["method"] == SIMULATED]
    drawn = _drawn(study, simulated[simulated["icc"] == study.icc])
    near = _near_another(row)
    first = [*near, *drawn, f"What follows is for the {row['rung']} model."] if near else []
    if row["rung"] == DESCRIPTIVE:
        return [*first, "With so few patients or cohorts the comparison is descriptive and tests nothing.", width]
    said = [_chance(study, row), *_misjudged(study, row), width]
    if study.claim == "equivalence":
        deciding = row["width"] * float(stdtrit(row["df"], 1 - study.alpha) / stdtrit(row["df"], 1 - study.alpha / 2))
        said.append(
            f"Equivalence is decided by the {exact(100 * (1 - 2 * study.alpha))}% interval, which is expected to be "
            f"{number(deciding)} points wide."
        )
    return [*first, *said] if near else [*said, *drawn]


def _drawn(study: NextStudy, rows: pd.DataFrame) -> list[str]:
    return [
        f"Of {count(drawn['n_draws'])} simulated studies, each analysed as the real one will be, "
        f"{_share(drawn['power'])} showed it (Monte Carlo error {_points(drawn['power_mc_error'])}); "
        f"{'where it was not true' if claim_is_true(study) else 'with the truth at the limit of the claim'}, "
        f"{_share(drawn['type_1_error'])} did (Monte Carlo error {_points(drawn['type_1_mc_error'])})."
        for _, drawn in rows.iterrows()
    ]


def _chance(study: NextStudy, row: pd.Series) -> str:
    """The power; of a claim that is false, the chance to show it all the same."""
    if claim_is_true(study):
        return f"It has a power of {_expected_share(row['power'])} to show {_claim(study)}."
    return (
        f"With the difference that is assumed the claim is false: {_expected_share(row['power'])} is no power but the "
        f"chance of a wrong claim, which is to show {_claim(study)}."
    )


def _near_another(row: pd.Series) -> list[str]:
    """That the counts may well give another model than that of the formula, whose numbers then do not hold."""
    if not row["rung_share"] < NEAR_ANOTHER:
        return []
    return [
        f"The counts are near the limit of another model: {_share(row['rung_share'])} of such studies get the "
        f"{row['rung']} model, for which the formula is. It does not hold for the others, so rely on simulated studies."
    ]


def _misjudged(study: NextStudy, row: pd.Series) -> list[str]:
    """What a model does that cannot have the covariance that is assumed."""
    ratio = row[STD_ERROR] / row["estimate_sd"]
    if abs(ratio - 1) <= APART:
        return []
    false = (
        "where the formats do not differ, it finds a difference in"
        if study.claim == "superiority"
        else "with the truth at the limit of the claim, it shows the claim in"
    )
    return [
        f"The {row['rung']} model takes one variance and one correlation for all visits, which is not what is assumed: "
        f"its standard error is {_share(ratio)} of the SD of the estimate over studies, and {false} "
        f"{_expected_share(row['type_1_error'])} of them."
    ]


def _level(study: NextStudy) -> str:
    return f"{exact(100 * (1 - study.alpha))}%"


def _share(share: float) -> str:
    """A share as the table has it."""
    return f"{number(100 * share)}%"


def _expected_share(share: float) -> str:
    """A share by the formula, which is never all and never none."""
    if share >= 0.9995:
        return "more than 99.9%"
    return "less than 0.1%" if share < 0.0005 else _share(share)


def _assumed_share(share: float) -> str:
    """A share that was given, or follows from a curve: 12.5%, not 12%."""
    rounded = round(100 * share, 1)
    return f"{exact(rounded)}%" if rounded else percent(share)


def _points(share: float) -> str:
    return f"{number(100 * share)} percentage points"


def _claim(study: NextStudy) -> str:
    truth = f"if the true difference is {_signed(study)}"
    if study.claim == "superiority":
        return f"a difference between the formats {truth} (two-sided alpha {study.alpha:g})"
    margin = _given(study.margin or 0.0)
    where = "if the formats do not differ" if study.difference == 0 else truth
    if study.claim == "equivalence":
        return (
            f"that the formats differ by less than {margin} points {where} (two one-sided tests, alpha {study.alpha:g})"
        )
    better = (study.difference > 0) == study.higher_is_better and study.difference != 0
    side = ", so that group format is better" if better else ""
    return (
        f"that group format is worse by less than {margin} points {where}{side} (one-sided alpha {study.alpha / 2:g})"
    )


def _signed(study: NextStudy) -> str:
    if study.difference == 0:
        return "0"
    return f"{MINUS if study.difference < 0 else ''}{_given(abs(study.difference))} points, group minus individual"


def _given(points: float) -> str:
    """Points that somebody assumed: 3.0, and 3.25 as it was given."""
    return number(points) if round(points, 1) == points else exact(points)


def _by_icc(planned: PlannedStudy) -> list[str]:
    rows = planned.precision[
        (planned.precision["method"] == FORMULA) & (planned.precision["icc"] != planned.study.icc)
    ].sort_values("icc")
    if rows.empty or (rows["rung"] == DESCRIPTIVE).all():
        return []
    told = [
        f"{_expected_share(row['power'])} with an ICC of {row['icc']:g} (width {number(row['width'])})"
        for _, row in rows.iterrows()
    ]
    return [
        f"This is for an intraclass correlation (ICC) of {planned.study.icc:g} in the cohorts; "
        f"{'the power' if claim_is_true(planned.study) else 'the chance of a wrong claim'} is {join_words(told)}."
    ]


def _targets(planned: PlannedStudy) -> list[str]:
    said = []
    for _, row in planned.smallest.iterrows():
        what = (
            f"a power of {exact(100 * row['value'])}%"
            if row["target"] == "power"
            else f"a {_level(planned.study)} interval of {_given(row['value'])} points or less"
        )
        if row["reached"]:
            said.append(
                f"For {what}, with the formats in the same ratio, the smallest study has "
                f"{plural(row['cohorts'], 'cohort')} and {plural(row['individual'], 'individual patient')} "
                f"({plural(row['n_patients'], 'patient')} in all)."
            )
        else:
            why = (
                ": where the claim is false, no size shows it"
                if row["target"] == "power" and not claim_is_true(planned.study)
                else ""
            )
            said.append(f"{sentence_case(what)} is not reached with up to {count(row['cohorts'])} cohorts{why}.")
    return said


def _exchanged(planned: PlannedStudy) -> list[str]:
    """What one more cohort buys against as many more individual patients, the first two rows of the frame."""
    rows = planned.exchange.iloc[:2]
    if rows["width_saved"].isna().any():
        return []
    cohort, patients = (
        f"with {added} {{}}{number(abs(saved), 2)} points {'wider' if saved < 0 else 'narrower'}"
        for added, saved in zip(rows["added"], rows["width_saved"], strict=True)
    )
    interval = f"the {_level(planned.study)} interval is expected to be "
    now = _main(planned)["rung"]
    changed = [
        f"With {added} the counts give the {rung} model."
        for added, rung in zip(rows["added"], rows["rung"], strict=True)
        if rung != now
    ]
    return [
        f"{sentence_case(cohort.format(interval))}, {patients.format('')}.",
        *changed,
    ]


def _model(planned: PlannedStudy) -> str:
    """The model that the formula is for."""
    study, rung = planned.study, _main(planned)["rung"]
    ddf = {"kenward-roger": "Kenward-Roger", "satterthwaite": "Satterthwaite"}[study.ddf]
    if len(study.visits) == 1:
        effects, covariance = "format and baseline score", "a residual variance per format"
        repeated = ""
    else:
        effects, repeated = "format and baseline score by visit", " for repeated measures"
        covariance = (
            "an unstructured covariance per format"
            if rung == FULL
            else "one variance between and one within patients per format, the same at all visits"
        )
    whose = "the primary analysis" if rung == FULL else f"the {rung} model, which the expected counts allow"
    tests = " It tests nothing." if rung == DESCRIPTIVE else ""
    return (
        f"The size of the study was judged for {whose}: a mixed model{repeated} of the scores at "
        f"{join_words(study.visits)}, with {effects}, a random effect of the cohort in group format, {covariance}, "
        f"restricted maximum likelihood and {ddf} degrees of freedom.{tests}"
    )


def _assumed(study: NextStudy) -> str:
    lost = [
        f"{_assumed_share(study.lost[arm][study.at]) if any(study.lost.get(arm, ())) else 'nobody'} in {arm} format"
        for arm in (INDIVIDUAL, GROUP)
    ]
    nobody = all(one.startswith("nobody") for one in lost)
    loss = "that nobody is lost" if nobody else f"that {join_words(lost)} are lost before {study.visit}"
    return (
        f"It was assumed that scores have {study.scores.words}; that cohorts account for {_assumed_share(study.icc)} "
        f"of the variance given the baseline score; and {loss}.{_baseline(study)} "
        f"The study is to show {_claim(study)}."
    )


def _how(planned: PlannedStudy) -> list[str]:
    study, rung = planned.study, _main(planned)["rung"]
    said = [
        f"With {plural(study.cohorts, 'cohort')} of {study.cohort_size:g} patients on average and "
        f"{plural(study.individual, 'patient')} in individual format, power and width follow from the expected "
        "information of the model, averaged over who is lost when, with the degrees of freedom that it gives."
    ]
    if rung != FULL and len(study.visits) > 1:
        said.append(
            "Where the model cannot have the assumed covariance, its expected parameters are those whose expected "
            "score is zero, and the variance of the estimate is that under the assumed covariance."
        )
    drawn = planned.precision[planned.precision["method"] == SIMULATED]
    if len(drawn):
        said.append(
            f"They were checked by {count(drawn['n_draws'].iloc[0])} simulated studies, each analysed by the primary "
            "model down its ladder of simpler models."
        )
    return [*said, *_targets(planned)]
