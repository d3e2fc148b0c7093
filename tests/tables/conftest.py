"""Result frames as the analysis returns them, small enough to check by hand, and every table made from them."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis import tables
from kap_analysis.instruments.registry import get_instrument
from tests.tables.planning_frames import ASSUMPTIONS, PRECISION
from tests.tables.pooled_frames import CONTRASTS, ROUNDS, TWO_STAGE

VISITS = ("baseline", "month 1", "month 3")


def visits(values):
    return pd.Categorical(values, categories=VISITS, ordered=True)


@pytest.fixture(scope="session")
def flow_steps():
    names = ("in the study", "started treatment", "baseline score", "scored after baseline", "assessed at month 3")
    counts = {
        ("all", "all"): (235, 228, 220, 190, 150),
        ("all", "individual"): (140, 138, 134, 118, 96),
        ("all", "group"): (95, 90, 86, 72, 54),
        ("A & B", "all"): (100, 98, 95, 80, 70),
        ("A & B", "individual"): (60, 59, 57, 50, 44),
        ("A & B", "group"): (40, 39, 38, 30, 26),
    }
    because = ("", "no ketamine session was held", "no BDI-II in the baseline window", "no BDI-II after baseline",
               "no BDI-II in the window of month 3")  # fmt: skip
    rows = [
        (practice, care, step, n, before - n, why, before)
        for (practice, care), reached in counts.items()
        for step, n, before, why in zip(names, reached, (reached[0], *reached), because, strict=False)
    ]
    frame = pd.DataFrame(
        rows,
        columns=["practice", "format", "step", "n_patients", "n_left_out", "left_out_because", "of_patients"],
    )
    frame["step"] = pd.Categorical(frame["step"], categories=names, ordered=True)
    return frame


@pytest.fixture(scope="session")
def characteristics():
    n = {"all": 220, "individual": 134, "group": 86}
    rows = []
    for care, size in n.items():
        shift = {"all": 0.0, "individual": 0.7, "group": -1.1}[care]
        rows += [
            ("age", "Age", "continuous", "years", "", care, size, 2, 44.23 + shift, 12.31, 43, 35, 53, None, None,
             -0.14),
            ("baseline", "BDI-II at baseline", "continuous", "points", "", care, size, 0, 27.41 + 2 * shift, 8.9, 27,
             21, 33, None, None, -0.38),
            ("ace_score", "ACE", "continuous", "0–10", "", care, size, 9, 3.1, 2.6, 3, 1, 5, None, None, 0.02),
        ]  # fmt: skip
        for level, share in (("female", 0.6), ("male", 0.38), ("other", 0.02)):
            count = round(share * (size - 1))
            rows.append(("sex", "Sex", "categorical", "", level, care, size, 1, None, None, None, None, None, count,
                         count / (size - 1), 0.11))  # fmt: skip
    columns = ["characteristic", "label", "kind", "unit", "level", "format", "n_patients", "n_missing", "mean", "sd",
               "median", "q1", "q3", "n", "share", "smd"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture(scope="session")
def observed_means():
    rows = []
    for care, start in (("all", 27.4), ("individual", 28.3), ("group", 25.1)):
        for visit, change, n in zip(VISITS, (0, -7.3, -11.2), (220, 171, 150), strict=True):
            size = n if care == "all" else n // 2
            mean, sd = start + change, 9.1
            half = 1.97 * sd / np.sqrt(size)
            rows.append(("BDI-II", care, visit, size, mean, sd, sd / np.sqrt(size), mean - half, mean + half))
    columns = ["instrument", "format", "visit", "n_patients", "mean", "sd", "std_error", "ci_low", "ci_high"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(visit=visits(frame["visit"]))


@pytest.fixture(scope="session")
def paired():
    means = pd.DataFrame(
        {
            "instrument": ["BDI-II", "BDI-II", "HAM-A", "HAM-A"],
            "time": ["baseline", "follow-up"] * 2,
            "visit": ["baseline", "month 3"] * 2,
            "n_patients": [150, 150, 141, 141],
            "mean": [25.36, 14.12, 19.0, 13.5],
            "sd": [8.71, 9.9, 6.4, 6.6],
        }
    )
    change = pd.DataFrame(
        {
            "instrument": ["BDI-II", "HAM-A"],
            "visit": ["month 3"] * 2,
            "n_patients": [150, 141],
            "n_started": [220, 214],
            "mean_change": [-11.24, -5.5],
            "sd_change": [8.4, 5.9],
            "ci_low": [-12.6, -6.48],
            "ci_high": [-9.88, -4.52],
        }
    )
    return {"means": means, "change": change}


@pytest.fixture(scope="session")
def comparison():
    means = pd.DataFrame(
        {
            "format": ["individual", "group"] * 2,
            "visit": visits(["month 1", "month 1", "month 3", "month 3"]),
            "estimate": [19.84, 20.51, 15.6, 16.72],
            "ci_low": [18.2, 18.1, 13.9, 14.3],
            "ci_high": [21.5, 22.9, 17.3, 19.1],
            "n_patients": [110, 68, 96, 54],
        }
    )
    contrasts = pd.DataFrame(
        {
            "visit": visits(["month 1", "month 3"]),
            "contrast": ["group - individual"] * 2,
            "estimate": [0.67, 1.12],
            "std_error": [1.204, 1.411],
            "df": [31.24, 28.66],
            "statistic": [0.556, 0.794],
            "p_value": [np.nan, 0.4338],
            "ci_low": [-1.785, -1.767],
            "ci_high": [3.125, 4.007],
            "standardised": [0.075, 0.126],
            "is_primary": [False, True],
        }
    )
    icc = pd.DataFrame(
        {"estimate": [0.083], "ci_low": [0.0], "ci_high": [0.29], "design_effect": [1.21], "n_cohorts": [24],
         "mean_cohort_size": [3.5]}
    )  # fmt: skip
    return {"means": means, "contrasts": contrasts, "icc": icc}


@pytest.fixture(scope="session")
def fitted():
    coefficients = pd.DataFrame(
        {
            "term": [
                "(Intercept)",
                "visit[T.month 3]",
                "format[T.group]",
                "visit[T.month 3]:format[T.group]",
                "age_10",
            ],
            "estimate": [20.1, -4.2, 0.67, 0.45, -0.811],
            "std_error": [0.8, 0.61, 1.2, 1.1, 0.303],
            "df": [140.2, 121.0, 31.2, 44.9, 139.1],
            "statistic": [25.1, -6.9, 0.56, 0.41, -2.68],
            "p_value": [1e-12, 2e-9, 0.58, 0.684, 0.0083],
            "ci_low": [18.5, -5.4, -1.8, -1.8, -1.41],
            "ci_high": [21.7, -3.0, 3.1, 2.7, -0.21],
        }
    )
    components = pd.DataFrame(
        {
            "grouping": ["cohort_id", "patient_id", "patient_id", "patient_id"],
            "term1": ["is_group", "(Intercept)", "(Intercept)", "month"],
            "term2": [None, None, "month", None],
            "variance": [6.76, 40.0, -1.2, 0.9],
            "sd": [2.6, 6.325, np.nan, 0.949],
            "correlation": [np.nan, np.nan, -0.2, np.nan],
        }
    )
    residual = pd.DataFrame({"level": ["individual", "group"], "variance": [20.3, 24.0], "sd": [4.506, 4.899]})
    about = {
        "ddf": "kenward-roger",
        "formula": "score ~ visit*(format + baseline) + (0 + is_group | cohort_id)",
        "n_patients": 190,
        "n_observations": 512,
        "n_left_out": 3,
        "criterion": 3321.45,
        "r2_marginal": 0.31,
        "r2_conditional": 0.77,
        "converged": True,
        "singular": False,
    }
    return {"coefficients": coefficients, "variance_components": components, "residual": residual, "about": about}


@pytest.fixture(scope="session")
def change():
    means = pd.DataFrame(
        {
            "instrument": "BDI-II",
            "visit": visits(VISITS),
            "estimate": [27.3, 19.9, 16.0],
            "ci_low": [26.1, 18.6, 14.4],
            "ci_high": [28.5, 21.2, 17.6],
            "n_patients": [220, 171, 150],
        }
    )
    moved = pd.DataFrame(
        {
            "instrument": "BDI-II",
            "visit": visits(["month 1", "month 3"]),
            "estimate": [-7.4, -11.3],
            "std_error": [0.58, 0.71],
            "df": [160.1, 141.7],
            "statistic": [-12.8, -15.9],
            "p_value": [1e-20, 1e-24],
            "ci_low": [-8.5, -12.7],
            "ci_high": [-6.3, -9.9],
        }
    )
    sizes = pd.DataFrame(
        {
            "instrument": "BDI-II",
            "visit": "month 3",
            "effect_size": ["by baseline SD", "by change SD"],
            "formula": ["mean change / SD of the baseline scores", "mean change / SD of the changes"],
            "estimate": [-1.24, -1.33],
            "ci_low": [-1.42, -1.55],
            "ci_high": [-1.06, -1.11],
            "n_patients": [150, 150],
        }
    )
    published = pd.DataFrame(
        {"instrument": ["BDI-II"], "quantity": ["mean change"], "value": [-11.24], "source": ["Dore et al. 2019"]}
    )
    return {"means": means, "change": moved, "published": published, "effect_sizes": sizes}


@pytest.fixture(scope="session")
def clinical():
    classes = ("recovered", "improved", "unchanged", "reliably worse")
    counts = {"all": (55, 30, 58, 7), "individual": (37, 20, 35, 4), "group": (18, 10, 23, 3)}
    started = {"all": 228, "individual": 138, "group": 90}
    rows = []
    for care, found in counts.items():
        total = sum(found)
        for name, n in zip(classes, found, strict=True):
            half = 1.96 * np.sqrt(n / total * (1 - n / total) / total)
            rows.append(
                (care, name, n, total, started[care], started[care] - total, n / total - half, n / total + half)
            )
    columns = ["format", "class", "n", "n_assessed", "n_started", "n_not_assessed", "ci_low", "ci_high"]
    cutoffs = pd.DataFrame(
        {"cutoff": ["c", "reliable change"], "value": [14.29, 9.35], "formula": ["weighted midpoint", "1.96 S_diff"],
         "source": ["norms of the registry", None]}
    )  # fmt: skip
    methods = pd.DataFrame(
        [("Jacobson–Truax", name, n, n / 150) for name, n in zip(classes, (55, 30, 58, 7), strict=True)]
        + [("Edwards–Nunnally", name, n, n / 150) for name, n in zip(classes, (50, 31, 62, 7), strict=True)],
        columns=["method", "class", "n", "share"],
    )
    shares = pd.DataFrame(rows, columns=columns)
    eligible = pd.DataFrame(
        {"format": list(counts), "n": [55, 37, 18], "n_eligible": [132, 86, 46], "ci_low": 0.3, "ci_high": 0.5}
    )
    response = shares[shares["class"] == "recovered"].drop(columns="class")
    criteria = response.assign(criterion="response: 50% improvement or more", source="a convention")
    return {"shares": shares, "eligible": eligible, "cutoffs": cutoffs, "methods": methods, "criteria": criteria}


@pytest.fixture(scope="session")
def moderation():
    interactions = pd.DataFrame(
        {
            "moderator": ["age", "ACE 4 or more", "number of sessions"],
            "unit": ["10 years", "", "session"],
            "estimate": [-0.4, 1.2, 0.3],
            "df": [120.2, 101.0, 98.4],
            "p_value": [0.51, 0.22, np.nan],
            "ci_low": [-1.6, -0.7, -0.9],
            "ci_high": [0.8, 3.1, 1.5],
            "p_holm": [0.51, 0.44, np.nan],
            "n_patients": [150, 148, 150],
            "exploratory": [False, False, True],
            "warning": ["", "", "measured after treatment began"],
        }
    )
    differences = pd.DataFrame(
        {
            "moderator": ["age", "age", "ACE 4 or more", "ACE 4 or more"],
            "level": ["30 years", "50 years", "no", "yes"],
            "estimate": [1.5, 0.7, 0.6, 1.8],
            "ci_low": [-2.0, -2.2, -2.5, -2.1],
            "ci_high": [5.0, 3.6, 3.7, 5.7],
            "n_patients": [150, 150, 90, 58],
        }
    )
    return {"interactions": interactions, "differences": differences}


@pytest.fixture(scope="session")
def sensitivity():
    return pd.DataFrame(
        {
            "group": ["primary", "clustering", "clustering", "data", "known to be biased"],
            "label": ["primary model", "cohort ignored", "ICC fixed at .06", "multiple imputation", "complete cases"],
            "estimate": [1.12, 1.05, 1.1, np.nan, 0.3],
            "ci_low": [-1.77, -1.4, -1.6, np.nan, -2.4],
            "ci_high": [4.01, 3.5, 3.8, np.nan, 3.0],
            "df": [28.66, 140.2, 41.0, np.nan, 133.0],
            "p_value": [0.43, 0.4, 0.42, np.nan, 0.8],
            "n_patients": [190, 190, 190, 235, 150],
            "assumes": [
                "scores are missing at random given the scores and covariates that were observed",
                "patients of one cohort are no more alike than other patients",
                "the ICC is .06",
                "missing at random, baselines imputed too",
                "dropout has nothing to do with the scores (wrong here)",
            ],
            "is_primary": [True, False, False, False, False],
            "note": ["", "", "", "too few cohorts to impute", ""],
        }
    )


@pytest.fixture(scope="session")
def completeness():
    rows = [
        (care, where, visit, due, done, late, due - done - late)
        for care, due in (("individual", 138), ("group", 90))
        for where in ("all", "A", "B")
        for visit, done, late in (("month 1", due - 30, 4), ("month 3", due - 45, 6))
    ]
    frame = pd.DataFrame(rows, columns=["format", "practice", "visit", "n_due", "n_done", "n_late", "n_missing"])
    return frame.assign(visit=visits(frame["visit"]))


@pytest.fixture(scope="session")
def received():
    sessions = pd.DataFrame(
        [
            ("individual", "ketamine", "clinic", "induction", 690, 138, 5.0, 1.4),
            ("group", "ketamine", "clinic", "induction", 430, 90, 4.8, 1.1),
            ("individual", "integration", "telehealth", None, 410, 130, 3.1, 1.9),
            ("group", "integration", "clinic", None, 260, 84, 2.9, 1.5),
            ("individual", "ketamine", "home_supervised", "maintenance", 90, 40, 0.7, 1.2),
        ],
        columns=["format", "kind", "setting", "phase", "n_sessions", "n_patients", "mean_per_patient", "sd"],
    )
    doses = pd.DataFrame(
        [
            ("individual", "SL", "mg", 300, 205.0, 41.0),
            ("group", "SL", "mg", 200, 210.0, 39.0),
            ("individual", "IM", "mg/kg", 390, 1.104, 0.31),
            ("group", "IM", "mg/kg", 230, 1.06, 0.28),
        ],
        columns=["format", "route", "unit", "n_sessions", "mean", "sd"],
    )
    integration = pd.DataFrame(
        {
            "format": ["individual", "group"],
            "within": ["24–48 hours after the ketamine session"] * 2,
            "n_sessions": [690, 430],
            "n_followed": [320, 250],
            "n_patients": [120, 80],
            "share": [320 / 690, 250 / 430],
        }
    )
    minutes = pd.DataFrame(
        {"format": ["individual", "group"], "n_patients": [138, 90], "mean": [1210.4, 705.9], "sd": [310.0, 188.0],
         "median": [1180, 690]}
    )  # fmt: skip
    cohorts = pd.DataFrame({"cohort_id": ["C1", "C2", "C3"], "practice": ["A", "A", "B"], "n_patients": [3, 4, 4]})
    return {
        "sessions": sessions,
        "doses": doses,
        "integration": integration,
        "clinician_minutes": minutes,
        "cohort_sizes": cohorts,
    }


@pytest.fixture(scope="session")
def safety():
    events = pd.DataFrame(
        [
            ("nausea", "individual", "SL", "mild", 24, 19, 0.083, 288, 300),
            ("nausea", "group", "SL", "mild", 14, 12, 0.072, 194, 200),
            ("nausea", "individual", "SL", "moderate", 3, 3, 0.010, 288, 300),
            ("transient hypertension", "group", "IM", "mild", 2, 2, np.nan, 0, 230),
        ],
        columns=["event", "format", "route", "severity", "n_events", "n_patients", "per_session", "n_sessions_asked",
                 "n_sessions"],
    )  # fmt: skip
    serious = pd.DataFrame(
        {
            "patient_id": ["P014"],
            "day": [21],
            "format": ["individual"],
            "event": ["psychiatric_admission"],
            "severity": ["severe"],
            "relatedness": [None],
        }
    )
    vitals = pd.DataFrame(
        [
            (measure, unit, minute, care, n, mean, sd, maximum)
            for measure, unit, mean, sd, maximum in (
                ("sbp", "mmHg", 128.4, 14.2, 182.0),
                ("hr", "/min", 78.1, 11.0, 120.0),
            )
            for minute in (0, 30)
            for care, n in (("individual", 640), ("group", 420))
        ],
        columns=["measure", "unit", "minute", "format", "n", "mean", "sd", "maximum"],
    )
    states = ("endorsed", "not endorsed", "not answered", "not in the data")
    rows = [
        ("PHQ-9", care, visit, state, n, total, n / total)
        for care, total in (("individual", 138), ("group", 90))
        for visit in ("baseline", "month 3")
        for state, n in zip(states, (30, total - 42, 2, 10), strict=True)
    ]
    suicidality = pd.DataFrame(
        rows, columns=["instrument", "format", "visit", "state", "n_patients", "of_patients", "share"]
    )
    suicidality = suicidality.assign(visit=visits(suicidality["visit"]))
    new = pd.DataFrame(
        [("PHQ-9", "individual", 138, 96, 80, 20), ("PHQ-9", "group", 90, 48, 40, 12)],
        columns=["instrument", "format", "n_started", "n_at_risk", "n_reassessed", "n_endorsed"],
    )
    review = pd.DataFrame(
        [
            ("P007", "PHQ-9", "A", "group", "month 1", 33, 3.0, 26.0, 1.0, "rise"),
            ("P009", "PHQ-9", "B", "group", "between visits", 7, 1.0, np.nan, np.nan, "first answer"),
        ],
        columns=["patient_id", "instrument", "practice", "format", "visit", "day", "answer", "day_before",
                 "answer_before", "change"],
    )  # fmt: skip
    made = {"events": events, "serious": serious, "vitals": vitals, "suicidality": suicidality}
    return {**made, "newly_endorsed": new, "for_review": review}


@pytest.fixture(scope="session")
def bias():
    cells = [(2.0, 0.1, 2.8), (2.0, 0.5, 2.0), (4.0, 0.1, 2.6), (4.0, 0.5, 1.0)]
    frame = pd.DataFrame(cells, columns=["effect", "prevalence_difference", "estimate"])
    return frame.assign(ci_low=frame["estimate"] - 2, ci_high=frame["estimate"] + 2)


@pytest.fixture(scope="session")
def plan():
    return {
        "instrument": "BDI-II",
        "visit": "month 3",
        "secondary": ("HAM-A", "PHQ-9"),
        "covariates": ("age", "ace_score"),
        "population": "all patients who started treatment: at least one ketamine session",
        "analysis_set": "patients with a baseline score and at least one score after it",
        "switching": "treatment policy",
        "missing_scores": "missing at random, given the scores and covariates that were observed",
        "format_rule": "planned",
        "cohort_rule": "first",
        "margin": None,
        "origin": "drafted",
        "hash": "0123456789abcdef0123",
    }


@pytest.fixture(scope="session")
def counts():
    positivity = pd.DataFrame(
        {
            "practice": ["A", "A", "B", "B"],
            "format": ["individual", "group"] * 2,
            "n_patients": [80, 20, 58, 0],
        }
    )
    facilitators = pd.DataFrame(
        {
            "facilitator_id": ["F1", "F2", "F3"],
            "practice": ["A", "A", "B"],
            "n_individual": [40, 40, 58],
            "n_group": [20, 0, 0],
        }
    )
    intercurrent = pd.DataFrame(
        {
            "format": ["individual", "group"] * 2,
            "event": ["switched format", "switched format", "new antidepressant", "new antidepressant"],
            "n_patients": [12, 14, 9, 4],
            "of_patients": [138, 90] * 2,
        }
    )
    ledger = pd.DataFrame(
        [
            (step, because, care, n, rows)
            for step, because, n_all, rows_all in (
                ("patients", "", 235, 1100),
                ("in a visit window", "", 220, 900),
                ("in a visit window", "outside every window", 80, 200),
            )
            for care, n, rows in (("all", n_all, rows_all), ("individual", n_all // 2, rows_all // 2))
        ],
        columns=["step", "left_out_because", "format", "n_patients", "n_rows"],
    )
    problems = pd.DataFrame(
        {
            "file": ["assessments.csv", "assessments.csv", "cohorts.csv"],
            "row": [17, 18, 0],
            "column": ["score", "instrument", ""],
            "found": ["=99", "BDI-III", "a semicolon between the cells"],
            "expected": ["0 to 63", "an instrument of the registry; nearest: BDI-II", "commas"],
            "message": ["", "", ""],
        }
    )
    answers = pd.DataFrame(
        {
            "question": ["does the group format do as well?", "change"],
            "can_answer": [False, True],
            "why": ["there is no cohort_id", "150 patients with both scores"],
        }
    )
    return {
        "positivity": positivity,
        "facilitators": facilitators,
        "intercurrent": intercurrent,
        "ledger": ledger,
        "problems": problems,
        "answers": answers,
    }


@pytest.fixture(scope="session")
def margins():
    return pd.DataFrame(
        {
            "kind": ["non-inferiority", "non-inferiority", "equivalence"],
            "margin": [1.5, 3.0, 3.0],
            "is_stated": [False, True, True],
            "ci_level": [0.95, 0.95, 0.9],
            "ci_low": [-1.77, -1.77, -1.3],
            "ci_high": [4.01, 4.01, 3.5],
            "p_value": [0.4, 0.095, 0.1],
            "holds": [False, False, False],
        }
    )


@pytest.fixture(scope="session")
def balance():
    frame = pd.DataFrame(
        [
            (name, level, weighting, smd * factor)
            for name, level, smd in (("baseline", "", -0.38), ("sex", "female", 0.11))
            for weighting, factor in (("unweighted", 1.0), ("ipw", 0.1), ("overlap", 0.0))
        ],
        columns=["characteristic", "level", "weighting", "smd"],
    )
    sizes = pd.DataFrame(
        {"weighting": ["ipw", "ipw"], "format": ["individual", "group"], "n_patients": [134, 86],
         "effective": [121.4, 60.2]}
    )  # fmt: skip
    return {"balance": frame, "effective_sample_size": sizes}


@pytest.fixture(scope="session")
def secondary():
    return pd.DataFrame(
        {
            "instrument": ["HAM-A", "Y-BOCS"],
            "visit": "month 3",
            "estimate": [0.4, np.nan],
            "ci_low": [-1.2, np.nan],
            "ci_high": [2.0, np.nan],
            "df": [33.1, np.nan],
            "n_patients": [141, 12],
            "p_holm": [0.61, np.nan],
            "note": ["", "too few patients for a comparison"],
        }
    )


@pytest.fixture(scope="session")
def clinical_comparison():
    events = ("reliably better", "reliably worse")
    contrasts = pd.DataFrame(
        {
            "event": np.repeat(events, 2),
            "measure": ["risk difference", "risk ratio"] * 2,
            "estimate": [-0.1544, 0.7695, 0.022, np.nan],
            "df": [10.07, 8.68, np.nan, np.nan],
            "p_value": [0.1377, 0.1689, np.nan, np.nan],
            "ci_low": [-0.3677, 0.5173, np.nan, np.nan],
            "ci_high": [0.0587, 1.1448, np.nan, np.nan],
            "n_patients": 234,
            "adjusted_for": ["baseline", "baseline", "nothing", "nothing"],
            "note": ["", "", "too few for an interval", "too few for an interval"],
        }
    )
    risks = pd.DataFrame(
        {
            "event": np.repeat(events, 2),
            "format": ["group", "individual"] * 2,
            "risk": [0.528, 0.682, 0.022, 0.0],
            "ci_low": [0.314, 0.57, np.nan, np.nan],
            "ci_high": [0.731, 0.776, np.nan, np.nan],
        }
    )
    observed = pd.DataFrame(
        {
            "event": np.repeat(events, 2),
            "format": ["individual", "group"] * 2,
            "n": [57, 16, 0, 1],
            "n_assessed": [83, 35] * 2,
            "n_started": [134, 100] * 2,
        }
    )
    return {"contrasts": contrasts, "risks": risks, "observed": observed}


@pytest.fixture(scope="session")
def slopes():
    return pd.DataFrame(
        {
            "format": ["individual", "group", "group - individual"] * 2,
            "phase": np.repeat(["during dosing (months 0 to 2)", "after dosing (from month 2)"], 3),
            "n_patients": [107, 72, 179] * 2,
            "estimate": [-6.854, -4.449, 2.405, 0.466, 0.326, -0.14],
            "std_error": [0.402, 0.577, 0.704, 0.179, 0.283, 0.335],
            "df": [167.8, 33.4, 69.5, 270.8, 142.6, 253.3],
            "ci_low": [-7.649, -5.623, 1.002, 0.113, -0.233, -0.8],
            "ci_high": [-6.06, -3.275, 3.809, 0.819, 0.885, 0.519],
        }
    )


@pytest.fixture(scope="session")
def compared():
    return pd.DataFrame(
        {
            "by": ["kap_analysis", "statsmodels MixedLM"],
            "estimate": [3.0842, 2.9735],
            "std_error": [1.5461, 1.4821],
            "df": [81.43, np.inf],
            "statistic": [1.9949, 2.0063],
            "p_value": [0.0494, 0.0448],
            "ci_low": [0.0083, 0.0687],
            "ci_high": [6.1601, 5.8783],
        }
    )


@pytest.fixture(scope="session")
def model_facts():
    model = pd.DataFrame(
        {
            "instrument": ["BDI-II"],
            "visit": ["month 3"],
            "rung": ["full"],
            "formula": ["score ~ visit*(format + baseline) + practice + (0 + is_group | cohort_id)"],
            "n_patients": [1179],
            "n_observations": [5340],
            "why": ["the counts allow the full model"],
            "ddf": ["kenward-roger"],
            "standardised_by": ["adjusted difference / SD of the baseline score, pooled over the formats"],
            "plan_origin": ["drafted"],
            "margin": [np.nan],
            "is_planned": [True],
        }
    )
    return {"model": model, "notes": pd.DataFrame({"note": ["ACE score was not recorded for 7 patients."]})}


@pytest.fixture(scope="session")
def calls(
    flow_steps, characteristics, observed_means, paired, comparison, fitted, change, clinical, moderation, sensitivity,
    completeness, received, safety, plan, counts, margins, balance, bias, secondary,
    clinical_comparison, slopes, compared,
    model_facts,
):  # fmt: skip
    """Each table function with the frames that it is called with here."""
    return [
        (tables.table_flow, {"steps": flow_steps, "stamp": "SIMULATED"}),
        (tables.table_baseline, {"characteristics": characteristics, "stamp": "SIMULATED"}),
        (tables.table_observed_scores, {"means": observed_means, "stamp": "SIMULATED"}),
        (tables.table_paired_change, paired),
        (tables.table_adjusted, comparison),
        (tables.table_model, fitted | {"icc": comparison["icc"]}),
        (tables.table_model_facts, model_facts),
        (tables.table_slopes, {"slopes": slopes}),
        (tables.table_estimates_compared, {"estimates": compared}),
        (tables.table_secondary, {"secondary": secondary}),
        (tables.table_margins, {"margins": margins}),
        (tables.table_planned_study, {"precision": PRECISION}),
        (tables.table_planning_assumptions, {"assumptions": ASSUMPTIONS}),
        (tables.table_pooled, {"contrasts": CONTRASTS}),
        (tables.table_pooling_rounds, {"rounds": ROUNDS}),
        (tables.table_two_stage, {"two_stage": TWO_STAGE}),
        (tables.table_change, {"means": change["means"], "change": change["change"], "published": change["published"]}),
        (tables.table_effect_sizes, {"effect_sizes": change["effect_sizes"]}),
        (tables.table_clinical_change, {name: clinical[name] for name in ("shares", "eligible", "cutoffs")}),
        (tables.table_clinical_comparison, clinical_comparison),
        (tables.table_criteria, {"criteria": clinical["criteria"]}),
        (tables.table_clinical_methods, {"methods": clinical["methods"]}),
        (tables.table_moderators, moderation),
        (tables.table_sensitivity, {"estimates": sensitivity}),
        (tables.table_balance, balance),
        (tables.table_bias, {"bias": bias}),
        (tables.table_completeness, {"completeness": completeness}),
        (tables.table_exposure, received),
        (
            tables.table_positivity,
            {"patients": counts["positivity"], "sentence": "Practice B has no group."},
        ),
        (tables.table_facilitators, {"facilitators": counts["facilitators"]}),
        (tables.table_intercurrent_events, {"events": counts["intercurrent"]}),
        (tables.table_adverse_events, {"events": safety["events"]}),
        (tables.table_serious_events, {"serious": safety["serious"]}),
        (tables.table_vitals, {"vitals": safety["vitals"]}),
        (tables.table_suicidality, {"suicidality": safety["suicidality"]}),
        (tables.table_newly_endorsed, {"newly_endorsed": safety["newly_endorsed"]}),
        (tables.table_for_review, {"for_review": safety["for_review"]}),
        (tables.table_estimand, {"plan": plan}),
        (tables.table_checklist, {}),
        (tables.table_instruments, {"instruments": [get_instrument(name) for name in ("BDI-II", "HAM-A", "WHO-5")]}),
        (tables.table_ledger, {"ledger": counts["ledger"]}),
        (tables.table_problems, {"problems": counts["problems"]}),
        (tables.table_answers, {"answers": counts["answers"]}),
    ]


@pytest.fixture(scope="session")
def every_table(calls):
    return {table.name: table for table in (function(**frames) for function, frames in calls)}


@pytest.fixture(scope="session")
def every_html(every_table):
    return {name: table.to_html() for name, table in every_table.items()}
