"""Scores due, done, late and missing, and retention: heights, numbers, colours per format, withheld parts."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.statement import ALL_WITHHELD
from kap_analysis.figures.page.style import THEMES
from kap_analysis.figures.patients.completeness import plot_completeness
from tests.figures.drawn import having

COUNTS = {("individual", "month 1"): (20, 16, 1, 3), ("individual", "month 3"): (20, 10, 0, 10),
          ("group", "month 1"): (10, 6, 2, 2), ("group", "month 3"): (8, 2, 2, 4)}  # fmt: skip
NUMBERS = ["n_due", "n_done", "n_late", "n_missing"]


@pytest.fixture
def completeness():
    rows = [(name, "all", visit, *numbers) for (name, visit), numbers in COUNTS.items()]
    rows += [(name, "A", visit, *numbers) for (name, visit), numbers in COUNTS.items()]
    return pd.DataFrame(rows, columns=["format", "practice", "visit", *NUMBERS])


@pytest.fixture
def retention():
    rows = [("individual", 1.0, 20, 18), ("individual", 3.0, 20, 11), ("group", 1.0, 10, 7), ("group", 3.0, 10, 4)]
    frame = pd.DataFrame(rows, columns=["format", "month", "n_at_risk", "n_patients"])
    return frame.assign(share=frame["n_patients"] / frame["n_at_risk"])


def heights(ax):
    named = [bar for bar in ax.patches if bar.get_gid() and not bar.get_gid().startswith("key")]
    return {bar.get_gid(): bar.get_height() for bar in named}


def words(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def test_bars_are_shares_of_the_scores_due_and_practices_are_not_counted_twice(completeness):
    individual, group = plot_completeness(completeness=completeness).axes
    assert heights(individual)["done, month 1"] == pytest.approx(80)
    assert heights(individual)["late, month 1"] == pytest.approx(5)
    assert heights(group)["missing, month 3"] == pytest.approx(50)
    for visit in ("month 1", "month 3"):
        assert sum(tall for gid, tall in heights(group).items() if gid.endswith(visit)) == pytest.approx(100)


def test_practices_alone_are_summed(completeness):
    apart = completeness[completeness["practice"] == "A"]
    both = pd.concat([apart, apart.assign(practice="B")])
    figure = plot_completeness(completeness=both)
    assert heights(figure.axes[0])["done, month 1"] == pytest.approx(80)
    assert "40" in words(figure)


def test_every_number_stands_under_its_visit(completeness):
    figure = plot_completeness(completeness=completeness)
    under = [
        (text.xy[0], text.get_text()) for text in having(figure, "number under axis") if text.axes is figure.axes[0]
    ]
    assert under == [
        (0.0, "20"),
        (1.0, "20"),
        (0.0, "16"),
        (1.0, "10"),
        (0.0, "1"),
        (1.0, "0"),
        (0.0, "3"),
        (1.0, "10"),
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_done_has_the_colour_of_the_format_late_a_tint_and_missing_a_hatch(completeness, retention, theme):
    figure = plot_completeness(completeness=completeness, retention=retention, theme=theme)
    for ax, name in zip(figure.axes, ("individual", "group"), strict=False):
        bars = {bar.get_gid(): bar for bar in ax.patches}
        assert bars["done, month 1"].get_facecolor()[:3] == pytest.approx(to_rgb(THEMES[theme].look(name).colour))
        assert bars["late, month 1"].get_facecolor() != bars["done, month 1"].get_facecolor()
        assert bars["missing, month 1"].get_hatch()
        assert {f"key {part}" for part in ("done", "late", "missing")} <= {
            artist.get_gid() for artist in ax.findobj(matplotlib.patches.Rectangle)
        }


def test_retention_begins_with_everybody_and_ends_with_its_numbers(completeness, retention):
    figure = plot_completeness(completeness=completeness, retention=retention)
    [line] = having(figure, "retention individual")
    assert list(line.get_xdata()) == [0, 1, 3]
    assert list(line.get_ydata()) == pytest.approx([100, 90, 55])
    assert {"Individual\n11 of 20", "Group\n4 of 10"} <= set(words(figure))


def test_a_bar_with_a_withheld_part_is_an_outline_with_that_word(completeness, retention):
    hidden = (completeness["format"] == "group") & (completeness["visit"] == "month 1")
    completeness[NUMBERS] = completeness[NUMBERS].astype(float)
    completeness.loc[hidden, ["n_late", "n_missing"]] = np.nan
    retention.loc[retention["month"] == 3, ["n_patients", "share"]] = np.nan
    figure = plot_completeness(completeness=completeness.assign(withheld=hidden), retention=retention)
    assert {name: tall for name, tall in heights(figure.axes[1]).items() if name.endswith("month 1")} == {
        "withheld, month 1": 100
    }
    assert words(figure).count("–") == 2
    assert "Individual\n18 of 20" in words(figure)
    assert "Numbers withheld" in " ".join(words(figure))


def test_one_format_is_one_panel_and_a_narrow_page_is_one_column(completeness, retention):
    assert len(plot_completeness(completeness=completeness[completeness["format"] == "group"]).axes) == 1
    first, second, third = plot_completeness(completeness=completeness, retention=retention, width="single").axes
    assert first.get_position().y0 > second.get_position().y1 > third.get_position().y1


def test_the_alternative_text_says_all_numbers(completeness, retention):
    text = alt_text(plot_completeness(completeness=completeness, retention=retention))
    assert "Scores in group format. month 1: 10 scores due, 6 done, 2 late, 2 missing;" in text
    assert "individual month 1 90%, month 3 55%; group month 1 70%, month 3 40%." in text


def test_what_is_withheld_altogether_has_no_panel(completeness, retention):
    completeness[NUMBERS] = completeness[NUMBERS].astype(float)
    nothing = retention.assign(n_patients=np.nan, share=np.nan)
    assert len(plot_completeness(completeness=completeness, retention=nothing).axes) == 2
    completeness[NUMBERS[1:]] = np.nan
    figure = plot_completeness(completeness=completeness.assign(withheld=True), retention=nothing)
    assert " ".join(" ".join(words(figure)).split()) == ALL_WITHHELD
