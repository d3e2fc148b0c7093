"""Files of a figure: the same bytes for the same figure, in every type."""

import hashlib

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
