"""From frames to cells: what is wrong with a frame is one sentence, and no frame is changed."""

import pandas as pd
import pytest

from kap_analysis import tables
from kap_analysis.errors import TableError
from kap_analysis.tables.page.cells import assemble
from kap_analysis.tables.page.layout import Layout, label_column


def test_a_lacking_column_an_empty_frame_and_no_frame_are_one_sentence_each(observed_means):
    with pytest.raises(TableError) as caught:
        tables.table_observed_scores(means=observed_means[["format", "visit"]])
    assert str(caught.value) == (
        "table_observed_scores needs the columns instrument, n_patients, mean, sd, ci_low and ci_high in means=; "
        "found format, visit."
    )
    with pytest.raises(TableError) as caught:
        tables.table_observed_scores(means=observed_means.iloc[:0])
    assert str(caught.value) == (
        "table_observed_scores has nothing to show: means= has no rows "
        "(for a public study they may have been withheld)."
    )
    with pytest.raises(TableError) as caught:
        tables.table_observed_scores(means=None)
    assert str(caught.value) == "table_observed_scores expected a DataFrame for means=, found NoneType."


def test_a_row_that_stands_twice_is_named(observed_means):
    twice = pd.concat([observed_means, observed_means.iloc[[0]]], ignore_index=True)
    with pytest.raises(TableError, match="1 row stands twice in the frame, such as instrument BDI-II, visit baseline"):
        tables.table_observed_scores(means=twice)


def test_no_table_changes_the_frames_it_was_given(observed_means, counts):
    before = observed_means.copy(deep=True)
    tables.table_observed_scores(means=observed_means)
    pd.testing.assert_frame_equal(observed_means, before)
    ledger = counts["ledger"].copy(deep=True)
    tables.table_ledger(ledger=counts["ledger"])
    pd.testing.assert_frame_equal(counts["ledger"], ledger)


def test_what_was_recalled_is_marked_and_explained_once():
    cells = pd.DataFrame({"label": ["7 days†", "14 days†"]})
    layout = Layout((label_column("Recall"),))
    table = assemble("x", "X", cells, layout, raw=cells, notes=["A manual†"])
    assert table.notes == (
        "A manual†.",
        "† Recalled, not read in the source that is named: check it there before you cite it.",
    )
    assert assemble("x", "X", cells.assign(label="7 days"), layout, raw=cells).notes == ()
