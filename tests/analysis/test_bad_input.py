"""Each question on data that cannot answer it: refused or qualified in words, never a crash, never a bare number."""

import json
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest

import kap_analysis as kap
from kap_analysis.analysis.model.moderators import Moderator
from kap_analysis.errors import AnalysisError, KapError
from tests.analysis.trials import as_outcomes, made_up_scores
from tests.sweeps import few_fast


def with_scores(change):
    scores = made_up_scores()
    return as_outcomes(change(scores))


DATA = {
    "12 patients in 3 cohorts": lambda: as_outcomes(made_up_scores(individual=3, cohorts=3)),
    "one format": lambda: as_outcomes(made_up_scores(cohorts=0)),
    "one patient": lambda: as_outcomes(made_up_scores(individual=1, cohorts=0)),
    "one patient per format": lambda: as_outcomes(made_up_scores(individual=1, cohorts=1, size=1)),
    "no cohort with two": lambda: as_outcomes(made_up_scores(cohorts=30, size=1)),
    "no cohort at all": lambda: with_scores(lambda s: s.drop(columns="cohort_id")),
    "no practice": lambda: with_scores(lambda s: s.drop(columns="practice")),
    "a visit nobody has": lambda: with_scores(lambda s: s[s["visit"] != "month 3"]),
    "constant scores": lambda: with_scores(lambda s: s.assign(score=20.0)),
    "constant after baseline": lambda: with_scores(
        lambda s: s.assign(score=s["score"].where(s["visit"] == "baseline", 12.0))
    ),
    "all missing": lambda: with_scores(lambda s: s.assign(score=float("nan"))),
    "baseline only": lambda: with_scores(lambda s: s[s["visit"] == "baseline"]),
    "no baseline": lambda: with_scores(lambda s: s[s["visit"] != "baseline"]),
    "no format": lambda: with_scores(lambda s: s.drop(columns="format")),
    "a cohort in both formats": lambda: with_scores(lambda s: s.assign(cohort_id="G1")),
    "mixed only": lambda: with_scores(lambda s: s.assign(format="mixed")),
}
QUESTIONS = {
    "compare": lambda o: kap.compare_formats(o, visit="month 3"),
    "margin": lambda o: kap.compare_formats(o, visit="month 3", margin=3),
    "statsmodels": lambda o: kap.compare_formats_by_statsmodels(o, "month 3"),
    "change": kap.estimate_change,
    "observed": kap.observed_scores,
    "paired": lambda o: kap.paired_scores(o, "month 3"),
    "trajectories": kap.model_trajectories,
    "moderate": lambda o: kap.moderate(o, visit="month 3"),
    "characteristics": kap.baseline_characteristics,
    "cohorts": lambda o: kap.list_cohort_effects(kap.compare_formats(o, visit="month 3")),
    "diagnostics": lambda o: kap.diagnose_model(kap.compare_formats(o, visit="month 3")),
}
#: Questions that the fast suite asks of all data: one of each kind of answer.
FAST = ("compare", "change", "observed", "paired", "characteristics")
#: A number without a value, a sentence that was not filled, a list of nothing.
UNFILLED = ("nan", "None", "1 patients", "1 cohorts", "  ", ": .", "by .", "{", "not available) to (not available")


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("question", few_fast(QUESTIONS, FAST))
def test_refused_or_qualified_in_words(data, question):
    outcomes = DATA[data]()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            text = QUESTIONS[question](outcomes).paragraph
        except KapError as error:
            text = str(error)
    assert text[0].isupper() or text[0].isdigit()
    assert text.rstrip().endswith((".", "`."))
    assert [word for word in UNFILLED if word in text] == []


@pytest.mark.parametrize("data", ["12 patients in 3 cohorts", "no cohort with two", "a cohort in both formats"])
def test_few_cohorts_are_said_to_be_few_in_the_first_line(data):
    result = kap.compare_formats(DATA[data](), visit="month 3")
    assert str(result).startswith("Descriptive only: ") and result.primary[["p_value"]].isna().all()


def test_both_formats_are_asked_for():
    with pytest.raises(KapError) as error:
        kap.compare_formats(DATA["one format"](), visit="month 3")
    assert str(error.value) == (
        "All 30 analysed patients were treated in individual format; a comparison needs both formats. "
        "How scores changed in the one format can be told without it."
    )


def test_an_unknown_visit_names_those_there_are():
    with pytest.raises(KapError) as error:
        kap.compare_formats(as_outcomes(made_up_scores()), visit="month 9")
    assert str(error.value) == "There is no visit 'month 9' after baseline; choose one of month 1, month 2 and month 3."


def test_results_are_plain_values_for_json():
    outcomes = as_outcomes(made_up_scores(cohorts=4))
    for name in ("margin", "change", "observed", "trajectories", "moderate", "characteristics"):
        question = QUESTIONS[name]
        told = json.loads(json.dumps(question(outcomes).to_dict(), allow_nan=False))
        assert told["paragraph"]


#: The words of a paragraph that must follow the data, as the change that is made and the questions that see it.
SEEN_BY = [name for name in QUESTIONS if name not in ("characteristics", "cohorts", "diagnostics")]


@pytest.mark.parametrize("question", few_fast(SEEN_BY, ("change", "compare")))
def test_the_paragraph_changes_with_the_data(question):
    scores = made_up_scores()
    at = (scores["visit"] == "month 3") & (scores["format"] == "group")
    other = scores.assign(score=(scores["score"] + 6.0 * at).clip(0, 63))
    text = QUESTIONS[question](as_outcomes(scores)).paragraph
    assert text != QUESTIONS[question](as_outcomes(other)).paragraph
    if question not in ("statsmodels", "margin"):  # slow, and the same as compare
        assert text == QUESTIONS[question](as_outcomes(scores.sample(frac=1, random_state=1))).paragraph


def test_a_public_study_of_real_patients_keeps_its_lines():
    outcomes = replace(as_outcomes(made_up_scores(cohorts=4)), visibility="public")
    result = kap.model_trajectories(outcomes)
    assert result.fit is None and result.patients.empty and len(result.withheld)
    assert kap.compare_formats(outcomes, visit="month 3").fit is None


def test_a_public_study_says_no_small_count_in_words_either():
    ages = made_up_scores()
    ages.loc[ages["patient_id"].isin(["P002", "P010", "P011"]), "age"] = float("nan")
    seen = kap.compare_formats(as_outcomes(ages), visit="month 3")
    how = "the expected value given format, baseline and the other covariates was used"
    assert f"Age was not recorded for 3 patients: {how}." in seen.notes["note"].tolist()
    hidden = kap.compare_formats(as_outcomes(ages, visibility="public"), visit="month 3")
    assert not any("Age" in note for note in hidden.notes["note"])
    assert "A note is withheld, because it counts patients." in hidden.notes["note"].tolist()
    few = kap.compare_formats(as_outcomes(made_up_scores(individual=8), visibility="public"), visit="month 3")
    assert (
        "No variance between therapy cohorts"
        not in kap.compare_formats(as_outcomes(made_up_scores(), visibility="public"), visit="month 3").paragraph
    )
    assert few.answer.startswith("Descriptive only: the reason is withheld, because it counts patients")


@pytest.mark.parametrize(
    ("ask", "takes"),
    [
        (kap.describe_model, "a result of a model"),
        (kap.diagnose_model, "a result of a model"),
        (kap.list_cohort_effects, "a comparison"),
        (kap.methods_paragraph, "a plan"),
        (kap.plan_next_study, "a NextStudy"),
        (kap.participant_flow, "a study"),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_what_is_asked_of_a_path_says_what_it_takes(ask, takes):
    with pytest.raises(KapError, match=f"{ask.__name__} takes {takes}, found a path. "):
        ask("study")


@pytest.mark.parametrize(
    ("ask", "options", "said"),
    [
        (kap.check_dropout, {"n_imputations": 2.5}, "n_imputations is 2.5; give a whole number."),
        (kap.check_dropout, {"n_imputations": True}, "n_imputations is True; give a whole number."),
        (kap.check_sensitivity, {"n_imputations": 1}, "n_imputations is 1; give a whole number from 2."),
        (kap.check_allocation, {"n_bootstrap": 0}, "n_bootstrap is 0; give a whole number from 2."),
        (kap.check_dropout, {"seed": None}, "seed is None; give a whole number."),
        (kap.check_dropout, {"seed": -1}, "seed is -1; give a whole number from 0."),
        (kap.compare_formats, {"plan": {"visit": "month 3"}}, "plan is {'visit': 'month 3'}; give a Plan."),
        (kap.check_dropout, {"deltas": ("a",), "n_imputations": 2}, "The deltas are 'a': points"),
        (kap.count_intercurrent_events, {"until_day": "x"}, "until_day is 'x'; give a whole number."),
        (kap.moderate, {"moderators": ("age",)}, "Found 'age' among the moderators"),
        (kap.baseline_characteristics, {"characteristics": {"age": ("Age", "years")}}, "is described by ('Age', 'y"),
        (kap.baseline_characteristics, {"characteristics": {"age": ("Age", "years", "number")}}, "where the kind is"),
        (kap.baseline_characteristics, {"characteristics": {"sex": ("Sex", "", "continuous")}}, "but holds words"),
    ],
)
def test_an_argument_of_the_wrong_kind_is_one_sentence(ask, options, said, study):
    with pytest.raises(AnalysisError, match=re.escape(said)):
        ask(study, **options)


def test_numbers_of_numpy_are_numbers(study):
    kap.count_intercurrent_events(study, until_day=np.int64(100))
    kap.clinical_change(study.outcomes(), "month 3", reliability=np.float64(0.9))


def test_a_reliability_beside_norms_is_refused_and_words_are_no_moderator(study):
    with pytest.raises(AnalysisError, match=r"have the reliability 0\.9, and 0\.5 was given beside them"):
        kap.clinical_change(study.outcomes(), "month 3", norms=kap.Norms(20, 8, 0.9), reliability=0.5)
    asked = kap.moderate(study, moderators=(Moderator("practice", "Practice", "x", 1.0),)).interactions
    assert asked.set_index("moderator").loc["Practice", "note"].startswith("its values are words")
