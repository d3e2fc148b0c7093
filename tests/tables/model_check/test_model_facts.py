"""What a model is, in words."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis import tables
from kap_analysis.errors import TableError
from tests.tables.shown import lines


def test_facts_of_a_model_stand_in_words(every_table):
    shown = {label: text for label, (text,) in lines(every_table["model-facts"]).items()}
    assert shown["Patients"] == "1,179"
    assert shown["Degrees of freedom"] == "Kenward–Roger"
    assert shown["Plan"] == "Drafted from the study's settings"
    assert shown["Margin"] == "None was stated"
    assert shown["Planned as primary"] == "Yes"
    assert every_table["model-facts"].notes == ("ACE score was not recorded for 7 patients.",)


def test_facts_of_a_model_with_a_margin_and_without_what_is_unknown(model_facts):
    model = model_facts["model"].drop(columns=["rung", "why"]).assign(margin=3.0, ddf=None)
    shown = lines(tables.table_model_facts(model=model))
    assert shown["Margin"] == ("3.0 points",)
    assert not {"Model", "Chosen because", "Degrees of freedom"} & set(shown)


def test_withheld_counts_of_a_model_are_named_and_a_lost_margin_is_not_told_as_none(model_facts):
    model = model_facts["model"].assign(n_patients=np.nan, withheld=True)
    shown = lines(tables.table_model_facts(model=model))
    assert shown["Patients"] == ("withheld",)
    assert "Margin" not in shown
    with pytest.raises(TableError, match="model= has no rows"):
        tables.table_model_facts(model=pd.DataFrame(columns=model.columns))
