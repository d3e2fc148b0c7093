"""What several notebooks hand over becomes one results folder, in the order of the notebooks."""

import json
from pathlib import Path

import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.errors import ReportError
from kap_analysis.report.gathering import gather_parts
from kap_analysis.report.results_folder import ResultsFolder, read_contents
from tests.figures import made_up


def hand_over(part: Path, figure: str, fact: int) -> None:
    (part / "figures").mkdir(parents=True)
    (part / "figures" / f"{figure}.png").write_bytes(b"picture")
    entry = {"caption": figure, "alternative_text": "", "files": [f"figures/{figure}.png"]}
    said = {"figures": {figure: entry}, "tables": {}, "facts": {"started": fact}}
    (part / "contents.json").write_text(json.dumps(said), encoding="utf-8")


def test_parts_stand_in_the_order_of_the_notebooks_and_say_which_made_them(tmp_path):
    parts = tmp_path / ".parts"
    hand_over(parts / "01_b", "second", 2)
    hand_over(parts / "00_a", "first", 1)
    gather_parts(parts, ["00_a", "01_b", "02_silent"], tmp_path)
    contents = read_contents(tmp_path)
    assert [(name, entry["notebook"]) for name, entry in contents["figures"].items()] == [
        ("first", "00_a"),
        ("second", "01_b"),
    ]
    assert contents["facts"] == {"started": 2}
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()) == [
        "contents.json",
        "figures/first.png",
        "figures/second.png",
    ]


def test_two_notebooks_may_not_make_a_figure_of_one_name(tmp_path):
    for name in ("00_a", "01_b"):
        hand_over(tmp_path / ".parts" / name, "flow", 1)
    with pytest.raises(ReportError, match=r"00_a and 01_b both produce figures named 'flow'; rename one\."):
        gather_parts(tmp_path / ".parts", ["00_a", "01_b"], tmp_path)


def test_a_figure_that_is_a_sentence_has_no_legend_of_marks(tmp_path):
    results = ResultsFolder(folder=tmp_path)
    caption = "Figure 10. Estimated effect of each cohort. Marks: predictions; bars: 95% intervals."
    nothing = pd.DataFrame(
        {"cohort_id": ["C1", "C2"], "estimate": [0.01, 0.0], "ci_low": -0.1, "ci_high": 0.1, "n_patients": 4}
    )
    drawn = nothing.assign(estimate=[1.0, -1.0])
    said = results.figure("said", kap.figures.plot_cohort_effects, caption, effects=nothing)
    assert said.caption == "Figure 10. Estimated effect of each cohort."
    assert results.figure("drawn", kap.figures.plot_cohort_effects, caption, effects=drawn).caption == caption
    kept = read_contents(tmp_path)["figures"]
    assert [kept[name]["caption"] for name in ("said", "drawn")] == [said.caption, caption]
    for name in ("said", "drawn"):  # the title of a file names no marks: which are drawn is said beside the figure
        told = (results.folder / "figures" / f"{name}.svg").read_text(encoding="utf-8")
        assert "Estimated effect of each cohort.</title>" in told and "Marks:" not in told


def test_a_caption_explains_the_parts_that_are_drawn():
    results = ResultsFolder()
    caption = "Figure 16. Safety in sessions. A: events by severity (numbers: events). B: vital signs (marks: means)."
    frames = made_up.every_figure()["session_safety"][1]

    def said(**changed):
        return results.figure("safety", kap.figures.plot_session_safety, caption, **{**frames, **changed}).caption

    none = {name: frame.iloc[:0] for name, frame in frames.items()}
    assert said() == caption
    assert said(events=none["events"]) == "Figure 16. Safety in sessions. Vital signs (marks: means)."
    assert said(vitals=none["vitals"]) == "Figure 16. Safety in sessions. Events by severity (numbers: events)."
    assert said(**none) == "Figure 16. Safety in sessions."
