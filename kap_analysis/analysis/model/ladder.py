"""Which model the counts allow: a ladder by numbers of patients and cohorts, never by a p-value.

full         one unstructured covariance of the visits per format, and the cohort
compound     one variance between and one within patients per format, and the cohort
descriptive  too few cohorts or patients: the compound model without covariates, its intervals not a test; where even
             that asks more than the data hold, without the cohort, and then with one variance between patients
"""

from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from kap_analysis.analysis.model.model_frame import ModelFrame
from kap_analysis.analysis.model.plan import Ladder
from kap_analysis.columns import BASELINE, COHORT_ID, FORMAT, GROUP, PATIENT_ID, SCORE, VISIT
from kap_analysis.writing.sentences import join_words, plural

FULL = "full"
COMPOUND = "compound"
DESCRIPTIVE = "descriptive"
RUNGS = (FULL, COMPOUND, DESCRIPTIVE)
#: So many reasons against the full model are named; the others are counted.
SHORTFALLS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Rung:
    """One model of the ladder.

    Attributes
    ----------
    name : str
        full, compound, descriptive.
    formula : str
    residual_by : str or None
        The column with a residual variance per level.
    why : str
        The counts that led here, in words; the thresholds, not the counts, which a public study may not show.
    """

    name: str
    formula: str
    residual_by: str | None
    why: str


def count_cohorts(model: ModelFrame) -> int:
    """Cohorts with two or more analysed patients."""
    return model.n_shared_cohorts


def choose_rungs(model: ModelFrame, visit: str, ladder: Ladder) -> list[Rung]:
    """The model that the counts allow, followed by the simpler ones to step down to if it does not converge."""
    shortfalls = _full_shortfalls(model, visit, ladder)
    too_few = _descriptive_reasons(model, visit, ladder)
    if too_few:
        names, why = [DESCRIPTIVE], join_words(too_few)
    elif shortfalls:
        names, why = [COMPOUND, DESCRIPTIVE], join_words(shortfalls)
    else:
        names, why = [FULL, COMPOUND, DESCRIPTIVE], "the counts allow the full model"
    rungs = [build_rung(model, name, why) for name in names]
    simpler = [build_rung(model, DESCRIPTIVE, why, cohort=False, by_format=by_format) for by_format in (True, False)]
    return [*rungs, *[rung for rung in simpler if rung.formula != rungs[-1].formula]]


def build_rung(model: ModelFrame, name: str, why: str = "", *, cohort: bool = True, by_format: bool = True) -> Rung:
    """The formula of one rung for these data; a cohort of one patient cannot be told from the patient."""
    several = len(model.visits) > 1
    fixed = f"{VISIT}*({FORMAT} + {BASELINE})" if several else f"{FORMAT} + {BASELINE}"
    covariates = [] if name == DESCRIPTIVE else list(model.covariates)
    arm = "nesting" if "mixed" in model.formats else FORMAT
    terms = [fixed, *covariates]
    if cohort and model.n_shared_cohorts:
        indicator = "in_cohort" if "mixed" in model.formats else "is_group"
        terms.append(f"(0 + {indicator} | {COHORT_ID})")
    residual_by: str | None = arm if by_format else None
    if several and name == FULL:
        terms.append(f"us({VISIT} | {arm}/{PATIENT_ID})")
        residual_by = None
    elif several and arm == FORMAT and by_format:
        terms += [f"(0 + is_group | {PATIENT_ID})", f"(0 + is_individual | {PATIENT_ID})"]
    elif several:
        terms.append(f"(1 | {PATIENT_ID})")
    return Rung(name, f"{SCORE} ~ {' + '.join(terms)}", residual_by, why)


def _full_shortfalls(model: ModelFrame, visit: str, ladder: Ladder) -> list[str]:
    frame = model.frame
    at_visit = frame.loc[frame[VISIT] == visit, FORMAT].value_counts()
    short = [
        f"fewer than {plural(ladder.full_patients, 'patient')} in {f} format at {visit}"
        for f in model.formats
        if at_visit.get(f, 0) < ladder.full_patients
    ]
    seen = pd.crosstab([frame[FORMAT], frame[PATIENT_ID]], frame[VISIT]) > 0
    for first, second in combinations(model.visits, 2):
        both = (seen[first] & seen[second]).groupby(level=0, observed=True).sum()
        few = [f for f in model.formats if both.get(f, 0) < ladder.full_pairs]
        needed = plural(ladder.full_pairs, "patient")
        short += [f"fewer than {needed} in {f} format with both {first} and {second}" for f in few]
    hidden = len(short) - SHORTFALLS_SHOWN
    return short if hidden <= 0 else [*short[:SHORTFALLS_SHOWN], plural(hidden, "further shortfall")]


def _descriptive_reasons(model: ModelFrame, visit: str, ladder: Ladder) -> list[str]:
    frame = model.frame
    at_visit = frame.loc[frame[VISIT] == visit, FORMAT].value_counts()
    reasons = [
        f"fewer than {plural(ladder.descriptive_patients, 'patient')} in {f} format at {visit}"
        for f in model.formats
        if at_visit.get(f, 0) < ladder.descriptive_patients
    ]
    cohorts = count_cohorts(model)
    if model.has_cohorts and GROUP in model.formats and cohorts < ladder.cohorts:
        reasons.append(f"fewer than {plural(ladder.cohorts, 'cohort')} with two or more patients")
    return reasons
