"""The gate: what leaves a public study of real patients, and what does not."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.result import empty_withheld
from kap_analysis.disclosure.counts import Classes
from kap_analysis.disclosure.gate import release
from kap_analysis.disclosure.policy import MINIMUM_COUNT, is_small
from kap_analysis.disclosure.published import Published
from kap_analysis.study.outcome_frames.populations import COLUMNS

BY_CLASS = {"counts": Classes(("n",), "n_patients", "analysed", rest="n_missing")}


@dataclass(frozen=True)
class Answer:
    counts: pd.DataFrame
    fit: object = None
    notes: tuple[str, ...] = ()
    withheld: pd.DataFrame = field(default_factory=empty_withheld)


@dataclass(frozen=True)
class Source:
    numbers: dict = field(default_factory=dict)
    visibility: str = "public"
    is_simulated: bool = False

    def populations(self):
        inside = dict(zip(self.numbers, ["", *self.numbers], strict=False))
        rows = [
            (name, inside[name], fmt, n)
            for name, numbers in self.numbers.items()
            for fmt, n in {"all": sum(numbers.values()), **numbers}.items()
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS))


#: A study of 120 in individual and 60 in group format, of whom 97 and 40 are analysed.
STUDY = Source({"started": {"individual": 120, "group": 60}, "analysed": {"individual": 97, "group": 40}})


def public(frame: pd.DataFrame, fit: object = None, source: Source = STUDY, classes=None) -> Answer:
    return release(Answer(frame, fit), source, classes)


@pytest.mark.parametrize(("count", "small"), [(0, False), (1, True), (10, True), (11, False), (12, False)])
def test_the_threshold_stands_at_its_boundary(count, small):
    assert is_small(count) is small
    assert MINIMUM_COUNT == 11


@pytest.mark.parametrize(("visibility", "is_simulated"), [("private", False), ("private", True), ("public", True)])
def test_private_and_simulated_studies_pass_whole(visibility, is_simulated):
    answer = Answer(pd.DataFrame({"patient_id": ["S001"], "n": [1]}), fit="model")
    assert release(answer, Source({}, visibility, is_simulated)) is answer


def test_an_unknown_visibility_does_not_open_the_gate():
    with pytest.raises(ValueError, match="visibility is 'Public'; expected 'private' or 'public'"):
        release(Answer(pd.DataFrame()), Source({}, "Public"))


@pytest.mark.parametrize("rows", [40, 0])
def test_patient_lines_and_the_fit_do_not_leave_nor_is_it_told_that_there_are_none(rows):
    answer = public(pd.DataFrame({"patient_id": ["S001"] * rows, "score": range(rows)}), fit="model")
    assert answer.counts.empty
    assert answer.fit is None
    assert set(answer.withheld["frame"]) == {"counts", "fit"}


def test_the_numbers_of_the_study_leave_and_no_others():
    frame = pd.DataFrame(
        {"format": ["all", "individual", "group"], "n_started": [180, 120, 60], "n_late": [40, 25, 15]}
    )
    shown = public(frame).counts
    assert shown["n_started"].tolist() == [180, 120, 60]
    assert shown["n_late"].isna().all()


def test_a_number_that_is_one_of_the_study_by_chance_in_one_format_does_not_leave():
    frame = pd.DataFrame({"format": ["all", "individual", "group"], "n_patients": [178, 120, 58]})
    assert public(frame).counts.empty


def test_numbers_of_a_practice_do_not_leave():
    frame = pd.DataFrame({"practice": ["all", "A"], "n_patients": [180, 180], "mean": [20.0, 20.0]})
    assert public(frame).counts["n_patients"].isna().tolist() == [False, True]


def test_who_is_left_out_between_two_populations_is_told_where_both_are():
    frame = pd.DataFrame({"format": ["individual", "group"], "n_patients": [97, 40], "n_left_out": [23, 20]})
    assert public(frame).counts["n_left_out"].tolist() == [23, 20]


def test_a_population_is_not_shown_if_a_few_are_left_of_the_one_around_it():
    close = Source({"started": {"individual": 120, "group": 60}, "analysed": {"individual": 115, "group": 40}})
    frame = pd.DataFrame(
        {"format": ["individual", "group"] * 2, "step": list("aabb"), "n_patients": [120, 60, 115, 40]}
    )
    assert public(frame, source=close).counts["n_patients"].isna().tolist() == [False, False, True, True]


def test_a_format_of_a_few_takes_the_total_with_it():
    mixed = Source({"started": {"individual": 120, "group": 60, "mixed": 4}})
    frame = pd.DataFrame({"format": ["all", "individual", "group", "mixed"], "n_patients": [184, 120, 60, 4]})
    assert public(frame, source=mixed).counts["n_patients"].isna().tolist() == [True, False, False, True]


def by_level(n, total=97, **more):
    return pd.DataFrame({"characteristic": "c", "level": [f"l{i}" for i in range(len(n))], "format": "individual",
                         "n": n, "n_patients": total, **more})  # fmt: skip


@pytest.mark.parametrize(
    ("n", "left"), [([4, 40, 53], [53]), ([10, 87], []), ([11, 86], [11, 86]), ([5, 6, 43, 43], [43, 43])]
)
def test_a_level_of_a_few_takes_another_with_it_and_neither_is_named(n, left):
    shown = public(by_level(n), classes=BY_CLASS).counts
    assert shown["n"].tolist() == left


def test_levels_are_not_shown_of_a_population_that_is_not_the_one_they_are_counted_of():
    assert public(by_level([60, 60], total=120), classes=BY_CLASS).counts["n"].tolist() == []
    assert public(by_level([47, 50])).counts["n"].isna().all()


def test_a_zero_is_withheld_with_the_few_so_that_a_gap_does_not_say_that_somebody_is_there():
    frame = by_level([0, 7, 45, 45]).drop(columns="level").assign(klass=list("abcd"))
    shown = public(frame, classes=BY_CLASS).counts
    assert shown["n"].isna().tolist()[:2] == [True, True]
    assert public(frame.assign(n=[0, 12, 40, 45]), classes=BY_CLASS).counts["n"].tolist() == [0, 12, 40, 45]


def test_a_standardised_difference_is_not_told_where_a_level_is_withheld():
    frame = by_level([4, 43, 50], smd=0.31)
    assert public(frame, classes=BY_CLASS).counts["smd"].isna().all()
    assert public(by_level([44, 53], smd=0.3127), classes=BY_CLASS).counts["smd"].tolist() == [0.3, 0.3]


def test_a_share_is_withheld_where_it_would_tell_how_many_are_missing():
    frame = by_level([40, 51], share=[40 / 91, 51 / 91]).assign(n_missing=6)
    shown = public(frame, classes=BY_CLASS).counts
    assert shown["share"].isna().all()
    assert shown["n_missing"].isna().all()
    assert shown["n"].notna().sum() < 2


def test_statistics_of_few_patients_extremes_and_exact_days_are_withheld():
    frame = pd.DataFrame(
        {"format": ["individual", "group"], "visit": "late", "n_patients": [97, 6], "mean": [20.0, 18.0],
         "maximum": [44.0, 31.0]}
    )  # fmt: skip
    answer = public(frame)
    assert answer.counts["mean"].isna().tolist() == [False, True]
    assert answer.counts["maximum"].isna().all()
    assert answer.counts["withheld"].all()
    assert set(answer.withheld.columns) == {"frame", "row", "column", "why"}
    assert public(frame.assign(day=[91.0, 92.0])).counts.empty


@pytest.mark.parametrize(("n", "kept"), [(10, False), (11, True)])
def test_a_statistic_stands_at_the_boundary_without_its_count_and_what_would_tell_it(n, kept):
    shown = public(pd.DataFrame({"visit": ["a", "b"], "n_patients": [180, n], "mean": [1.5, 20.51], "std_error": 2.25}))
    assert shown.counts["mean"].tolist()[1:] == ([20.5] if kept else pytest.approx([np.nan], nan_ok=True))
    assert shown.counts["n_patients"].isna().tolist() == [False, True]
    assert shown.counts["std_error"].isna().tolist() == [False, True]


def test_statistics_are_rounded_and_nothing_becomes_zero():
    frame = pd.DataFrame({"estimate": [3.14159, 0.001234], "df": [81.4, 7.3], "p_value": [0.04912, 0.00012345]})
    shown = public(frame).counts
    assert shown["estimate"].tolist() == [3.14, 0.001]
    assert shown["df"].tolist() == [80, 7]
    assert shown["p_value"].tolist() == [0.049, 0.00012]


def by_format(n, means, **columns):
    visit = {"format": ["all", "individual", "group"], "visit": "month 3", "n_patients": n, "mean": means}
    return pd.DataFrame(visit).assign(**columns)


def test_the_mean_of_all_is_withheld_with_the_number_of_a_format():
    """It is their weighted mean: 12.7 of 9.9 and 14.1 told that 25 and 13 were scored of 33 and 22."""
    assert public(by_format([137, 97, 40], [12.7, 14.1, 9.9])).counts["mean"].notna().all()
    lost = public(by_format([126, 90, 36], [12.7, 14.1, 9.9], sd=8.7, median=12.0)).counts
    assert lost["n_patients"].isna().all()
    for statistic in ("mean", "sd", "median"):
        assert lost[statistic].isna().tolist() == [True, False, False]
    of_a_model = by_format([126, 90, 36], [12.7, 14.1, 9.9]).rename(columns={"mean": "estimate"})
    assert public(of_a_model).counts["estimate"].notna().all()


def test_the_mean_of_all_stays_where_it_is_that_of_nobody_missing():
    """Who is missing is never shown; it would be told by a mean of all that is not that of everybody."""
    missing = {"n_missing": [5, 3, 2], "sd": [10.9, 11.3, 9.7]}
    n, as_if_whole = [137, 97, 40], (97 * 45.7 + 40 * 44.0) / 137
    for of_all, is_shown in [(as_if_whole, True), (as_if_whole + 0.2, False)]:
        shown = public(by_format(n, [of_all, 45.7, 44.0], **missing)).counts
        assert shown["n_missing"].isna().all()
        assert shown["mean"].notna().tolist() == [is_shown, True, True]


def test_zeros_of_the_missing_are_shown_together_or_not_at_all():
    none = public(by_format([137, 97, 40], [20.0, 21.0, 18.0], n_missing=0)).counts
    assert none["n_missing"].tolist() == [0, 0, 0]
    one = public(by_format([137, 97, 40], [20.0, 21.0, 18.0], n_missing=[1, 0, 1])).counts
    assert one["n_missing"].isna().all()


def test_quartiles_and_months_are_whole_where_the_number_is_withheld():
    """The first quartile of 22 whole numbers ends on .25, that of 21 on none: 16.25 says that nobody is missing."""
    months = {"median": 18.5, "q1": 16.25, "month": 2.9}
    lost = public(by_format([126, 90, 36], [12.7, 14.1, 9.9], **months)).counts.iloc[1]
    assert (lost["median"], lost["q1"], lost["month"]) == (18, 16, 3)
    shown = public(by_format([137, 97, 40], [12.7, 14.1, 9.9], **months)).counts.iloc[1]
    assert (shown["median"], shown["q1"], shown["month"]) == (18.5, 16.2, 2.9)


def test_a_row_of_what_occurred_goes_with_its_numbers():
    frame = pd.DataFrame(
        {"format": "group", "setting": ["clinic", "home"], "n_patients": [40, 3], "of_patients": 60,
         "mean_per_patient": [3.314, 0.1]}
    )  # fmt: skip
    shown = public(frame).counts
    assert shown["setting"].tolist() == ["clinic"]
    assert shown["mean_per_patient"].tolist() == [3.3]


def test_the_interval_of_an_effect_size_goes_with_its_number():
    """SE² = 1/n + d²/(2(n - 1)): of 29 patients with d = -1.63 it gave 29."""
    frame = by_format([126, 90, 36], [-0.9, -1.0, -0.8]).rename(columns={"mean": "estimate"})
    shown = public(frame.assign(effect_size="by change SD", ci_low=-1.2, ci_high=-0.6)).counts
    assert shown["estimate"].notna().all() and shown["ci_low"].isna().all() and shown["ci_high"].isna().all()
    of_a_model = public(frame.assign(ci_low=-1.2, ci_high=-0.6)).counts
    assert of_a_model["ci_low"].notna().all()
    known = by_format([137, 97, 40], [-0.9, -1.0, -0.8]).rename(columns={"mean": "estimate"})
    assert public(known.assign(effect_size="by change SD", ci_low=-1.2)).counts["ci_low"].notna().all()


def test_a_mean_of_counts_goes_with_them():
    """2.93 patients a cohort are 41 in 14."""
    icc = pd.DataFrame({"estimate": [0.1], "n_cohorts": [14], "mean_cohort_size": [41 / 14]})
    shown = public(icc).counts.iloc[0]
    assert shown["estimate"] == 0.1 and np.isnan(shown["n_cohorts"]) and np.isnan(shown["mean_cohort_size"])


def test_terms_and_sessions_that_are_there_because_of_a_few_go():
    terms = pd.DataFrame({"term": ["age", "age_not_recorded"], "odds_ratio": [0.9, 2.6], "n_patients": [137, 137]})
    assert public(terms).counts["term"].tolist() == ["age"]
    sessions = pd.DataFrame({"format": "group", "session_number": [2, 3], "n_patients": [30, 3], "mean": [12.3, 9.0]})
    assert public(sessions).counts["session_number"].tolist() == [2]


@pytest.mark.parametrize(
    ("text", "kept"),
    [("39 scored; n = 34 individual", False), ("The two patients of B were left out", False),
     ("PHQ-9 at month 3: 2.4 points, 95% interval", True), ("One patient was left out", False),
     ("The one analysed patient was treated in individual format", False),
     ("Each format needs two or more patients; at least two cohorts", True)],
)  # fmt: skip
def test_sentences_that_count_do_not_leave(text, kept):
    answer = release(Answer(pd.DataFrame({"note": [text]}), notes=(text,)), STUDY)
    assert (answer.counts["note"].item() == text) is kept
    assert (answer.notes == (text,)) is kept


def test_a_frame_of_which_no_number_is_left_has_no_rows():
    """Which rows there are would tell what occurred."""
    assert public(pd.DataFrame({"event": ["fall", "fever"], "n_patients": [3, 40]})).counts.empty


def test_a_frame_without_rows_passes():
    assert public(pd.DataFrame(columns=["instrument", "visit", "note"], dtype="object")).counts.empty


def test_the_reason_does_not_say_which_count_is_small():
    answer = public(by_level([4, 40, 53]).drop(columns="level").assign(klass=list("abc")), classes=BY_CLASS)
    assert answer.withheld["why"].nunique() == 1


def test_who_is_left_out_by_chance_as_often_elsewhere_is_not_shown_for_it():
    """Seed 51 of the random studies: 22 and 12 were shown, each because of another pair, and gave away 10 in groups."""
    numbers = {
        "in the study": {"all": 65, "individual": 40, "group": 25},
        "analysed": {"all": 43, "individual": 28, "group": 15},
        "month 6": {"all": 21, "individual": 16, "group": 5},
    }
    everybody = frozenset({("in the study", "all"), ("analysed", "all"), ("analysed", "individual")})
    shown = everybody | {("analysed", "group"), ("month 6", "individual")}
    inside = frozenset({("analysed", "in the study"), ("month 6", "analysed")})
    left_out = {"all": 22, "individual": 12, "group": 10}
    assert Published(numbers, inside, shown).shown_formats(left_out, left_out=True) == set()
    alone = Published(numbers, frozenset({("analysed", "in the study")}), shown)
    assert alone.shown_formats(left_out, left_out=True) == {"all"}


def test_a_level_of_few_is_not_what_the_other_levels_leave_where_no_two_characteristics_share_a_level():
    """Of a practice of 3 the row was left out, and 40 of 83 were in practice B and 40 in A."""
    source = Source({"analysed": {"individual": 41, "group": 42}})
    levels = {
        "sex": {"female": (17, 22), "male": (24, 20)},
        "practice": {"A": (17, 20), "B": (21, 22), "C": (3, 0)},
    }
    rows = [
        (characteristic, level, fmt, n, of, 0)
        for characteristic, counted in levels.items()
        for level, (one, other) in counted.items()
        for fmt, n, of in (("all", one + other, 83), ("individual", one, 41), ("group", other, 42))
    ]
    frame = pd.DataFrame(rows, columns=["characteristic", "level", "format", "n", "n_patients", "n_missing"])
    shown = public(frame, source=source, classes=BY_CLASS).counts
    n_shown = shown.groupby(["characteristic", "format"])["n"].count()
    for fmt in ("all", "individual"):
        assert (n_shown["practice", fmt], n_shown["sex", fmt]) == (1, 2)


def test_those_left_out_of_a_step_are_not_shown_because_as_many_are_left_out_of_another():
    """Of 112, 110 and 86 patients 110 was withheld, and 24 left out of it shown, as of 86 and 62: so 2 were known."""
    source = Source(
        {
            "started": {"individual": 66, "group": 46},
            "analysed": {"individual": 52, "group": 34},
            "assessed": {"individual": 39, "group": 23},
        }
    )
    steps = {"baseline": (65, 45, 66, 46), "analysed": (52, 34, 65, 45), "assessed": (39, 23, 52, 34)}
    rows = []
    for step, (one, other, of_one, of_other) in steps.items():
        for fmt, n, of in (
            ("all", one + other, of_one + of_other),
            ("individual", one, of_one),
            ("group", other, of_other),
        ):
            rows.append((step, fmt, n, of, of - n))
    frame = pd.DataFrame(rows, columns=["step", "format", "n_patients", "of_patients", "n_left_out"])
    shown = public(frame, source=source).counts.set_index(["step", "format"])["n_left_out"]
    assert shown["analysed"].isna().all()
    assert shown["assessed"].tolist() == [24, 13, 11]
