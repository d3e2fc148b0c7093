"""Files of a figure: the same bytes for the same figure, in every type."""

import hashlib

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

import kap_analysis as kap
from kap_analysis.figures.page.export import save_figure


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


def test_hatched_figures_are_written_to_every_file_type_without_a_title(study, tmp_path):
    figure = kap.figures.plot_suicidality(suicidality=kap.review_safety(study).suicidality)
    paths = kap.figures.save_figure(figure, tmp_path / "figure")
    assert [path.suffix for path in paths] == [".png", ".pdf", ".svg"]
    assert "None" not in paths[2].read_text(encoding="utf-8").partition("<defs>")[0]


def test_a_picture_is_the_one_that_matplotlib_saves_and_drawn_once(observed, tmp_path, monkeypatch):
    figure = kap.figures.plot_trajectories(means=observed.means)
    settings = {"font.family": ["DejaVu Sans", "sans-serif"], "savefig.bbox": None, "savefig.facecolor": "auto"}
    with matplotlib.rc_context(settings):
        figure.savefig(tmp_path / "theirs.png", dpi=200)
    draw, drawn = Figure.draw, []
    monkeypatch.setattr(Figure, "draw", lambda self, renderer: (drawn.append(self), draw(self, renderer)))
    ours = save_figure(figure, tmp_path / "ours.png", dpi=200)[0]
    assert len(drawn) == 1
    assert np.array_equal(imread(ours), imread(tmp_path / "theirs.png"))


@pytest.mark.parametrize("layout", ["constrained", "tight", None])
def test_a_figure_keeps_its_canvas_resolution_and_layout(layout, tmp_path):
    figure = Figure(layout=layout, dpi=90)
    figure.subplots()
    before = figure.canvas, figure.get_dpi(), figure.get_layout_engine()
    with matplotlib.rc_context({"figure.autolayout": True}):
        save_figure(figure, tmp_path / "figure")
    assert (figure.canvas, figure.get_dpi(), figure.get_layout_engine()) == before
