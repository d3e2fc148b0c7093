"""Dropout: deltas and tipping points where they can be derived, reference-based rows, and cohorts kept together."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.missing.dropout import check_dropout
from kap_analysis.analysis.missing.imputed_outcomes import complete_scores
from kap_analysis.analysis.missing.reference_based import RETURN
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.errors import AnalysisError
from kap_analysis.tables.sensitivity.sensitivity import table_sensitivity
from tests.analysis.trials import as_outcomes, btheb, lossy_scores, made_up_scores

PLAN = Plan("BDI-II", "month 3", covariates=())


@pytest.fixture(scope="module")
def result():
    return check_dropout(as_outcomes(lossy_scores()), plan=PLAN, n_imputations=10)


def test_a_delta_moves_the_difference_by_delta_times_the_share_lost(result):
    """The lost are a third of each format by design: the mean of groups moves by a third of the delta."""
    grid = result.tipping.set_index(["delta_individual", "delta_group"])["estimate"]
    moved = (grid[0.0, 10.0] - grid[0.0, 0.0]) / 10
    assert moved == pytest.approx(1 / 3, abs=0.05)
    assert (grid[0.0, 0.0] - grid[10.0, 0.0]) / 10 == pytest.approx(1 / 3, abs=0.05)
    assert grid[10.0, 10.0] == pytest.approx(grid[0.0, 0.0], abs=0.5)


def test_no_delta_is_missing_at_random(result):
    first, at_random = result.tipping.iloc[0], result.estimates.iloc[0]
    assert (first["delta_individual"], first["delta_group"]) == (0, 0)
    assert first["estimate"] == at_random["estimate"] and first["std_error"] == at_random["std_error"]


def test_paragraph_says_an_undecided_answer_is_undecided():
    result = check_dropout(btheb(), n_imputations=5)
    low, high = result.estimates.loc[0, ["ci_low", "ci_high"]]
    assert low < 0 < high
    assert "With scores missing at random the interval includes zero: no difference is shown." in result.paragraph
    assert "0.0 points worse" not in result.paragraph


@pytest.mark.slow
def test_return_to_baseline_puts_the_lost_back_where_they_began():
    scores = lossy_scores()
    everybody = scores["visit"].isin(["month 2", "month 3"]) & (scores["format"] == "group")
    number = scores["patient_id"].str[1:].astype(int)
    heavy = scores.assign(score=scores["score"].mask(everybody & (number % 3 != 1)))
    completed, _ = complete_scores(as_outcomes(heavy), PLAN, "month 3", 20, 1)
    back, lost = completed.scores_under(RETURN), completed.after_dropout()[:, -1]
    for arm in ("individual", "group"):
        here = (completed.patients["format"] == arm).to_numpy()
        assert back[:, here & lost, -1].mean() == pytest.approx(completed.scores[:, here, 0].mean(), abs=0.8)
        assert back[:, here & lost, -1].mean() > completed.scores[:, here & lost, -1].mean() + 8


def test_return_to_baseline_is_no_single_imputation(result):
    """A score that equals the baseline has nothing to vary: its missing information was .005."""
    rows = result.estimates.set_index("assumption")
    assert rows.loc["return to baseline", "missing_information"] > 0.05
    assert rows.loc["return to baseline", "std_error"] > rows.loc["missing at random", "std_error"] * 0.9


def test_going_on_as_individually_brings_the_formats_together(result):
    """The third of the group patients who are lost end at the individual mean: two thirds of the difference stay."""
    rows = result.estimates.set_index("assumption")["estimate"]
    assert rows["jump to reference"] == pytest.approx(rows["missing at random"] * 2 / 3, abs=0.5)
    assert rows["jump to reference"] < rows["copy increments in reference"]


def test_anchored_errors_lose_the_share_of_information_that_is_lost_at_random(result):
    rows = result.estimates.set_index("assumption")
    first = rows.loc["missing at random"]
    assert first["anchored_std_error"] == pytest.approx(first["std_error"])
    lost = first["missing_information"]
    within = rows["std_error"] ** 2 * (1 - rows["missing_information"])
    assert list(rows["anchored_std_error"]) == pytest.approx(list(np.sqrt(within / (1 - lost))))


def test_sentences_name_every_assumption(result):
    assert all(f"{name} " in result.paragraph for name in result.estimates["assumption"][1:])


def test_fewer_cohorts_than_the_plan_needs_are_described():
    scores = made_up_scores(individual=30, cohorts=4, size=8)
    found = check_dropout(as_outcomes(scores), plan=PLAN, n_imputations=3, deltas=(0.0, 5.0))
    assert found.paragraph.startswith("Descriptive only: fewer than 5 cohorts with two or more patients. With 3 imp")


def test_what_cannot_be_imputed_is_refused():
    with pytest.raises(AnalysisError, match="There is no visit 'month 9' after baseline"):
        check_dropout(as_outcomes(made_up_scores()), visit="month 9")
    with pytest.raises(AnalysisError, match="n_imputations is 1; give a whole number from 2"):
        check_dropout(as_outcomes(made_up_scores()), plan=PLAN, n_imputations=1)
    scores = made_up_scores(individual=4, cohorts=3, size=2)
    with pytest.raises(AnalysisError, match="Fewer than 5 patients of a format were scored at baseline"):
        check_dropout(as_outcomes(scores), plan=PLAN, n_imputations=4)


def test_both_readings_are_rows_of_a_table(result):
    rows = result.readings.set_index(["group", "label"])
    assert len(rows) == 2 * len(result.estimates) - 1  # at random they are the same
    jump = result.estimates.set_index("assumption").loc["jump to reference"]
    assert rows.loc[("Rubin's rules", "jump to reference"), "ci_low"] == jump["ci_low"]
    assert rows.loc[("information anchored", "jump to reference"), "ci_low"] == jump["anchored_ci_low"]
    assert "Information anchored" in table_sensitivity(estimates=result.readings).to_markdown()


@pytest.mark.parametrize("deltas", [(-10.0, 0.0, 5.0), (float("nan"),), (float("inf"), 1.0)])
def test_deltas_are_points_by_which_scores_are_worse(deltas):
    with pytest.raises(AnalysisError, match=r"points by which scores after dropout are worse\. Give numbers from 0"):
        check_dropout(as_outcomes(lossy_scores()), plan=PLAN, n_imputations=2, deltas=deltas)


def test_what_is_at_random_is_told_of_delta_0_also_where_it_was_not_asked_for():
    found = check_dropout(as_outcomes(lossy_scores()), plan=PLAN, n_imputations=2, deltas=(8.0,))
    first = found.tipping.iloc[0]
    assert (first["delta_individual"], first["delta_group"]) == (0, 0)
    assert set(found.tipping_point["at_random"]) == {first["conclusion"]}


def test_where_nobody_was_lost_no_assumption_is_told():
    found = check_dropout(as_outcomes(made_up_scores()), plan=PLAN, n_imputations=2)
    assert "Nobody left before that visit" in found.paragraph
    assert "jump to reference" not in found.paragraph and "points worse" not in found.paragraph


def test_too_few_patients_are_described_without_p_as_in_the_comparison():
    """9 individual patients: "Descriptive only" in the comparison, and p = 0.004 here."""
    scores = lossy_scores()
    few = scores.loc[scores["format"] == "individual", "patient_id"].unique()[9:]
    result = check_dropout(as_outcomes(scores[~scores["patient_id"].isin(few)]), plan=PLAN, n_imputations=3)
    assert result.paragraph.startswith("Descriptive only: fewer than 10 patients in individual format")
    assert result.estimates["p_value"].isna().all()
    assert "p =" not in result.paragraph
    assert "A description has no conclusion that worse scores" in result.paragraph and "becomes" not in result.paragraph


def test_the_largest_delta_is_told_as_it_was_given():
    """0.4 was "up to 0 points", and 2.5 "up to 2"."""
    result = check_dropout(as_outcomes(lossy_scores()), plan=PLAN, n_imputations=3, deltas=(0, 0.4))
    assert "up to 0.4 points worse" in result.paragraph


def test_a_format_that_lost_nobody_is_not_shifted_in_words():
    scores = lossy_scores()
    whole = made_up_scores(individual=40, cohorts=12)
    kept = scores[scores["format"] == "individual"]
    result = check_dropout(
        as_outcomes(pd.concat([kept, whole[whole["format"] == "group"]])), plan=PLAN, n_imputations=3
    )
    assert "Nobody was lost from groups." in result.paragraph
    assert "those lost from groups" not in result.paragraph


def test_a_public_study_does_not_tell_by_deltas_how_many_of_a_few_were_lost():
    """A delta moves the difference by the share that was lost: 0.107 of 36 in groups were 4."""
    scores = made_up_scores(individual=40, cohorts=12)
    lost = (scores["patient_id"].str[1:].astype(int) % 9 == 0) & (scores["visit"] == "month 3")
    few = as_outcomes(scores.assign(score=scores["score"].mask(lost)), visibility="public")
    result = check_dropout(few, plan=PLAN, n_imputations=3)
    assert result.tipping.empty and result.tipping_point.empty
    assert result.estimates["assumption"].tolist() == ["missing at random"]
    assert {"tipping", "tipping_point", "estimates"} <= set(result.withheld["frame"])
    assert "is withheld: it tells how many were lost." in result.paragraph
    many = check_dropout(as_outcomes(lossy_scores(), visibility="public"), plan=PLAN, n_imputations=3)
    assert len(many.tipping) == 36 and len(many.estimates) == 5


def test_without_deltas_those_who_were_lost_are_still_there():
    """With the delta 0 alone nothing moves, and it was said that nobody had left."""
    result = check_dropout(as_outcomes(lossy_scores()), plan=PLAN, n_imputations=3, deltas=(0.0,))
    assert "Nobody" not in result.paragraph
    assert "jump to reference" in result.paragraph


def test_who_is_not_due_yet_is_not_made_worse(month_3_not_over):
    """All who were due are scored: nobody was lost, and deltas and references change nothing."""
    found = check_dropout(month_3_not_over, n_imputations=2)
    assert np.ptp(found.estimates["estimate"]) < 1e-9
    assert np.ptp(found.tipping["estimate"]) < 1e-9
    assert "Nobody left before that visit" in found.paragraph
    assert "57 patients are not due at month 3 yet and not lost: these scores are imputed at random" in found.paragraph
