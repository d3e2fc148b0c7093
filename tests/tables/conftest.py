"""Result frames as the analysis returns them, small enough to check by hand, and every table made from them."""

import numpy as np
import pandas as pd
import pytest

import kap_analysis.tables as tables

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
            ("age", "Age", "continuous", "years", "", care, size, 2, 44.23 + shift, 12.31, 43, 35, 53, None, None, -0.14),
            ("baseline", "BDI-II at baseline", "continuous", "points", "", care, size, 0, 27.41 + 2 * shift, 8.9, 27, 21,
             33, None, None, -0.38),
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
def every_table(flow_steps, characteristics, observed_means, paired, comparison, fitted):
    made = [
        tables.table_flow(steps=flow_steps, stamp="SIMULATED"),
        tables.table_baseline(characteristics=characteristics, stamp="SIMULATED"),
        tables.table_observed_scores(means=observed_means, stamp="SIMULATED"),
        tables.table_paired_change(**paired),
        tables.table_adjusted(**comparison),
        tables.table_model(**fitted, icc=comparison["icc"]),
    ]
    return {table.name: table for table in made}
