"""Four states of the item, of all patients who started; withheld numbers leave a gap, never a guess."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from kap_analysis.errors import FigureError
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.safety.suicidality import plot_suicidality
from kap_analysis.instruments.suicidality import LOOKS_BACK, STATES

COUNTS = {"individual": [[5, 3, 0, 2], [2, 4, 1, 3]], "group": [[4, 4, 0, 0], [1, 3, 0, 4]]}


@pytest.fixture
def suicidality():
    rows = [
        ("PHQ-9", name, visit, state, n, sum(counts), n / sum(counts))
        for name, visits in COUNTS.items()
        for visit, counts in zip(("baseline", "month 3"), visits, strict=True)
        for state, n in zip(STATES, counts, strict=True)
    ]
    columns = ["instrument", "format", "visit", "state", "n_patients", "of_patients", "share"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(visit=pd.Categorical(frame["visit"], ["baseline", "month 3"], ordered=True))


def bars(ax, begins=""):
    named = [bar for bar in ax.patches if (bar.get_gid() or "").startswith(begins)]
    return {bar.get_gid(): bar for bar in named if not bar.get_gid().startswith("key")}


def words(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def test_the_bars_of_a_visit_add_up_to_all_patients(suicidality):
    individual, group = plot_suicidality(suicidality=suicidality).axes
    heights = {gid: bar.get_height() for gid, bar in bars(individual).items()}
    assert heights["endorsed, baseline"] == 5 / 10
    assert heights["not in the data, month 3"] == pytest.approx(3 / 10)
    for ax in (individual, group):
        for visit in ("baseline", "month 3"):
            assert sum(bar.get_height() for gid, bar in bars(ax).items() if gid.endswith(visit)) == pytest.approx(1)


def test_states_differ_in_colour_or_hatch_and_have_a_key(suicidality):
    figure = plot_suicidality(suicidality=suicidality)
    faces = {(bar.get_facecolor(), bar.get_hatch()) for bar in bars(figure.axes[0], "").values()}
    assert len(faces) == 4
    keys = [patch.get_gid() for patch in figure.axes[0].findobj(matplotlib.patches.Rectangle)]
    assert {f"key {state}" for state in STATES} <= set(keys)


def test_counts_stand_below_and_the_sentence_with_them(suicidality):
    figure = plot_suicidality(suicidality=suicidality)
    assert "Individual, n = 10" in words(figure)
    assert "Group, n = 8" in words(figure)
    for state in ("Endorsed", "Not endorsed", "Not answered", "Not in the data"):
        assert words(figure).count(state) == 2
    assert f"This figure {LOOKS_BACK}" in " ".join(" ".join(words(figure)).split())


def test_a_bar_with_a_withheld_number_is_an_outline_with_that_word(suicidality):
    hidden = (suicidality["format"] == "individual") & (suicidality["visit"] == "month 3")
    hidden &= suicidality["state"].isin(["endorsed", "not answered"])
    suicidality["withheld"] = hidden
    suicidality.loc[hidden, ["n_patients", "share"]] = np.nan
    figure = plot_suicidality(suicidality=suicidality)
    drawn = bars(figure.axes[0])
    assert [name for name in drawn if name.endswith("month 3")] == ["withheld, month 3"]
    assert drawn["withheld, month 3"].get_height() == 1
    assert words(figure).count("withheld") == 1
    assert words(figure).count("–") == 2
    assert "Numbers withheld to protect patients are shown as – or left out." in "\n".join(words(figure))


def test_bars_that_all_have_a_withheld_part_are_one_sentence(suicidality):
    suicidality["withheld"] = suicidality["state"] == "endorsed"
    suicidality.loc[suicidality["withheld"], ["n_patients", "share"]] = np.nan
    assert "withheld to protect patients" in alt_text(plot_suicidality(suicidality=suicidality))
    assert not plot_suicidality(suicidality=suicidality).axes[0].patches


def test_one_format_is_one_panel_and_a_narrow_page_puts_them_below_each_other(suicidality):
    assert len(plot_suicidality(suicidality=suicidality[suicidality["format"] == "group"]).axes) == 1
    first, second = plot_suicidality(suicidality=suicidality, width="single").axes
    assert first.get_position().y0 > second.get_position().y1


def test_no_answers_are_a_quiet_statement_that_claims_nothing(suicidality):
    text = alt_text(plot_suicidality(suicidality=suicidality.iloc[:0]))
    assert text.endswith("its answers are not in the data. That says nothing about any patient.")


def test_an_unknown_state_is_refused(suicidality):
    with pytest.raises(FigureError) as error:
        plot_suicidality(suicidality=suicidality.assign(state="no risk"))
    assert str(error.value) == (
        "plot_suicidality found the state no risk; states are endorsed, not endorsed, not answered and not in the data."
    )


def test_the_alternative_text_gives_counts_and_shares(suicidality):
    text = alt_text(plot_suicidality(suicidality=suicidality))
    assert "Suicidality item, individual format, 10 patients. baseline: endorsed 5 (50%), not endorsed 3 (30%)" in text
