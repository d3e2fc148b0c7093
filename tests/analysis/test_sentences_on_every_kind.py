"""The sentences of every question on every kind of study: a thing is told of only where the study has it."""

import re

import pytest

import kap_analysis as kap
from kap_analysis.errors import AnalysisError, KapError
from tests.report.test_study_matrix import STUDIES, baseline_only, primary
from tests.study.small_study import write_small_study

KINDS = {**STUDIES, "WHO-5": primary("WHO-5")}


def comparison(study):
    return kap.compare_formats(study, secondary=False)


QUESTIONS = {
    "participant_flow": kap.participant_flow,
    "baseline_characteristics": kap.baseline_characteristics,
    "describe_positivity": kap.describe_positivity,
    "describe_exposure": kap.describe_exposure,
    "count_intercurrent_events": kap.count_intercurrent_events,
    "describe_completeness": kap.describe_completeness,
    "account_for_rows": lambda study: kap.account_for_rows(study.outcomes()),
    "estimate_change": lambda study: kap.estimate_change(study.outcomes()),
    "observed_scores": lambda study: kap.observed_scores(study.outcomes(population="started")),
    "model_trajectories": lambda study: kap.model_trajectories(study.outcomes()),
    "clinical_change": lambda study: kap.clinical_change(study.outcomes(), "month 3"),
    "band_movement": lambda study: kap.band_movement(study.outcomes(population="started")),
    "durability": kap.durability,
    "review_safety": kap.review_safety,
    "compare_formats": comparison,
    "diagnose_model": lambda study: kap.diagnose_model(comparison(study)),
    "list_cohort_effects": lambda study: kap.list_cohort_effects(comparison(study)),
}


def has(table, column):
    """Whether any row of a table of the study tells something in a column."""
    return lambda study: bool(study.tables[table][column].notna().any())


def has_kind(kind):
    return lambda study: kind in set(study.tables["sessions"]["kind"].astype(str))


def has_group(study):
    return "group" in set(study.tables["sessions"]["format"].astype(str))


def instrument_of(study):
    return study.instruments[study.settings.primary_instrument]


#: What may be said only of a study that has it. Sentences that say of a thing that it is absent are no claim about it.
ABSENT = re.compile(
    r"[^.]*(?:(?:are|is|was|were) not recorded|cannot be told apart|No variance between therapy cohorts"
    r"|there are no cohort effects"
    r"|No cut-off|is established|where cohorts are recorded|Treated in group format)[^.]*\.",
    re.IGNORECASE,
)
CLAIMS = {
    r"\bcohorts?\b": has("sessions", "cohort_id"),
    r"[Ff]acilitator|[Cc]linician minutes": has("sessions", "facilitator_ids"),
    r"[Bb]ooster": has("sessions", "phase"),
    r"\d integration sessions": has_kind("integration"),
    r"hours after": has("sessions", "hour"),
    r"mg/kg": has("sessions", "weight_kg"),
    r"in group format|group minus individual|in groups": has_group,
    r"medication|new psychotherapy": has("treatments", "kind"),
    r"hospitalisation or|[Ss]erious event|events? in (?:individual|group) format": has("adverse_events", "event"),
    r"item on suicidality": lambda study: len(study.tables["items"]) > 0,
    r"\bminimal \d": lambda study: bool(instrument_of(study).band_sets),
}
#: What no sentence says.
NEVER = re.compile(r"\bnan\b|\bNone\b|\binf\b|<NA>|\b0 of 0\b|\(n = 0\)|/0 \(")


def untrue(said, study):
    """The claims of a paragraph for which the study has nothing."""
    rest = ABSENT.sub("", said)
    wrong = [pattern for pattern, holds in CLAIMS.items() if re.search(pattern, rest) and not holds(study)]
    return wrong + NEVER.findall(said)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_sentence_is_about_what_the_study_does_not_have(kind, tmp_path):
    folder = tmp_path / "study"
    kap.write_study(kap.simulate_study(30, seed=2019), folder)
    (folder / "truth.json").unlink()
    KINDS[kind](folder)
    study = kap.load_study(folder)
    wrong = {}
    for name, ask in QUESTIONS.items():
        try:
            said = ask(study).paragraph
        except KapError:
            continue
        found = untrue(said, study)
        if found:
            wrong[name] = (found, said)
    assert wrong == {}


def test_a_study_of_baselines_is_not_told_that_it_has_none(tmp_path):
    folder = write_small_study(tmp_path / "study")
    baseline_only(folder)
    outcomes = kap.load_study(folder).outcomes()
    for ask in (kap.observed_scores, kap.estimate_change, kap.baseline_characteristics):
        with pytest.raises(AnalysisError, match=r"No patient has the BDI-II scores .* no score after baseline\."):
            ask(outcomes)
