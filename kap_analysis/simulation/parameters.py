"""The parameters of the simulated study, each with where it comes from.

Little about group and individual ketamine-assisted psychotherapy (KAP) is published. What Dore et al. (2019) report of
235 patients in three practices is marked "published"; everything else is marked "assumed", with the reason.
``data/README.md`` prints this list, and a test holds the two equal.

Source
------
Dore J, Turnipseed B, Dwyer S, et al. Ketamine Assisted Psychotherapy (KAP): patient demographics, clinical data and
outcomes in three large practices. J Psychoactive Drugs 2019;51(2):189-198. doi:10.1080/02791072.2019.1587556
"""

from collections.abc import Iterator
from dataclasses import Field, dataclass, field, fields
from typing import Any, Final, NamedTuple

import pandas as pd

# ruff: noqa: RUF009  (the calls return dataclass fields)

DORE: Final = "Dore et al. 2019, doi:10.1080/02791072.2019.1587556"


class Scale(NamedTuple):
    """How one instrument other than the BDI-II behaves: latent mean and SDs at intake, mean change at month 3."""

    mean: float
    between_sd: float
    occasion_sd: float
    change: float
    highest: int


def _published(value: Any, meaning: str, reason: str) -> Any:
    return field(default=value, metadata={"source": "published", "meaning": meaning, "reason": reason})


def _assumed(value: Any, meaning: str, reason: str) -> Any:
    return field(default=value, metadata={"source": "assumed", "meaning": meaning, "reason": reason})


@dataclass(frozen=True)
class Parameters:
    """Every number of the generating model. Points are points of the instrument; days count from day 0."""

    # Anchors: what the expectation of the generated data must agree with. They are targets, not inputs.
    n_patients: int = _published(235, "patients in the study", DORE)
    n_practices: int = _published(3, "practices", DORE)
    anchor_bdi_change: float = _published(-11.24, "mean BDI change, intake to follow-up", f"{DORE}, Figure 3")
    anchor_hama_change: float = _published(-5.5, "mean HAM-A change, intake to follow-up", f"{DORE}, Figure 3")
    anchor_intake_bdi: tuple[float, float] = _published(
        (20.0, 28.0), "band of the mean intake BDI", f"{DORE}, Figure 3"
    )

    # BDI-II
    bdi_mean: float = _assumed(
        27.55, "latent mean at intake", "calibrated: intake in 20-28, pairs end in the mild band"
    )
    bdi_between_sd: float = _assumed(8.0, "SD between patients at intake", "with the next: recorded SD 9.2")
    bdi_occasion_sd: float = _assumed(4.5, "SD between occasions", "reliability within a visit .76")
    change_mean: float = _assumed(
        -11.86,
        "latent mean change at month 3",
        "calibrated (drafted as -11.82): -11.24 as recorded among observed pairs at month 3",
    )
    change_sd: float = _assumed(6.5, "SD of change between patients", "some patients get worse, many change reliably")
    change_shape: tuple[float, ...] = _assumed(
        (0.65, 0.90, 1.0, 0.95),
        "share of the change at months 1, 2, 3, 6",
        "fast at first, slightly lost after treatment",
    )
    early_shape: tuple[float, ...] = _assumed(
        (0.30, 0.45), "share of the change at days 7 and 14", "ketamine acts within days"
    )
    age_effect: float = _assumed(-0.8, "more change per 10 years of age", f"direction published ({DORE}), size assumed")
    severity_effect: float = _assumed(
        -1.5, "more change per 10 points of latent severity", f"direction published ({DORE}), size assumed"
    )
    trauma_effect: float = _assumed(
        -2.0, "more change with an ACE score of 4 or more", f"direction published ({DORE}), size assumed"
    )

    # Format, cohorts, facilitators
    group_effect: float = _assumed(
        1.1,
        "latent effect of group format at month 3",
        "a little worse, d about .1; inside Cuijpers 2008, Burlingame 2016",
    )
    cohort_sd: float = _assumed(
        2.9, "SD of cohorts at month 3, nothing at baseline", "ICC given baseline about .10; literature .02-.16"
    )
    facilitator_share: float = _assumed(
        0.0, "facilitators' share of the variance given baseline, both formats", "small; .03 is the option"
    )
    switch_share: float = _assumed(
        0.13,
        "share who change format after day 0, of those who come again",
        "12% of all; practices report mixed courses",
    )

    # Allocation
    practice_shares: tuple[float, ...] = _assumed(
        (0.40, 0.32, 0.28), "shares of practices A, B, C", "unequal practices"
    )
    practice_log_odds: tuple[float, ...] = _assumed(
        (-1.2, -0.2, 0.3),
        "log-odds of group format in A, B, C at a mean intake score",
        "practices differ in what they offer",
    )
    severity_log_odds: float = _assumed(
        -0.5, "log-odds of group per 10 points of intake score", "sicker patients are kept out of groups"
    )
    cohort_size: float = _assumed(3.5, "mean patients in a cohort (3 or 4)", "the practice behind this project: 3-4")

    # Dropout
    dropout_log_odds: tuple[float, ...] = _assumed(
        (-2.7, -2.5, -2.3, -1.7),
        "log-odds of loss before months 1, 2, 3, 6",
        "large loss, as all published KAP cohorts",
    )
    dropout_severity: float = _assumed(
        0.8, "per 10 points of the last recorded score above 15", "missing at random; complete cases become wrong"
    )
    dropout_group: float = _assumed(
        0.58, "log-odds ratio of loss, group", "Cuijpers 2008: OR 0.56 in favour of individual"
    )
    visit_missed: float = _assumed(0.05, "share of visits missed by those who come later", "real schedules")
    visit_late: float = _assumed(0.03, "share of months 3 and 6 after their window", "real schedules")
    day_jitter_sd: float = _assumed(4.0, "SD of days round the target, at most 10", "real schedules")
    baseline_missing: float = _assumed(0.02, "share without a baseline form in the data", "real records")
    form_missing: float = _assumed(0.05, "share of other forms missing at an attended visit", "real records")
    item_skipped: float = _assumed(0.002, "share of items left blank", "real records")

    # Other instruments: Scale(mean, between_sd, occasion_sd, change, highest)
    other_correlation: float = _assumed(
        0.7, "latent correlation with BDI-II, intake and change", "depression scales overlap"
    )
    hama: Scale = _assumed(
        Scale(19.91, 5.6, 3.3, -5.65, 56),
        "HAM-A",
        f"calibrated: 19.0 to 13.5 among pairs; change {DORE}; moderate to mild on both published bands of the mean",
    )
    phq9: Scale = _assumed(Scale(15.2, 4.2, 2.0, -6.2, 27), "PHQ-9", "median 12-16 in Ahuja 2022 and group programmes")
    gad7: Scale = _assumed(Scale(12.4, 3.8, 1.8, -4.8, 21), "GAD-7", "median 9.5-14 in Ahuja 2022 and group programmes")
    pcl5: Scale = _assumed(Scale(31.0, 12.0, 5.0, -12.5, 80), "PCL-5, without PTSD", "27-39 in group programmes")
    pcl5_ptsd: float = _assumed(16.0, "PCL-5 points more with PTSD", "mean about 50 in Earleywine's cohort with PTSD")
    ybocs: Scale = _assumed(Scale(25.0, 4.5, 2.2, -6.0, 40), "Y-BOCS, with OCD", "moderate to severe at intake")
    edeqs: Scale = _assumed(
        Scale(21.0, 5.5, 2.5, -5.0, 36), "EDE-QS, with an eating disorder", "above the usual cut-off 15"
    )
    item_noise_sd: float = _assumed(0.65, "SD of an item round its expectation", "alpha about .85-.9")
    suicidality_item: tuple[float, float] = _assumed(
        (-0.96, 0.72), "PHQ-9 item 9: shift and slope on the mean item", "endorsed by about a third at intake"
    )

    # Patients
    age: tuple[float, float, int, int] = _assumed(
        (42.0, 12.0, 18, 85), "mean, SD, lowest, highest", "42 (SD 12) in Yermus 2024, doi:10.1089/psymed.2023.0021"
    )
    ace_mean_sd: tuple[float, float] = _assumed(
        (2.9, 2.6), "latent ACE score", "about .4 at 4 or more, a clinical sample"
    )
    ace_severity: float = _assumed(0.25, "correlation of ACE and severity", "childhood adversity goes with depression")
    failed_mean_sd: tuple[float, float] = _assumed((3.4, 1.8), "failed treatments", "offered after inadequate response")
    covariate_missing: float = _assumed(0.05, "share of ACE and treatment history not recorded", "real records")
    consent_no: float = _assumed(0.05, "share without research consent or withdrawn", "real records")

    # Care
    ketamine_sessions: tuple[int, int] = _assumed((3, 6), "planned ketamine sessions", "mean 4 (SD 3) in Yermus 2024")
    session_gap: tuple[int, int] = _assumed((7, 14), "days between ketamine sessions", "weekly or every second week")
    no_show: float = _assumed(0.04, "share of sessions missed", "real schedules")
    booster_share: float = _assumed(0.25, "share with maintenance sessions after month 3", "practices report boosters")
    integration_share: float = _assumed(0.8, "share of ketamine sessions with integration", "part of KAP; not all come")
    integration_early: float = _assumed(
        0.5, "share of integration within 48 hours", "the practice behind this project gives 24-48 hours most weight"
    )
    intramuscular_share: float = _assumed(
        0.6, "share who move from lozenge (SL) to IM after the first session", f"strategy recalled from {DORE}"
    )
    ae_asked: float = _assumed(0.9, "share of ketamine sessions at which events were asked about", "real records")

    @property
    def month3_variance_given_baseline(self) -> float:
        """Variance of the month 3 score given the recorded baseline, without cohorts (points squared).

        Latent, before rounding and clipping: what the baseline leaves of severity, change and occasion.
        """
        occasion, between = self.bdi_occasion_sd**2, self.bdi_between_sd**2
        left_of_severity = between * occasion / (between + occasion)
        kept = 1 + self.severity_effect / 10
        age, trauma = (self.age_effect * self.age[1] / 10) ** 2, self.trauma_effect**2 * 0.24
        return kept**2 * left_of_severity + self.change_sd**2 + age + trauma + occasion

    @property
    def icc_given_baseline(self) -> float:
        """Cohort variance at month 3 over cohort variance and :attr:`month3_variance_given_baseline`."""
        cohort = self.cohort_sd**2
        return cohort / (cohort + self.month3_variance_given_baseline)

    @property
    def facilitator_sd(self) -> float:
        """SD of facilitators' effects at month 3 (points), so that they take ``facilitator_share`` of the variance."""
        odds = self.facilitator_share / (1 - self.facilitator_share)
        return float((odds * self.month3_variance_given_baseline) ** 0.5)


def parameter_table(parameters: Parameters | None = None) -> pd.DataFrame:
    """All parameters with their sources.

    Returns
    -------
    pandas.DataFrame
        One row per parameter: ``parameter``, ``value`` (as text), ``meaning``, ``source`` (published or assumed),
        ``reason`` (the citation, or why this value was assumed).
    """
    return pd.DataFrame(_rows(parameters or Parameters()))


def _rows(parameters: Parameters) -> Iterator[dict[str, str]]:
    for spec in fields(parameters):
        yield _row(spec, getattr(parameters, spec.name))


def _row(spec: Field[Any], value: Any) -> dict[str, str]:
    numbers = value if isinstance(value, tuple) else (value,)
    told = {name: str(spec.metadata[name]) for name in ("meaning", "source", "reason")}
    return {"parameter": spec.name, "value": ", ".join(f"{number:g}" for number in numbers), **told}
