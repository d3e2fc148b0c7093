"""The gate against an attacker who holds the released frames: within none can a count from 1 to 10 be worked out."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.analysis.patients.exposure import Exposure
from kap_analysis.analysis.result import empty_withheld
from kap_analysis.disclosure import gate
from kap_analysis.errors import KapError
from tests.disclosure.attacker import attack, small_cells
from tests.places import SHIPPED_STUDY

#: Questions that count patients and take less than a second each; those that fit models count the same patients.
QUESTIONS = {
    "flow": kap.participant_flow,
    "rows": lambda study: kap.account_for_rows(study.outcomes()),
    "baseline": kap.baseline_characteristics,
    "analysed": lambda study: kap.baseline_characteristics(study.outcomes()),
    "positivity": kap.describe_positivity,
    "observed": lambda study: kap.observed_scores(study.outcomes()),
    "paired": lambda study: kap.paired_scores(study.outcomes(), study.settings.primary_visit),
    "bands": lambda study: kap.band_movement(study.outcomes()),
    "events": kap.count_intercurrent_events,
    "exposure": kap.describe_exposure,
    "clinical": lambda study: kap.clinical_change(study.outcomes(), study.settings.primary_visit),
    "durability": lambda study: kap.durability(study.outcomes()),
    "safety": kap.review_safety,
}


#: Asked of random studies, of which there are many.
COUNTING = ("flow", "rows", "analysed", "positivity", "events", "clinical", "durability")


def frames_of(study, monkeypatch, questions=tuple(QUESTIONS)):
    """Every frame of the answers, before the gate and behind it."""
    settings = dataclasses.replace(study.settings, visibility="public", provenance="real")
    study = dataclasses.replace(study, settings=settings)
    true, released, withhold, asked = {}, {}, gate._withhold, []

    def seen(frame, name):
        shown, entries = withhold(frame, name)
        true[f"{asked[-1]}.{name}"], released[f"{asked[-1]}.{name}"] = frame, shown
        return shown, entries

    with monkeypatch.context() as patched:
        patched.setattr(gate, "_withhold", seen)
        for name in questions:
            asked.append(name)
            try:
                QUESTIONS[name](study)
            except KapError:  # a small study cannot answer everything
                continue
    return true, released


@pytest.fixture(scope="module")
def shipped():
    with pytest.MonkeyPatch.context() as patch:
        return frames_of(kap.load_study(SHIPPED_STUDY), patch)


def test_the_attacker_finds_what_a_gate_without_sums_gives_away(shipped):
    true, _ = shipped
    naive = {
        name: frame.assign(
            **{c: frame[c].where(~frame[c].between(1, 10)).astype(float) for c in gate.count_columns(frame)}
        )
        for name, frame in true.items()
        if len(frame)
    }
    assert len(attack({name: true[name] for name in naive}, naive)) > 100


def test_no_frame_of_the_shipped_study_gives_a_small_count_away(shipped):
    true, released = shipped
    assert small_cells(true) > 200
    assert attack(true, released, across=False) == []


def test_enough_is_left_to_read(shipped):
    _, released = shipped
    flow = released["flow.steps"]
    whole = flow[(flow["practice"] == "all") & (flow["format"] == "all")]
    assert whole["n_patients"].notna().sum() >= 3
    formats = released["clinical.shares"]
    assert formats["n_assessed"].notna().all() and formats["n"].notna().sum() >= 3


def random_study(tmp_path, seed):
    n = int(np.random.default_rng(seed).integers(12, 150))
    kap.write_study(kap.simulate_study(n, seed=seed), tmp_path / "study")
    return kap.load_study(tmp_path / "study")


@pytest.mark.parametrize("seed", range(2))
def test_no_frame_of_a_random_study_gives_a_small_count_away(seed, tmp_path, monkeypatch):
    true, released = frames_of(random_study(tmp_path, seed), monkeypatch, COUNTING)
    assert len(true) > 6
    assert attack(true, released, across=False) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_no_frame_of_two_hundred_random_studies_gives_a_small_count_away(seed, tmp_path, monkeypatch):
    true, released = frames_of(random_study(tmp_path, seed), monkeypatch, COUNTING)
    assert attack(true, released, across=False) == []


@dataclasses.dataclass(frozen=True)
class Answer:
    counts: pd.DataFrame
    withheld: pd.DataFrame = dataclasses.field(default_factory=empty_withheld)


def released(frame):
    return gate.release(Answer(frame), visibility="public", is_simulated=False)


def test_no_random_table_gives_a_small_count_away():
    generator = np.random.default_rng(11)
    for _ in range(20):
        practices, formats = "ABCD"[: generator.integers(2, 5)], ("individual", "group")
        cells = generator.integers(0, 30, size=(len(practices), 2)) * generator.integers(0, 2, size=(len(practices), 2))
        told = generator.binomial(cells, 0.8)
        rows = [(p, f, cells[i, j], told[i, j]) for i, p in enumerate(practices) for j, f in enumerate(formats)]
        rows += [(p, "all", cells[i].sum(), told[i].sum()) for i, p in enumerate(practices)]
        rows += [("all", f, cells[:, j].sum(), told[:, j].sum()) for j, f in enumerate(formats)]
        rows += [("all", "all", cells.sum(), told.sum())]
        frame = pd.DataFrame(rows, columns=["practice", "format", "n_started", "n_assessed"])
        frame["n_not_assessed"] = frame["n_started"] - frame["n_assessed"]
        frame["share"] = frame["n_assessed"] / frame["n_started"]
        assert attack({"f": frame}, {"f": released(frame).counts}) == []


def test_the_few_who_are_left_are_as_small_as_the_few_who_are_counted():
    frame = pd.DataFrame({"format": ["individual", "group"], "n_patients": [97, 40], "of_patients": [101, 90]})
    shown = released(frame).counts
    assert shown["n_patients"].isna().tolist() == [True, False]


def test_a_share_does_not_tell_what_it_is_a_share_of():
    frame = pd.DataFrame(
        {"level": ["yes", "no"], "n": [30, 64], "n_patients": [100, 100], "share": [30 / 94, 64 / 94]}
    ).assign(n_missing=6)
    shown = released(frame).counts
    assert (shown["n"] / shown["share"]).isna().all()


def test_a_difference_of_two_formats_is_withheld_in_both_rows():
    frame = pd.DataFrame({"format": ["individual", "group"], "n_patients": [40, 6], "smd": [0.31, 0.31]})
    assert released(frame).counts["smd"].isna().all()


def test_the_reason_does_not_say_which_count_is_small():
    frame = pd.DataFrame({"practice": ["A", "B", "C", "all"], "n_patients": [5, 30, 60, 95]})
    assert released(frame).withheld["why"].nunique() == 1


def test_a_mean_over_kinds_of_sessions_is_withheld_with_any_part_of_it(shipped):
    _, released_frames = shipped
    sessions = released_frames["exposure.sessions"].assign(mean_per_patient=np.nan)
    parts = {name: released_frames[f"exposure.{name}"] for name in ("doses", "cohort_sizes", "integration")}
    told = Exposure(sessions=sessions, clinician_minutes=released_frames["exposure.clinician_minutes"], **parts)
    assert "0.0 ketamine" not in told.paragraph
    assert "a withheld number of ketamine" in told.paragraph
