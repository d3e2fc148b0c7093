"""The pictures of `reading_figures.md`: run this file to renew ``images/``.

All are of the shipped study but that of the cohorts: its cohorts hardly differ, so that figure is one sentence.
"""

import sys
import tempfile
from pathlib import Path

from matplotlib.figure import Figure

import kap_analysis as kap
from kap_analysis.study.study import Study

ROOT = Path(__file__).parents[1]
IMAGES = Path(__file__).parent / "images"
SEED = 20190402
DPI = 110


def draw_figures() -> dict[str, Figure]:
    """Each figure under the name of its file."""
    study = kap.load_study(ROOT / "data" / "three_practices")
    return {
        **who_and_how(study),
        **between_formats(study),
        **what_is_missing(study),
        **safety_and_quality(study),
        **next_study(study),
        **cohorts_that_differ(),
    }


def cohorts_that_differ() -> dict[str, Figure]:
    """The effects of the cohorts of another simulated study, whose true standard deviation is 6 points."""
    with tempfile.TemporaryDirectory() as folder:
        study = kap.load_study(kap.write_study(kap.simulate_study(seed=3, cohort_sd=6.0), Path(folder) / "study"))
        compared = kap.compare_formats(study, secondary=False)
        cohorts = kap.list_cohort_effects(compared)
    figures, instrument = kap.figures, study.outcomes().instrument
    return {
        "cohort_effects": figures.plot_cohort_effects(effects=cohorts.effects, icc=compared.icc, instrument=instrument),
    }


def next_study(study: Study) -> dict[str, Figure]:
    like = kap.next_study_like(study, cohorts=40, individual=140, difference=3.0)
    planned = kap.plan_next_study(like, n_draws=0)
    design = {"cohorts": 40, "individual": 140}
    figures = kap.figures
    return {
        "planned_study": figures.plot_planned_study(grid=planned.grid, design=design),
    }


def who_and_how(study: Study) -> dict[str, Figure]:
    outcomes, visit, figures = study.outcomes(), study.settings.primary_visit, kap.figures
    instrument = outcomes.instrument
    paired, change = kap.paired_scores(outcomes, visit), kap.clinical_change(outcomes, visit)
    observed, modelled = kap.observed_scores(outcomes), kap.model_trajectories(outcomes)
    compared = kap.compare_formats(study, secondary=False)
    moved, lasting = kap.band_movement(study.outcomes(population="started")), kap.durability(study)
    return {
        "participant_flow": figures.plot_participant_flow(steps=kap.participant_flow(study).steps),
        "paired_means": figures.plot_paired_means(means=paired.means, change=paired.change),
        "trajectories": figures.plot_trajectories(
            adjusted=compared.course, means=observed.means, patients=modelled.patients, instrument=instrument
        ),
        "clinical_change": figures.plot_clinical_change(
            patients=change.patients,
            reliable_change=change.reliable_change,
            cutoff=change.cutoff,
            instrument=instrument,
            visit=visit,
        ),
        "band_movement": figures.plot_band_movement(movement=moved.movement, flows=moved.flows, instrument=instrument),
        "durability": figures.plot_durability(
            survival=lasting.survival, boosters=lasting.boosters, outcome="Responders still in response (%)"
        ),
    }


def between_formats(study: Study) -> dict[str, Figure]:
    outcomes, figures = study.outcomes(), kap.figures
    compared, allocation = kap.compare_formats(study), kap.check_allocation(study, seed=SEED)
    moderation = kap.moderate(outcomes, visit=study.settings.primary_visit)
    checks = kap.diagnose_model(compared)
    seen = kap.describe_completeness(study).retention
    return {
        "overview": figures.plot_overview(retention=seen, adjusted=compared.course, contrasts=compared.contrasts),
        "differences": figures.plot_format_differences(
            contrasts=compared.contrasts, secondary=compared.secondary, instrument=outcomes.instrument
        ),
        "subgroups": figures.plot_subgroups(
            differences=moderation.differences, interactions=moderation.interactions, instrument=outcomes.instrument
        ),
        "balance": figures.plot_balance(
            balance=allocation.balance, effective_sample_size=allocation.effective_sample_size
        ),
        "propensity_overlap": figures.plot_propensity_overlap(propensity=allocation.propensity, weighting="overlap"),
        "allocation": figures.plot_allocation(
            balance=allocation.balance,
            effective_sample_size=allocation.effective_sample_size,
            propensity=allocation.propensity,
            weighting="overlap",
        ),
        "diagnostics": figures.plot_diagnostics(
            residuals=checks.residuals,
            random_effects=checks.random_effects,
            lag_correlation=checks.lag_correlation,
            influence=checks.influence,
        ),
    }


def what_is_missing(study: Study) -> dict[str, Figure]:
    instrument, figures = study.outcomes().instrument, kap.figures
    missing, dropout = kap.describe_completeness(study), kap.check_dropout(study, seed=SEED)
    sensitivity, compared = kap.check_sensitivity(study, seed=SEED), kap.compare_formats(study)
    return {
        "completeness": figures.plot_completeness(completeness=missing.completeness, retention=missing.retention),
        "tipping_point": figures.plot_tipping_point(
            tipping=dropout.tipping, primary=compared.contrasts, instrument=instrument
        ),
        "sensitivity": figures.plot_sensitivity(
            estimates=sensitivity.estimates,
            weighted=kap.check_allocation(study, seed=SEED).estimates,
            imputed=dropout.estimates,
            instrument=instrument,
        ),
    }


def safety_and_quality(study: Study) -> dict[str, Figure]:
    outcomes, visit, figures = study.outcomes(), study.settings.primary_visit, kap.figures
    safety, quarters = kap.review_safety(study), kap.chart_quarters(outcomes, visit)
    return {
        "suicidality": figures.plot_suicidality(suicidality=safety.suicidality),
        "adverse_events": figures.plot_adverse_events(events=safety.events),
        "vitals": figures.plot_vitals(vitals=safety.vitals),
        "session_safety": figures.plot_session_safety(events=safety.events, vitals=safety.vitals),
        "run_chart": figures.plot_run_chart(quarters=quarters.quarters, visit=visit, longest_run=quarters.longest_run),
    }


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    for name, figure in draw_figures().items():
        kap.figures.stamp_figure(figure, "SIMULATED")
        kap.figures.save_figure(figure, IMAGES / f"{name}.png", dpi=DPI)
        sys.stdout.write(f"images/{name}.png is renewed\n")
