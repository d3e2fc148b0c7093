"""Characteristics at baseline: cells, missing values, standardised differences."""

import numpy as np
import pandas as pd

from kap_analysis import tables
from tests.tables.shown import column, rows


def test_baseline_cells_missing_and_smd(every_table, characteristics):
    table = every_table["baseline"]
    shown = rows(table)
    assert shown["Age, years, mean (SD)"] == ("44.2 (12.3)", "2", "44.9 (12.3)", "2", "43.1 (12.3)", "2", "−0.14")
    assert shown["ACE, 0–10, median [quartiles]"][:2] == ("3.0 [1.0 to 5.0]", "9")
    assert shown["Female"] == ("131 (60%)", "", "80 (60%)", "", "51 (60%)", "", "")
    assert shown["Sex, n (%)"] == ("", "1", "", "1", "", "1", "0.11")
    assert [spanner.heading for spanner in table.layout.spanners] == [
        "All (n = 220)",
        "Individual (n = 134)",
        "Group (n = 86)",
    ]
    assert table.raw["mean"].tolist()[0] == characteristics["mean"].tolist()[0] == 44.23


def test_yes_or_no_takes_one_row_and_levels_read_as_words(characteristics):
    sex = characteristics[characteristics["characteristic"] == "sex"]
    known = sex[sex["level"] != "other"].replace({"level": {"female": "yes", "male": "no"}})
    ketamine = known.assign(characteristic="prior_ketamine", label="Ketamine before")
    diagnosis = sex.assign(characteristic="diagnosis", label="Diagnosis").replace(
        {"level": {"female": "ptsd", "male": "major_depression"}}
    )
    table = tables.table_baseline(characteristics=pd.concat([ketamine, diagnosis], ignore_index=True))
    assert list(rows(table)) == ["Ketamine before, n (%)", "Diagnosis, n (%)", "PTSD", "Major depression", "Other"]
    assert rows(table)["Ketamine before, n (%)"][:2] == ("131 (60%)", "1")


def test_baseline_of_one_format_has_no_smd(characteristics):
    one = characteristics[characteristics["format"] == "group"].assign(smd=np.nan)
    table = tables.table_baseline(characteristics=one)
    assert [found.heading for found in table.layout.columns] == ["Characteristic", "Value", "Missing"]


def test_withheld_size_of_a_format_stands_in_its_heading(characteristics):
    frame = characteristics.astype({"n_patients": "float64"}).assign(withheld=False)
    hidden = frame["format"] == "group"
    frame.loc[hidden, ["n_patients", "mean", "sd", "median", "q1", "q3", "n", "n_missing"]] = np.nan
    frame.loc[hidden, "withheld"] = True
    table = tables.table_baseline(characteristics=frame)
    assert table.layout.spanners[2].heading == "Group (n withheld)"
    assert column(table, "Value", "Group (n withheld)")[:3] == ["withheld"] * 3
