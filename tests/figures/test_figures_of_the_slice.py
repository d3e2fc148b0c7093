"""The figures of the first slice: what is drawn, not its pixels."""

import ast
import hashlib
import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.errors import KapError
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.export import save_figure
from kap_analysis.figures.page.page import stamp_figure
from tests.places import ROOT


@pytest.fixture(scope="module")
def study():
    return kap.load_study(ROOT / "data" / "three_practices")


@pytest.fixture(scope="module")
def observed(study):
    return kap.observed_scores(study.outcomes(population="started"))


def texts(figure) -> str:
    found = [t.get_text() for t in figure.findobj(matplotlib.text.Text)]
    return "\n".join(found)


def drawn_values(figure, axis: str) -> set[float]:
    """Every finite coordinate of a drawn line or mark along one axis."""
    found: set[float] = set()
    for line in figure.findobj(matplotlib.lines.Line2D):
        values = np.atleast_1d(np.asarray(getattr(line, f"get_{axis}data")(), float))
        found |= {round(value, 6) for value in values if np.isfinite(value)}
    return found


def test_the_flow_writes_every_number_of_its_steps(study):
    steps = kap.participant_flow(study).steps
    written = texts(kap.figures.plot_participant_flow(steps=steps))
    whole = steps[steps["practice"] == "all"]
    for row in whole[whole["format"] != "all"].itertuples():
        assert f"n = {row.n_patients}" in written
    assert "no BDI-II in the baseline window" in written


def test_observed_means_stand_where_they_were_computed_with_n_under_the_axis(observed):
    figure = kap.figures.plot_trajectories(means=observed.means)
    heights = drawn_values(figure, "y")
    written = texts(figure).split("\n")
    for row in observed.means[observed.means["format"] != "all"].itertuples():
        assert round(row.mean, 6) in heights
        assert str(row.n_patients) in written
    assert "BDI-II" in figure.axes[0].get_ylabel()
    assert "onths" in figure.axes[0].get_xlabel()


def test_the_formats_differ_in_colour_line_and_marker(observed):
    figure = kap.figures.plot_trajectories(means=observed.means)
    looks = set()
    for line in figure.findobj(matplotlib.lines.Line2D):
        if len(np.atleast_1d(line.get_xdata())) == observed.means["visit"].nunique() and line.get_linestyle() != "None":
            looks.add((matplotlib.colors.to_hex(line.get_color()), str(line.get_linestyle())))
    assert len({colour for colour, _ in looks}) >= 2
    assert len({style for _, style in looks}) >= 2


def test_paired_means_show_both_scores_and_their_n(study):
    paired = kap.paired_scores(study.outcomes(), "month 3")
    figure = kap.figures.plot_paired_means(means=paired.means, change=paired.change)
    heights = drawn_values(figure, "y")
    assert {round(m, 6) for m in paired.means["mean"]} <= heights
    assert f"n = {paired.means['n_patients'].iloc[0]}" in texts(figure)
    assert "mild" in texts(figure)


def test_differences_stand_at_their_estimates():
    contrasts = pd.DataFrame(
        {
            "visit": pd.Categorical(["month 1", "month 3"], ordered=True),
            "contrast": "group - individual",
            "estimate": [0.5, 1.5],
            "std_error": 1.0,
            "df": 40.0,
            "statistic": np.nan,
            "p_value": [np.nan, 0.14],
            "ci_low": [-1.5, -0.5],
            "ci_high": [2.5, 3.5],
            "n_patients": [120, 100],
            "is_primary": [False, True],
        }
    )
    figure = kap.figures.plot_format_differences(contrasts=contrasts, instrument="BDI-II")
    across = drawn_values(figure, "x")
    assert {0.5, 1.5} <= across
    assert "0.14" in texts(figure)
    assert "−0.5 to 3.5" in texts(figure)


def test_a_missing_column_is_one_sentence(observed):
    with pytest.raises(KapError, match="n_patients"):
        kap.figures.plot_trajectories(means=observed.means.drop(columns="n_patients"))


def test_every_figure_has_alternative_text_and_says_simulated_when_stamped(observed):
    figure = kap.figures.plot_trajectories(means=observed.means)
    stamp_figure(figure, "SIMULATED")
    assert len(alt_text(figure)) > 40
    assert "SIMULATED" in texts(figure).replace(" ", "").replace("\u200a", "").replace("\u2009", "")


def test_saved_twice_a_figure_has_the_same_bytes(observed, tmp_path):
    hashes = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        paths = save_figure(
            kap.figures.plot_trajectories(means=observed.means), tmp_path / name / "figure", title="One"
        )
        hashes.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in paths])
        assert {path.suffix for path in paths} == {".png", ".pdf", ".svg"}
    assert hashes[0] == hashes[1]


def test_no_figure_touches_pyplot_or_the_global_settings(observed):
    for path in (ROOT / "kap_analysis" / "figures").glob("*.py"):
        names = [
            n
            for n in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(n, ast.Import | ast.ImportFrom)
        ]
        assert "pyplot" not in " ".join(ast.unparse(n) for n in names), path.name
    before = dict(matplotlib.rcParams)
    kap.figures.plot_trajectories(means=observed.means, theme="dark")
    assert dict(matplotlib.rcParams) == before


def test_the_face_is_imported_without_matplotlib():
    code = "import sys, kap_analysis; sys.exit('matplotlib' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
