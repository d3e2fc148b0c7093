"""Every number in a sentence of the shipped study stands in a frame of the same result, rounded as it is written.

A share written with what it is a share of, "34 of 120 (28%)", is worked out again from these two.
"""

import dataclasses
import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import kap_analysis as kap
from tests.places import SHIPPED_STUDY

pytestmark = pytest.mark.slow

FEW = {"n_imputations": 4}
#: What the notebooks ask of the study; imputation with few draws, since the sentences are the same with many.
RESULTS = {
    "participant_flow": lambda s: kap.participant_flow(s),
    "baseline_characteristics": lambda s: kap.baseline_characteristics(s.outcomes()),
    "describe_positivity": lambda s: kap.describe_positivity(s),
    "describe_exposure": lambda s: kap.describe_exposure(s),
    "count_intercurrent_events": lambda s: kap.count_intercurrent_events(s),
    "describe_completeness": lambda s: kap.describe_completeness(s),
    "account_for_rows": lambda s: kap.account_for_rows(s.outcomes()),
    "change_by_instrument": lambda s: kap.change_by_instrument(s),
    "paired_scores": lambda s: kap.paired_scores(s.outcomes(), "month 3"),
    "estimate_change": lambda s: kap.estimate_change(s.outcomes()),
    "observed_scores": lambda s: kap.observed_scores(s.outcomes()),
    "target_change": lambda s: kap.target_change(s),
    "compare_formats": lambda s: kap.compare_formats(s),
    "diagnose_model": lambda s: kap.diagnose_model(kap.compare_formats(s, secondary=False)),
    "list_cohort_effects": lambda s: kap.list_cohort_effects(kap.compare_formats(s, secondary=False)),
    "compare_formats_by_statsmodels": lambda s: kap.compare_formats_by_statsmodels(s.outcomes(), "month 3"),
    "model_trajectories": lambda s: kap.model_trajectories(s.outcomes()),
    "scores_by_session": lambda s: kap.scores_by_session(s),
    "clinical_change": lambda s: kap.clinical_change(s.outcomes(), "month 3"),
    "compare_clinical_change": lambda s: kap.compare_clinical_change(s, **FEW),
    "band_movement": lambda s: kap.band_movement(s.outcomes(population="started")),
    "durability": lambda s: kap.durability(s),
    "moderate": lambda s: kap.moderate(s),
    "check_sensitivity": lambda s: kap.check_sensitivity(s, n_bootstrap=20, **FEW),
    "check_dropout": lambda s: kap.check_dropout(s, **FEW),
    "check_allocation": lambda s: kap.check_allocation(s, n_bootstrap=20, **FEW),
    "check_unmeasured_confounding": lambda s: kap.check_unmeasured_confounding(s),
    "review_safety": lambda s: kap.review_safety(s),
}
#: Numbers that are no result: levels, definitions and thresholds, each where it stands.
NO_RESULTS = (
    r"95% interval|95% intervals|90% interval",
    r"p [<>]\s0\.\d+",  # the smallest and the largest p that is written out
    r"by more than 0\.1 standard deviations",
    r"(?:less than|within) 0\.05 points",
    r"24–48 hours|[Ww]ithin 48 hours",
    r"[Mm]onths? \d+(?: to \d+| on)?|session \d+",  # names of visits and phases
    r"beyond 3 standard deviations",
    r"(?:BDI-II|EDE-QS|GAD-7|HAM-A|PCL-5|PHQ-9|Y-BOCS)",
    r"10 (?:years|points)(?= \(95)",  # what a moderator is per
    r"ACE score 4 or more",
    r"<\s1%|>\s99%",
    r"[Ff]ewer than \d+ (?:patients|do not)",
    r"doi \S+|\d{4}(?:, J Psychoactive Drugs \d+\(\d+\):\d+-\d+)|Figure 3",
)
#: Rows from which a frame is long: among so many numbers any number would be found.
LONG = 250
NUMBER = re.compile(r"(?<![\w.])−?\d[\d,]*(?:\.\d+)?")
SHARE = re.compile(r"(?P<n>\d[\d,]*) of (?P<total>\d[\d,]*) \((?P<percent>\d+)%\)")


def numbers_of(text):
    """The numbers of a paragraph: (as written, value without sign, decimals)."""
    for pattern in NO_RESULTS:
        text = re.sub(pattern, " ", text)
    text = SHARE.sub(r"\g<n> of \g<total>", text)
    for written in NUMBER.findall(text):
        bare = written.strip("−").replace(",", "").rstrip(".")
        yield written, float(bare), len(bare.partition(".")[2])


def values_of(result):
    """Every number of the frames and fields, and the counts and sums that a sentence may be about."""
    found = set()
    for field in dataclasses.fields(result):
        value = getattr(result, field.name)
        if field.name in ("fit", "withheld"):
            continue
        if isinstance(value, pd.DataFrame):
            found |= _of_frame(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found.add(float(value))
        elif isinstance(value, str | tuple):
            found |= {v for text in np.atleast_1d(np.array(value, dtype=object)) for _, v, _ in numbers_of(str(text))}
    return np.array(sorted({abs(v) for v in found if np.isfinite(v)}))


def _of_frame(frame):
    """Its numbers, and their counts and sums by what its columns name; of a long frame only what sums it up."""
    found = {float(len(frame))}
    is_long = len(frame) > LONG
    words = [c for c in frame if not pd.api.types.is_numeric_dtype(frame[c]) or frame[c].dtype == bool]
    for column in frame:
        values = frame[column]
        found |= {float(values.nunique()), *map(float, values.value_counts())}
        if column in words and not is_long:
            found |= {v for text in set(values.dropna().astype(str)) for _, v, _ in numbers_of(text)}
        if column in words:
            continue
        known = values.dropna().astype(float)
        found |= {known.sum(), known.abs().max() if len(known) else 0.0, *([] if is_long else known)}
        for by in [[]] if is_long else [*([one] for one in words), *map(list, combinations(words, 2))]:
            sums = frame.astype(dict.fromkeys(by, str)).groupby(by)[column].sum() if by else known.head(0)
            found |= {*sums.astype(float)}
    return found


def stands(value, decimals, values):
    """Whether a written number is one of the values, as it is or in per cent."""
    half = 0.5 * 10.0**-decimals + 1e-9
    return bool(((np.abs(values - value) <= half) | (np.abs(100 * values - value) <= half)).any())


def wrong_shares(text):
    """The shares of a paragraph that are not their number over what it is of."""
    shares = [(found[0], *(int(part.replace(",", "")) for part in found.groups())) for found in SHARE.finditer(text)]
    return [written for written, n, total, percent in shares if abs(100 * n / total - percent) > 0.5]


def _started_apart(result):
    means = result.unadjusted.set_index(["quantity", "format"])["mean"]
    return [means["baseline", "group"] - means["baseline", "individual"]]


def _apart_and_wide(result):
    return [*_started_apart(result), result.primary["ci_high"] - result.primary["ci_low"]]


def _normality(result):
    residuals = result.residuals["normalised"]
    centred = residuals - residuals.mean()
    skewness = (centred**3).mean() / (centred**2).mean() ** 1.5
    return [(residuals.abs() > 3).sum(), len(residuals) * 0.0027, skewness]


#: What a sentence works out from the frames, computed here again.
DERIVED = {
    "compare_formats": _apart_and_wide,
    "compare_formats_by_statsmodels": _started_apart,
    "diagnose_model": _normality,
}


@pytest.fixture(scope="module")
def study():
    return kap.load_study(SHIPPED_STUDY)


@pytest.mark.parametrize("name", RESULTS)
def test_every_number_of_a_sentence_stands_in_a_frame(name, study):
    result = RESULTS[name](study)
    values = np.array([*values_of(result), *(abs(float(v)) for v in DERIVED.get(name, lambda r: [])(result))])
    missing = [
        written for written, value, decimals in numbers_of(result.paragraph) if not stands(value, decimals, values)
    ]
    assert missing == [], result.paragraph
    assert wrong_shares(result.paragraph) == []


def test_the_check_finds_a_number_that_is_not_there(study):
    result = kap.paired_scores(study.outcomes(), "month 3")
    values = values_of(result)
    assert all(stands(v, d, values) for _, v, d in numbers_of(result.paragraph))
    assert not stands(77.7, 1, values)
    assert wrong_shares("34 of 120 (28%) and 1,200 of 2,400 (51%)") == ["1,200 of 2,400 (51%)"]
