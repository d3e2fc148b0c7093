"""The gate against an attacker who holds all that a public study shows: no count from 1 to 10 can be worked out."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.analysis.model.plan import plan_to_toml
from kap_analysis.analysis.patients.exposure import Exposure
from kap_analysis.disclosure import gate
from kap_analysis.disclosure.attack import attack_frames as own_attack
from kap_analysis.disclosure.counts import count_columns
from kap_analysis.disclosure.published import decide
from kap_analysis.errors import KapError
from tests.disclosure.attacker import attack, small_cells
from tests.places import SHIPPED_STUDY

pytestmark = pytest.mark.slow

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
COUNTING = ("flow", "rows", "analysed", "positivity", "observed", "events", "exposure", "clinical", "durability")


def declared_public(study):
    """The study as if its patients were real and it were for everybody."""
    return dataclasses.replace(
        study, settings=dataclasses.replace(study.settings, visibility="public", provenance="real")
    )


def answers_of(study, monkeypatch, questions=tuple(QUESTIONS)):
    """Every frame of the answers, before the gate and behind it, and what is said of them."""
    study = declared_public(study)
    true, released, said, hide, asked = {}, {}, [], gate.shown_frame, []

    def seen(frame, published, classes=None):
        shown = hide(frame, published, classes)
        name = f"{asked[-1]}.{sum(n.startswith(asked[-1]) for n in true)}"
        true[name], released[name] = frame, shown.frame
        return shown

    with monkeypatch.context() as patched:
        patched.setattr(gate, "shown_frame", seen)
        for name in questions:
            asked.append(name)
            try:
                said.append(QUESTIONS[name](study).paragraph)
            except KapError:  # a small study cannot answer everything
                continue
    said += [repr(study), repr(study.outcomes()), *study.answers()["why"]]
    return true, released, said


@pytest.fixture(scope="module")
def shipped():
    with pytest.MonkeyPatch.context() as patch:
        return answers_of(kap.load_study(SHIPPED_STUDY), patch)


def without_sums(true):
    """The frames behind a gate that looks at one number at a time."""
    return {
        name: frame.assign(**{c: frame[c].where(~frame[c].between(1, 10)).astype(float) for c in count_columns(frame)})
        for name, frame in true.items()
    }


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Frames of three larger studies, from which an attacker learns which sums hold always."""
    shown = []
    for seed in (1001, 1002, 1003):
        study = simulated(tmp_path_factory.mktemp("other"), 200, seed)
        with pytest.MonkeyPatch.context() as patch:
            shown.append(answers_of(study, patch, COUNTING)[0])
    return shown


def test_the_attacker_finds_what_a_gate_without_sums_gives_away(shipped, others):
    true, _, _ = shipped
    naive = without_sums(true)
    assert len(attack(true, naive, others)) > 100
    assert own_attack((true[name], naive[name]) for name in true).n_found > 100


def test_nothing_of_the_shipped_study_gives_a_small_count_away(shipped):
    """All frames held together. In 2026 25 counts were given away here by frames that were safe one by one."""
    true, released, _ = shipped
    assert small_cells(true) > 200
    assert attack(true, released) == []
    assert own_attack((true[name], released[name]) for name in true).n_found == 0


def test_no_two_counts_of_the_shipped_study_differ_by_a_few(shipped):
    """Of the same format: whoever they count, subtracting one from the other tells of nobody."""
    _, released, _ = shipped
    for format_ in ("all", "individual", "group"):
        shown = set()
        for frame in released.values():
            rows = frame[frame["format"].astype("str") == format_] if "format" in frame else frame
            whole = [c for c in count_columns(frame) if c in ("n_started", "of_patients", "n_patients", "n_assessed")]
            shown |= {n for c in whole for n in rows[c].dropna()} if "format" in frame or format_ == "all" else set()
        apart = np.diff(sorted(shown))
        assert len(shown) > 2
        assert (apart >= 11).all(), sorted(shown)


def test_no_sentence_of_the_shipped_study_has_a_count_that_no_frame_shows(shipped):
    _, released, said = shipped
    frames = [frame[c].dropna() for frame in released.values() for c in count_columns(frame)]
    shown = {int(n) for column in frames for n in column}
    counted = re.findall(
        r"(?<![\w.−–-])(\d[\d,]*) (?:patients|of \d+ (?!characteristics)|responders|assessments|scores|sessions)\b",
        " ".join(said),
    )
    counted += re.findall(r"\bn = (\d[\d,]*)", " ".join(said))
    assert len(counted) > 10
    assert {int(n.replace(",", "")) for n in counted} - shown == set()


def test_a_sentence_adds_up_nothing_that_was_withheld(shipped):
    said = " ".join(shipped[2])
    assert not re.search(r"\b0(\.0)? (ketamine|of 0|sessions|events)", said)
    assert not re.search(r"\bnan\b", said)


def test_enough_is_left_to_read(shipped):
    """The flow by format, the classes at the primary visit, and most characteristics."""
    true, released, _ = shipped
    frames = {tuple(true[name].columns[:4]): released[name] for name in true}
    flow = next(f for c, f in frames.items() if "step" in c)
    assert flow.loc[(flow["practice"] == "all"), "n_patients"].notna().sum() >= 6
    shares = next(f for f in released.values() if "share_of_assessed" in f and "class" in f)
    assert shares["n_assessed"].notna().all()
    assert shares["n"].notna().sum() >= 3
    levels = next(f for f in released.values() if "characteristic" in f and (f["characteristic"] == "sex").any())
    assert levels["n"].notna().sum() > 10


def simulated(tmp_path, n, seed):
    kap.write_study(kap.simulate_study(n, seed=seed), tmp_path / "study")
    return kap.load_study(tmp_path / "study")


def random_study(tmp_path, seed):
    return simulated(tmp_path, int(np.random.default_rng(seed).integers(12, 150)), seed)


def nothing_is_given_away(study, monkeypatch, others):
    true, released, _ = answers_of(study, monkeypatch, COUNTING)
    assert len(true) > 6
    assert attack(true, released, others) == []
    return own_attack((true[name], released[name]) for name in true).n_found


@pytest.mark.parametrize("seed", [0, 1, 2, 151])
def test_nothing_of_a_random_study_gives_a_small_count_away(seed, tmp_path, monkeypatch, others):
    assert nothing_is_given_away(random_study(tmp_path, seed), monkeypatch, others) == 0


@pytest.mark.parametrize("seed", [11, 19, 23])
def test_sums_that_hold_by_chance_in_a_small_study_are_no_alarm(seed, tmp_path, monkeypatch, others):
    """Of 16 patients 15 + 15 = 30 and the like were taken for sums, and 146, 3 and 264 counts for given away."""
    assert nothing_is_given_away(random_study(tmp_path, seed), monkeypatch, others) == 0


def test_the_attacker_finds_what_is_given_away_of_a_small_study(tmp_path, monkeypatch, others):
    true, _, _ = answers_of(random_study(tmp_path, 14), monkeypatch, COUNTING)
    naive = without_sums(true)
    assert len(attack(true, naive, others)) > 50
    assert own_attack((true[name], naive[name]) for name in true).n_found > 50


@pytest.mark.matrix
def test_nothing_of_two_hundred_random_studies_gives_a_small_count_away(tmp_path, monkeypatch, others):
    """None is found with the sums that hold always; of 100 studies at most four raise an alarm by chance."""
    alarms = [nothing_is_given_away(random_study(tmp_path / str(s), s), monkeypatch, others) for s in range(3, 203)]
    assert sum(n > 0 for n in alarms) <= 8


def test_no_random_set_of_populations_gives_a_small_count_away():
    generator = np.random.default_rng(11)
    for _ in range(20):
        left = {f: int(generator.integers(0, 150)) for f in ("individual", "group", "mixed")}
        numbers, rows = {}, []
        for name in ("in the study", "started", "analysed", "assessed"):
            numbers[name] = {"all": sum(left.values()), **left}
            left = {f: int(generator.binomial(n, generator.choice([0.6, 0.97, 1.0]))) for f, n in left.items()}
        for name, inside in zip(numbers, ["", *numbers], strict=False):
            rows += [(name, inside, f, n) for f, n in numbers[name].items()]
        decided = decide(pd.DataFrame(rows, columns=["population", "inside", "format", "n"]))
        steps = [{"step": s, "format": f, "n_patients": n} for s, by in numbers.items() for f, n in by.items()]
        frame = pd.DataFrame(steps)
        before = frame.groupby("format", sort=False)["n_patients"].shift().fillna(frame["n_patients"])
        frame = frame.assign(n_left_out=before.astype(int) - frame["n_patients"])
        assert attack({"f": frame}, {"f": gate.shown_frame(frame, decided).frame}) == []


def test_a_mean_over_kinds_of_sessions_is_withheld_with_any_part_of_it(shipped):
    frames = [frame for name, frame in shipped[1].items() if name.startswith("exposure.")]
    names = ("sessions", "doses", "cohort_sizes", "integration", "clinician_minutes")
    given = dict(zip(names, frames, strict=True))
    told = Exposure(**{**given, "sessions": given["sessions"].assign(mean_per_patient=np.nan)})
    assert "0.0 ketamine" not in told.paragraph
    assert "ketamine (" not in told.paragraph


@pytest.mark.parametrize("rule", ["exclude_mixed", "as_treated"])
def test_patients_of_another_format_or_none_give_no_small_count_away(rule, tmp_path, monkeypatch):
    """Their number stands beside those of the formats, and between those who started and those with a format."""
    study = kap.load_study(SHIPPED_STUDY)
    plan = dataclasses.replace(kap.study_plan(study), format_rule=rule)
    (tmp_path / "plan.toml").write_text(plan_to_toml(plan), encoding="utf-8")
    true, released, _ = answers_of(dataclasses.replace(study, path=tmp_path), monkeypatch)
    assert attack(true, released) == []
    assert own_attack((true[name], released[name]) for name in true).n_found == 0
