"""The gate: what leaves a public study of real patients, and what does not."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.result import empty_withheld
from kap_analysis.disclosure.gate import release
from kap_analysis.disclosure.policy import MINIMUM_COUNT, is_small


@dataclass(frozen=True)
class Answer:
    counts: pd.DataFrame
    fit: object = None
    withheld: pd.DataFrame = field(default_factory=empty_withheld)


def public(frame: pd.DataFrame, fit: object = None) -> Answer:
    return release(Answer(frame, fit), visibility="public", is_simulated=False)


@pytest.mark.parametrize(("count", "small"), [(0, False), (1, True), (10, True), (11, False), (12, False)])
def test_the_threshold_stands_at_its_boundary(count, small):
    assert is_small(count) is small
    assert MINIMUM_COUNT == 11
    shown = public(pd.DataFrame({"format": ["group"], "n_patients": [count]})).counts["n_patients"]
    assert shown.isna().item() is small


@pytest.mark.parametrize(("visibility", "is_simulated"), [("private", False), ("private", True), ("public", True)])
def test_private_and_simulated_studies_pass_whole(visibility, is_simulated):
    answer = Answer(pd.DataFrame({"patient_id": ["S001"], "n": [1]}), fit="model")
    assert release(answer, visibility=visibility, is_simulated=is_simulated) is answer


def test_an_unknown_visibility_does_not_open_the_gate():
    with pytest.raises(ValueError, match="visibility is 'Public'; expected 'private' or 'public'"):
        release(Answer(pd.DataFrame()), visibility="Public", is_simulated=False)


def test_patient_lines_and_the_fit_do_not_leave():
    answer = public(pd.DataFrame({"patient_id": ["S001"] * 40, "score": range(40)}), fit="model")
    assert answer.counts.empty
    assert answer.fit is None
    assert set(answer.withheld["frame"]) == {"counts", "fit"}


def test_one_small_part_takes_the_next_smallest_with_it():
    frame = pd.DataFrame({"practice": ["A", "B", "C", "all"], "n_patients": [5, 30, 60, 95]})
    shown = public(frame).counts["n_patients"]
    assert shown.isna().tolist() == [True, True, False, False]


def test_two_small_parts_that_add_up_to_a_small_count_take_a_third():
    frame = pd.DataFrame({"practice": ["A", "B", "C", "all"], "n_patients": [2, 3, 60, 65]})
    assert public(frame).counts["n_patients"].isna().tolist() == [True, True, True, False]


def test_two_small_parts_that_add_up_to_enough_stand_alone():
    frame = pd.DataFrame({"practice": ["A", "B", "C", "all"], "n_patients": [8, 9, 60, 77]})
    assert public(frame).counts["n_patients"].isna().tolist() == [True, True, False, False]


def test_what_is_left_out_of_a_flow_cannot_be_subtracted():
    flow = pd.DataFrame(
        {
            "step": ["in the study", "started", "baseline"],
            "of_patients": [100, 100, 96],
            "n_patients": [100, 96, 80],
            "n_left_out": [0, 4, 16],
        }
    )
    shown = public(flow).counts
    assert np.isnan(shown.loc[1, "n_left_out"])
    assert np.isnan(shown.loc[1, "n_patients"])
    assert np.isnan(shown.loc[2, "of_patients"])


def test_levels_of_a_characteristic_cannot_be_worked_out_from_its_total():
    frame = pd.DataFrame(
        {
            "level": ["yes", "no", "unsure"],
            "n": [4, 40, 52],
            "n_missing": [4, 4, 4],
            "n_patients": [100, 100, 100],
            "share": [0.04, 0.40, 0.52],
        }
    )
    shown = public(frame).counts
    assert shown["n"].isna().tolist()[0]
    assert shown["n_missing"].isna().all()
    assert np.isnan(shown.loc[0, "share"])
    hidden = 100 - shown["n"].sum()
    assert shown["n_patients"].isna().all() or hidden >= MINIMUM_COUNT


def test_statistics_of_few_patients_extremes_and_exact_days_are_withheld():
    frame = pd.DataFrame(
        {
            "format": ["individual", "group"],
            "n_patients": [30, 6],
            "mean": [20.0, 18.0],
            "maximum": [44.0, 31.0],
            "day": [91.0, 92.0],
        }
    )
    answer = public(frame)
    assert answer.counts["mean"].isna().tolist() == [False, True]
    assert answer.counts["maximum"].isna().all()
    assert answer.counts["day"].isna().all()
    assert answer.counts["withheld"].all()
    assert set(answer.withheld.columns) == {"frame", "row", "column", "why"}
    assert "group" in set(answer.withheld["row"])


def test_nothing_withheld_gives_back_a_small_count_by_one_sum():
    """Whatever the table, no sum with a single missing cell, and no small sum of missing cells, remains."""
    generator = np.random.default_rng(7)
    for _ in range(60):
        cells = generator.integers(0, 40, size=(4, 2)) * generator.integers(0, 2, size=(4, 2))
        rows = [(p, f, cells[i, j]) for i, p in enumerate("ABCD") for j, f in enumerate(("individual", "group"))]
        rows += [(p, "all", cells[i].sum()) for i, p in enumerate("ABCD")]
        rows += [("all", f, cells[:, j].sum()) for j, f in enumerate(("individual", "group"))]
        rows += [("all", "all", cells.sum())]
        frame = pd.DataFrame(rows, columns=["practice", "format", "n_patients"])
        shown = public(frame).counts.set_index(["practice", "format"])["n_patients"]
        for j, total in enumerate(("individual", "group")):
            parts = [shown[p, total] for p in "ABCD"]
            if np.isnan(parts).any() and not np.isnan(shown["all", total]):
                assert np.isnan(parts).sum() >= 2
                assert not is_small(cells[np.isnan(parts), j].sum())


def test_a_frame_without_rows_passes():
    assert public(pd.DataFrame(columns=["instrument", "visit", "note"], dtype="object")).counts.empty


@pytest.mark.parametrize(("small", "rest", "hidden"), [(10, 60, 2), (11, 60, 0), (12, 60, 0)])
def test_a_total_takes_a_second_part_just_below_the_threshold_only(small, rest, hidden):
    frame = pd.DataFrame({"practice": ["A", "B", "all"], "n_patients": [small, rest, small + rest]})
    assert public(frame).counts["n_patients"].isna().sum() == hidden


def test_a_zero_may_stand_beside_its_total():
    frame = pd.DataFrame({"practice": ["A", "B", "all"], "n_patients": [0, 60, 60]})
    assert public(frame).counts["n_patients"].tolist() == [0, 60, 60]


@pytest.mark.parametrize(("n", "kept"), [(10, False), (11, True)])
def test_a_statistic_stands_with_its_count_at_the_boundary(n, kept):
    shown = public(pd.DataFrame({"format": ["group"], "n_patients": [n], "mean": [20.5]})).counts
    assert shown["mean"].notna().item() is kept
