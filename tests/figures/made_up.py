"""One made-up set of frames for every figure, with any word in the place of the names that a study brings along."""

from itertools import pairwise, product
from typing import Any

import numpy as np
import pandas as pd

import kap_analysis as kap
from kap_analysis.instruments.suicidality import STATES

FORMATS = ("individual", "group")
VISITS = ("baseline", "month 1", "month 2", "month 3", "month 6")
MONTHS = (-0.4, 1.0, 2.0, 3.0, 6.0)
BANDS = ("minimal", "mild", "moderate", "severe", "not assessed")
IN_SDS = {"standardised": 0.1, "standardised_low": -0.3, "standardised_high": 0.5}
INTERVAL = {"ci_low": lambda frame: frame["estimate"] - 2, "ci_high": lambda frame: frame["estimate"] + 2}


def frame(rows, columns, **more) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=columns).assign(**more)


def by_visit(formats) -> pd.DataFrame:
    rows = [
        (name, visit, month, 60 - 8 * place - 5 * k, 28.0 - 3 * place - k)
        for k, name in enumerate(formats)
        for place, (visit, month) in enumerate(zip(VISITS, MONTHS, strict=True))
    ]
    return frame(
        rows,
        ["format", "visit", "month", "n_patients", "mean"],
        ci_low=lambda one: one["mean"] - 2,
        ci_high=lambda one: one["mean"] + 2,
    )


def adjusted(formats) -> pd.DataFrame:
    means = by_visit(formats).rename(columns={"mean": "estimate"})
    at_start = means["visit"] == "baseline"
    ends = {end: means[end].where(~at_start) for end in ("ci_low", "ci_high")}
    return means.assign(estimate=means["estimate"].where(~at_start, 27.0), **ends)


def scores(formats, word: str) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    rows = [
        (f"P{k}", formats[k % len(formats)], word if k % 2 else "B", month, float(rng.integers(0, 45)))
        for k in range(30)
        for month in MONTHS[:: 1 + k % 2]
    ]
    return frame(rows, ["patient_id", "format", "practice", "month", "score"])


def counts(formats) -> dict[str, pd.DataFrame]:
    movement = frame(
        ((name, visit, band, 12 + 3 * k) for name, visit, (k, band) in product(formats, VISITS, enumerate(BANDS))),
        ["format", "visit", "band", "n_patients"],
    )
    flows = frame(
        ((name, a, b, "severe", "mild", 10) for name in formats for a, b in pairwise(VISITS)),
        ["format", "visit_from", "visit_to", "band_from", "band_to", "n_patients"],
    )
    due = frame(
        ((name, visit, 134, 100, 4, 30) for name, visit in product(formats, VISITS[1:])),
        ["format", "visit", "n_due", "n_done", "n_late", "n_missing"],
    )
    kept = frame(
        (
            (name, month, 134, 120 - 10 * k, 0.9 - 0.1 * k)
            for name, (k, month) in product(formats, enumerate(MONTHS[1:]))
        ),
        ["format", "month", "n_at_risk", "n_patients", "share"],
    )
    states = frame(
        (("PHQ-9", name, visit, state, 25, 100, 0.25) for name, visit, state in product(formats, VISITS, STATES)),
        ["instrument", "format", "visit", "state", "n_patients", "of_patients", "share"],
    )
    return {"movement": movement, "flows": flows, "completeness": due, "retention": kept, "suicidality": states}


def differences(word: str) -> dict[str, pd.DataFrame]:
    contrasts = frame(
        ((visit, "group - individual", 1.5, 120, visit == "month 3", 0.05) for visit in VISITS[1:]),
        ["visit", "contrast", "estimate", "n_patients", "is_primary", "p_value"],
        **INTERVAL,
        **IN_SDS,
    )
    secondary = frame(
        [("GAD-7", "month 3", 0.5, 100, 1.0, ""), (word, "month 3", -0.5, 90, 0.4, "")],
        ["instrument", "visit", "estimate", "n_patients", "p_holm", "note"],
        **INTERVAL,
        **IN_SDS,
    )
    groups = frame(
        [("age", "30", 1.0, 80), ("age", "60", 2.0, 80), ("practice", word, -1.0, 40), ("practice", "B", 0.0, 40)],
        ["moderator", "level", "estimate", "n_patients"],
        **INTERVAL,
    )
    tests = frame([("age", 0.4), ("practice", 0.03)], ["moderator", "p_value"])
    analyses = frame(
        [
            ("primary", "Primary model", 1.5, 179, "", True),
            ("data", f"Without practice {word}", 2.0, 120, "alike", False),
        ],
        ["group", "label", "estimate", "n_patients", "assumes", "is_primary"],
        **INTERVAL,
    )
    return {
        "contrasts": contrasts,
        "secondary": secondary,
        "differences": groups,
        "interactions": tests,
        "all": analyses,
    }


def model_parts(formats) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(6)
    values = rng.normal(size=80)
    residuals = frame(
        ((20 + 5 * v, v, v, formats[k % len(formats)]) for k, v in enumerate(values)),
        ["fitted", "standardised", "normalised", "format"],
    )
    effects = frame(
        (("cohort_id", "is_group", f"G{k}", v) for k, v in enumerate(values[:12])),
        ["grouping", "term", "level", "estimate"],
        std_error=0.4,
    )
    lags = frame([(1, 0.1, 120), (2, -0.1, 80)], ["lag", "correlation", "n_pairs"])
    influence = frame(
        ((unit, f"{unit[0].upper()}{k:03d}", v**2, v) for unit in ("patient", "cohort") for k, v in enumerate(values)),
        ["unit", "label", "distance", "change"],
    )
    return {"residuals": residuals, "random_effects": effects, "lag_correlation": lags, "influence": influence}


def in_sessions(formats, word: str) -> dict[str, pd.DataFrame]:
    events = frame(
        (
            (event, name, route, severity, 7, 200, 220)
            for event, name, route, severity in product(("nausea", word), formats, ("IM", "SL"), ("mild", "severe"))
        ),
        ["event", "format", "route", "severity", "n_events", "n_sessions_asked", "n_sessions"],
    )
    vitals = frame(
        (
            (measure, unit, minute, name, 350, middle, middle - 4, middle + 4, middle - 9, middle + 9)
            for (measure, unit, middle), minute, name in product(
                (("sbp", "mmHg", 120.0), ("spo2", "%", 90.0)), (0.0, 40.0), formats
            )
        ),
        ["measure", "unit", "minute", "format", "n", "mean", "q1", "q3", "minimum", "maximum"],
    )
    return {"events": events, "vitals": vitals}


def flow_steps(formats, word: str) -> pd.DataFrame:
    steps = ("in the study", "started treatment", "assessed at month 3")
    rows = [
        (practice, name, step, 100 - 20 * k, 20 * k, (None, "no ketamine session was held", f"no {word} score")[k], 100)
        for practice, name, (k, step) in product(("all", word, "B"), ("all", *formats), enumerate(steps))
        if k or name == "all"
    ]
    columns = ["practice", "format", "step", "n_patients", "n_left_out", "left_out_because", "of_patients"]
    return frame(rows, columns, step=lambda one: pd.Categorical(one["step"], steps, ordered=True))


def every_figure(word: str = "A", formats=FORMATS) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Name to function and arguments; ``word`` is the name of a practice, an instrument, an event."""
    counted, compared, parts = counts(formats), differences(word), model_parts(formats)
    sessions, lines = in_sessions(formats, word), scores(formats, word)
    means = by_visit(formats)
    paired = frame(
        ((name, time, visit, mean, 118) for name in ("BDI-II", word)
         for time, visit, mean in (("baseline", "baseline", 26.0), ("follow-up", "month 3", 14.0))),
        ["instrument", "time", "visit", "mean", "n_patients"],
        ci_low=lambda one: one["mean"] - 2, ci_high=lambda one: one["mean"] + 2,
    )  # fmt: skip
    ends = lines.groupby("patient_id").agg(
        format=("format", "first"), baseline=("score", "first"), follow_up=("score", "last")
    )
    ends = ends.reset_index().assign(**{"class": "unchanged"})
    survival = frame(
        ((name, 30.0 * k, 64 - 10 * k, 1 - 0.1 * k) for name, k in product(formats, range(6))),
        ["format", "day", "n_at_risk", "survival"],
        ci_low=lambda one: one["survival"] - 0.1, ci_high=lambda one: (one["survival"] + 0.1).clip(upper=1),
    )  # fmt: skip
    balance = frame(
        ((c, level, w, smd) for (c, level), (w, smd) in product(
            (("age", ""), ("practice", word)), (("unweighted", 0.5), ("ipw", 0.1), ("overlap", 0.0)))),
        ["characteristic", "level", "weighting", "smd"],
    )  # fmt: skip
    two = [name for name in formats if name != "mixed"]
    chances = frame(
        ((two[k % len(two)], (k % 19 + 0.5) / 20, 1.0) for k in range(60)), ["format", "propensity", "overlap"]
    )
    cohorts = frame(
        ((f"G{k}", word if k % 2 else "B", 0.4 * k - 1, 3) for k in range(6)),
        ["cohort_id", "practice", "estimate", "n_patients"],
        **INTERVAL,
    )
    icc = frame([(0.05, 0.0, 0.2, 6)], ["estimate", "ci_low", "ci_high", "n_cohorts"])
    designs = frame(
        ((c, i, 0.9 - 3 / c - 10 / i, 40 / c**0.5 + 100 / i) for c in (10, 20, 40) for i in (50, 100, 200)),
        ["cohorts", "individual", "power", "width"],
    )
    tipping = frame(
        ((a, b, 1 + b - a) for a, b in product((0.0, 2.0, 4.0), repeat=2)),
        ["delta_individual", "delta_group", "estimate"],
        **INTERVAL,
    )
    quarters = frame(
        ((word, f"2024-Q{k}", "all", 11, -10.0 - k, -14.0, -6.0, -12.0) for k in range(1, 5)),
        ["instrument", "start_period", "format", "n_patients", "mean_change", "ci_low", "ci_high", "centre"],
    )
    draw = kap.figures
    limits = {"reliable_change": 9.0, "cutoff": 14.5, "instrument": word, "visit": "month 3"}
    curves = {"survival": survival, "boosters": frame(((name, 40.0) for name in formats), ["format", "day"])}
    facets = {"means": means, "patients": lines, "facet_by": "practice", "instrument": word}
    bands = {"movement": counted["movement"], "flows": counted["flows"], "instrument": "BDI-II"}
    shifted = {"contrasts": compared["contrasts"], "secondary": compared["secondary"], "instrument": "BDI-II"}
    grouped = {"differences": compared["differences"], "interactions": compared["interactions"], "instrument": word}
    due = {"completeness": counted["completeness"], "retention": counted["retention"]}
    return {
        "participant_flow": (draw.plot_participant_flow, {"steps": flow_steps(formats, word)}),
        "paired_means": (draw.plot_paired_means, {"means": paired}),
        "subgroups": (draw.plot_subgroups, grouped),
        "trajectories": (draw.plot_trajectories, {"means": means, "patients": lines, "instrument": "BDI-II"}),
        "trajectories adjusted": (
            draw.plot_trajectories,
            {"adjusted": adjusted(formats), "means": means, "patients": lines, "instrument": "BDI-II"},
        ),
        "overview": (
            draw.plot_overview,
            {
                "retention": counted["retention"].assign(share=lambda one: one["n_patients"] / one["n_at_risk"]),
                "adjusted": adjusted(formats),
                "contrasts": compared["contrasts"],
                "margin": 3.0,
                "instrument": "BDI-II",
            },
        ),
        "trajectories by practice": (draw.plot_trajectories, facets),
        "format_differences": (draw.plot_format_differences, {**shifted, "margin": 3.0, "margin_source": word}),
        "clinical_change": (draw.plot_clinical_change, {"patients": ends, **limits}),
        "band_movement": (draw.plot_band_movement, bands),
        "durability": (draw.plot_durability, curves),
        "balance": (draw.plot_balance, {"balance": balance}),
        "propensity_overlap": (draw.plot_propensity_overlap, {"propensity": chances, "weighting": "overlap"}),
        "allocation": (
            draw.plot_allocation,
            {"balance": balance, "propensity": chances, "weighting": "overlap"},
        ),
        "cohort_effects": (draw.plot_cohort_effects, {"effects": cohorts, "icc": icc, "instrument": word}),
        "completeness": (draw.plot_completeness, due),
        "planned_study": (draw.plot_planned_study, {"grid": designs}),
        "tipping_point": (draw.plot_tipping_point, {"tipping": tipping, "instrument": word}),
        "tipping_point along one axis": (
            draw.plot_tipping_point,
            {
                "tipping": tipping[tipping["delta_individual"] == 0],
                "primary": compared["contrasts"].query("is_primary"),
                "margin": 3.0,
                "instrument": word,
            },
        ),
        "diagnostics": (draw.plot_diagnostics, {**parts, "instrument": word}),
        "sensitivity": (draw.plot_sensitivity, {"estimates": compared["all"], "instrument": word}),
        "suicidality": (draw.plot_suicidality, {"suicidality": counted["suicidality"]}),
        "adverse_events": (draw.plot_adverse_events, {"events": sessions["events"]}),
        "vitals": (draw.plot_vitals, {"vitals": sessions["vitals"]}),
        "session_safety": (
            draw.plot_session_safety,
            {"events": sessions["events"], "vitals": sessions["vitals"]},
        ),
        "run_chart": (draw.plot_run_chart, {"quarters": quarters, "visit": "month 3"}),
    }
