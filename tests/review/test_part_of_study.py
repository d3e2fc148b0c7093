import pytest

from kap_analysis.errors import AnalysisError
from kap_analysis.review.part_of_study import check_period, choose_practice, part_of, previous_period


@pytest.mark.parametrize(("period", "before"), [("2025-Q3", "2025-Q2"), ("2025-Q1", "2024-Q4"), ("2025", "2024")])
def test_the_period_before(period, before):
    assert previous_period(period) == before


@pytest.mark.parametrize("period", ["2025-Q5", "Q3", "last year", "", "2025-3"])
def test_a_period_that_cannot_be_read_is_refused(study, period):
    with pytest.raises(AnalysisError, match="expected a quarter"):
        check_period(study, period)


def test_a_practice_is_named_or_the_only_one(study):
    assert choose_practice(study, "B") == "B"
    with pytest.raises(AnalysisError, match="3 practices: A, B, C"):
        choose_practice(study, None)
    with pytest.raises(AnalysisError, match="Found no practice 'D'; the practices are A, B, C"):
        choose_practice(study, "D")
    alone = part_of(study, "B", None)
    assert choose_practice(alone, None) == "B"


def test_a_year_is_its_four_quarters_and_the_parts_add_up(study):
    whole = part_of(study, "A", "2025")
    quarters = [part_of(study, "A", f"2025-Q{q}") for q in (1, 2, 3, 4)]
    assert len(whole.patients) == sum(len(one.patients) for one in quarters) > 0
    assert len(study.sessions) == sum(len(part_of(study, one, None).sessions) for one in "ABC")
    assert set(whole.sessions["patient_id"]) <= set(whole.patients["patient_id"])
