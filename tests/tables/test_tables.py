"""What each table shows: cells as arithmetic on the frames, notes, and what is withheld."""

import importlib
import json
import pkgutil
import re

import numpy as np
import pandas as pd
import pytest

from kap_analysis import tables
from kap_analysis.analysis.comparison.comparison import STANDARDISED_BY
from kap_analysis.errors import TableError
from kap_analysis.instruments.registry import get_instrument
from tests.places import ROOT

#: Beginnings of pointers to what a study folder or a run holds.
OTHER_PLACES = (
    "study.toml",
    "visit windows in study.toml",
    "plan.toml",
    "manifest.json",
    "kap validate",
    "names of the",
    "places and",
)


def column(table, heading, under=""):
    """The cells below a heading, under a spanner if one is named."""
    for found in table.layout.columns:
        spanner = table.layout.spanner_over(found.key)
        if found.heading == heading and (not under or (spanner and spanner.heading == under)):
            return list(table.cells[found.key])
    raise AssertionError(f"no column {heading} under {under}")


def rows(table):
    return {cells[0].strip(): cells[1:] for _, lines in table.row_groups() for cells in lines}


def test_flow_shares_are_of_those_in_the_study(every_table):
    table = every_table["flow"]
    assert column(table, "Group")[:5] == ["95 (100%)", "90 (95%)", "86 (91%)", "72 (76%)", "54 (57%)"]
    assert [group for group, _ in table.row_groups()] == ["All practices", "Practice A & B"]
    assert "Assessed at month 3: no BDI-II in the window of month 3." in table.notes[1]


def test_flow_of_all_practices_only(flow_steps):
    table = tables.table_flow(steps=flow_steps, practices=False)
    assert len(table.cells) == 5
    assert table.layout.groups == ""


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


def test_observed_scores_have_n_beside_every_mean(every_table):
    table = every_table["observed-scores"]
    assert column(table, "n", "All") == ["220", "171", "150"]
    assert column(table, "Mean (SD)", "Group") == ["25.1 (9.1)", "17.8 (9.1)", "13.9 (9.1)"]
    assert column(table, "Visit") == ["Baseline", "Month 1", "Month 3"]


def test_observed_scores_of_two_instruments_are_grouped(observed_means):
    both = pd.concat([observed_means, observed_means.assign(instrument="HAM-A")], ignore_index=True)
    table = tables.table_observed_scores(means=both)
    assert [group for group, _ in table.row_groups()] == ["BDI-II", "HAM-A"]


def test_paired_change_counts_the_pairs_of_those_with_a_baseline(every_table):
    shown = rows(every_table["paired-change"])
    assert shown["BDI-II"] == (
        "Month 3",
        "150/220 (68%)",
        "25.4 (8.7)",
        "14.1 (9.9)",
        "−11.2 (−12.6 to −9.9)",
        "8.4",
    )
    assert "There is no control arm: change is not an effect of treatment." in every_table["paired-change"].notes


def test_adjusted_means_and_difference(every_table):
    table = every_table["adjusted-means"]
    assert column(table, "Visit") == ["Month 1", "Month 3 (primary)"]
    assert column(table, "Estimate", "Group − individual") == ["0.7", "1.1"]
    assert column(table, "95%\u00a0CI") == ["−1.8 to 3.1", "−1.8 to 4.0"]
    assert column(table, "p") == ["–", "0.43"]
    assert any("ICC 0.08 (95% CI 0.00 to 0.29)" in note and "24 cohorts of 3.5" in note for note in table.notes)


def test_two_contrasts_at_a_visit_stand_under_each_other(comparison):
    second = comparison["contrasts"].assign(contrast="mixed - individual")
    both = pd.concat([comparison["contrasts"], second], ignore_index=True)
    table = tables.table_adjusted(means=comparison["means"], contrasts=both)
    assert column(table, "Contrast") == ["group − individual", "mixed − individual"] * 2
    assert column(table, "Visit") == ["Month 1", "", "Month 3 (primary)", ""]


def test_model_keeps_its_parts_apart(every_table):
    table = every_table["model"]
    shown = dict(table.row_groups())
    assert list(shown) == ["Fixed part", "Random part (SDs, correlations)", "Residual", "The fit"]
    assert shown["Fixed part"][3][0] == "Visit month 3 × format group"
    assert shown["Random part (SDs, correlations)"][0][:2] == ("Cohort: SD of group format", "2.60")
    assert shown["Random part (SDs, correlations)"][2][:2] == ("Patient: correlation of intercept with month", "−0.20")
    assert shown["Residual"][1][:2] == ("SD, group", "4.90")
    assert ("R², marginal (fixed part)", "0.31") in [row[:2] for row in shown["The fit"]]
    assert "Degrees of freedom: Kenward–Roger." in table.notes


def test_model_says_when_it_did_not_converge(fitted):
    about = fitted["about"] | {"converged": False, "ddf": "normal"}
    table = tables.table_model(coefficients=fitted["coefficients"], about=about)
    assert "The fit did not converge: its numbers are not to be used." in table.notes
    assert [found.heading for found in table.layout.columns][5] == "z"


def test_clinical_change_has_both_denominators(every_table):
    groups = dict(every_table["clinical-change"].row_groups())
    could = "Recovered, of those beyond the cut-off at baseline"
    assert list(groups) == ["Recovered", "Improved", "Unchanged", "Reliably worse", could, "Not assessed"]
    assert groups[could][2][:2] == ("Group", "18/46 (39%)")
    assert [row[0] for row in groups["Recovered"]] == ["All", "Individual", "Group"]
    assert groups["Recovered"][2][1] == "18/54 (33%)"
    assert groups["Recovered"][2][3] == "18/90 (20%)"
    assert groups["Not assessed"][2] == ("Group", "", "", "36/90 (40%)")


def test_criteria_name_their_source(every_table):
    table = every_table["criteria"]
    assert table.row_groups()[0][1][2] == ("Group", "18/54 (33%)", "21% to 46%", "18/90 (20%)")
    assert table.notes[-1] == "Response: 50% improvement or more: a convention."
    both = pd.concat([table.raw.assign(side="better"), table.raw.assign(side="worse")], ignore_index=True)
    groups = [group for group, _ in tables.table_criteria(criteria=both).row_groups()]
    assert groups == [f"Response: 50% improvement or more ({side})" for side in ("improved", "worsened")]


def test_methods_stand_side_by_side(every_table):
    assert rows(every_table["clinical-methods"])["Edwards–Nunnally"][0] == "50 (33%)"


def test_moderators_are_planned_or_exploratory(every_table):
    groups = dict(every_table["moderators"].row_groups())
    assert list(groups) == ["Planned", "Exploratory"]
    assert groups["Planned"][1][0].strip() == "Difference, 30 years"
    assert groups["Exploratory"][0][-2] == "–"


def test_sensitivity_says_what_each_analysis_assumes(every_table):
    table = every_table["sensitivity"]
    assert rows(table)["Multiple imputation"][1:4] == ("–", "–", "–")
    assert "Multiple imputation: too few cohorts to impute." in table.notes
    assert all(text[0].isupper() for text in column(table, "Assumes"))


def test_completeness_shares_are_of_those_due(every_table, completeness):
    table = every_table["completeness"]
    assert column(table, "Done", "Group") == ["60 (67%)", "45 (50%)"]
    whole = tables.table_completeness(completeness=completeness, practices=True)
    assert [group for group, _ in whole.row_groups()] == ["All practices", "Practice A", "Practice B"]


def test_exposure_keeps_routes_apart(every_table):
    groups = dict(every_table["exposure"].row_groups())
    assert groups["Dose by route, mean (SD)"] == [
        ("SL, mg", "205 (41)", "210 (39)"),
        ("IM, mg/kg", "1.10 (0.31)", "1.06 (0.28)"),
    ]
    assert "3 cohorts of 3 to 4 patients, 3.7 on average." in every_table["exposure"].notes


def test_counts_by_format(every_table):
    assert rows(every_table["positivity"])["Practice B"] == ("58/58 (100%)", "0/58 (0%)")
    assert rows(every_table["facilitators"])["F1"] == ("40", "20", "33%")
    assert rows(every_table["intercurrent-events"])["Switched format"] == ("12/138 (9%)", "14/90 (16%)")


def test_adverse_events_say_where_they_were_asked_about(every_table):
    table = every_table["adverse-events"]
    assert rows(table)["Mild, SL"] == ("24", "19", "0.08", "14", "12", "0.07")
    asked = "individual, SL 288/300 (96%); group, SL 194/200 (97%); group, IM 0/230 (0%)."
    assert f"Ketamine sessions at which they were asked about: {asked}" in table.notes


def test_suicidality_has_four_states_and_the_fixed_sentence(every_table):
    table = every_table["suicidality"]
    assert [row[0] for row in table.row_groups()[0][1]] == [
        "Endorsed",
        "Not endorsed",
        "Not answered",
        "Not in the data",
    ]
    for name in ("suicidality", "for-review"):
        assert any("it is not an alarm" in note for note in every_table[name].notes)


def test_estimand_names_the_missing_attribute(plan):
    assert rows(tables.table_estimand(plan=plan))["Margin"][0].startswith("None was stated")
    margin = {"points": 3.0, "source": "consensus meeting", "date": "2026-01-10"}
    shown = rows(tables.table_estimand(plan=plan | {"margin": margin}))
    assert shown["Margin"] == ("3.0 points (consensus meeting, 2026-01-10)",)
    with pytest.raises(TableError) as caught:
        tables.table_estimand(plan={"instrument": "BDI-II", "visit": "month 3", "population": "all"})
    assert str(caught.value) == (
        "table_estimand needs switching and dropout in plan=; found instrument, visit and population."
    )


def test_checklist_has_all_items_and_takes_pointers():
    table = tables.table_checklist(where={"13": "Table 1"})
    shown = rows(table)
    assert {str(number) for number in range(1, 23)} <= set(shown)
    assert shown["13"][1] == "Table 1"
    assert shown["22"][1] == "To be written by the authors"
    with pytest.raises(TableError, match="Neither checklist has the item 23;"):
        tables.table_checklist(where={"23": "nowhere"})


def test_instruments_show_bands_recall_and_sources(every_table):
    table = every_table["instruments"]
    bdi = table.row_groups()[0][1][0]
    assert bdi[3] == "Minimal 0 to 13, mild 14 to 19, moderate 20 to 28, severe 29 to 63"
    assert any(note.startswith("HAM-A, sources (checked ") for note in table.notes)
    assert not any(".." in note for note in table.notes)
    as_mapping = tables.table_instruments(instruments={"BDI-II": get_instrument("BDI-II")})
    assert len(as_mapping.cells) == 1


def test_problems_show_the_first_and_keep_all(every_table, counts):
    table = tables.table_problems(problems=counts["problems"], most=2)
    assert table.notes[0] == "The first 2 of 3 problems."
    assert len(table.cells) == 2
    assert len(table.raw) == 3
    assert "'=99" in table.to_csv()


def test_an_empty_list_is_an_answer(counts, safety):
    table = tables.table_problems(problems=counts["problems"].iloc[:0])
    assert rows(table) == {"No problem was found.": ()}
    assert table.to_csv() == "file,row,column,found,expected,message\n"
    for name, function in (("serious", tables.table_serious_events), ("for_review", tables.table_for_review)):
        assert list(rows(function(**{name: safety[name].iloc[:0]}))) == [
            "None to show: none was recorded, or in a public study they are withheld."
        ]


def test_ledger_and_answers(every_table):
    assert rows(every_table["ledger"])["Left out: outside every window"] == ("80", "200", "40", "100")
    assert [group for group, _ in every_table["answers"].row_groups()] == ["Can answer", "Cannot answer"]


def test_withheld_cells_are_named_and_explained(comparison, counts):
    events = counts["intercurrent"].astype({"n_patients": "float64"})
    events.loc[1, "n_patients"] = np.nan
    table = tables.table_intercurrent_events(events=events.assign(withheld=[False, True, False, False]))
    assert rows(table)["Switched format"] == ("12/138 (9%)", "withheld")
    assert table.notes[-1].startswith("withheld: not shown, because too few patients")
    plain = tables.table_intercurrent_events(events=events)
    assert rows(plain)["Switched format"] == ("12/138 (9%)", "–")
    assert plain.notes[-1] == "–: not recorded for this format."


def test_withheld_size_of_a_format_stands_in_its_heading(characteristics):
    frame = characteristics.astype({"n_patients": "float64"}).assign(withheld=False)
    hidden = frame["format"] == "group"
    frame.loc[hidden, ["n_patients", "mean", "sd", "median", "q1", "q3", "n", "n_missing"]] = np.nan
    frame.loc[hidden, "withheld"] = True
    table = tables.table_baseline(characteristics=frame)
    assert table.layout.spanners[2].heading == "Group (n withheld)"
    assert column(table, "Value", "Group (n withheld)")[:3] == ["withheld"] * 3


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


def test_every_table_function_is_offered_and_made_here(every_table):
    offered = {name for name in dir(tables) if name.startswith("table_")}
    defined = set()
    for module in pkgutil.walk_packages(tables.__path__, "kap_analysis.tables."):
        found = importlib.import_module(module.name)
        defined |= {name for name in vars(found) if name.startswith("table_")}
    assert offered == defined
    assert len(every_table) == len(offered)
    assert all(getattr(tables, name).__doc__ for name in offered)


def test_names_of_the_data_keep_their_letters_and_characteristics_stand_in_words(every_table):
    answers = pd.DataFrame(
        {"question": ["dose", "margin"], "can_answer": [True, False], "why": ["dose_mg and route", "none was stated"]}
    )
    assert list(tables.table_answers(answers=answers).cells["why"]) == ["dose_mg and route", "None was stated"]
    balance = every_table["balance"].raw
    named = balance.assign(characteristic="ace_score", level="").drop_duplicates("weighting")
    assert list(tables.table_balance(balance=named).cells["label"].unique()) == ["ACE score"]


def test_checklist_points_to_what_exists():
    """Notebooks, the tables and figures that they hand over, files of the study and of the run, pages of docs/."""
    sources = {path.stem: _source(path) for path in (ROOT / "notebooks").glob("*.ipynb")}
    places = [place for where in tables.table_checklist().raw["where"] for place in where.split("; ") if where]
    pointed = [re.match(r"(\d\d_\w+)(?:, (table|figure|methods) (\w+))?", place) for place in places]
    assert sum(found is not None for found in pointed) > 20
    for place, found in zip(places, pointed, strict=True):
        if found is None:
            page = re.match(r"docs/\S+", place)
            assert (ROOT / page[0]).exists() if page else place.startswith(OTHER_PLACES), place
            continue
        notebook, kind, name = found.groups()
        wanted = {"table": f'results.table("{name}"', "figure": f'"{name}"', "methods": "methods_paragraph"}.get(kind)
        assert notebook in sources, place
        assert wanted is None or wanted in sources[notebook], place


def _source(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def test_checklist_has_the_items_of_record():
    numbers = [number for number in tables.table_checklist().raw["number"] if number.startswith("RECORD")]
    counted = {"1": 3, "6": 3, "7": 1, "12": 3, "13": 1, "19": 1, "22": 1}
    assert numbers == [f"RECORD {item}.{part}" for item, parts in counted.items() for part in range(1, parts + 1)]


def test_what_in_sds_means_is_what_the_analysis_divides_by(every_table):
    assert STANDARDISED_BY == "adjusted difference / SD of the baseline score, pooled over the formats"
    (told,) = [note for note in every_table["adjusted-means"].notes if note.startswith("In SDs")]
    assert told.endswith("the standard deviation (SD) of the baseline score, pooled over the formats.")


def test_events_stand_by_route_and_mild_before_severe(safety):
    severe = safety["events"].iloc[[2]].assign(severity="severe")
    events = pd.concat([severe, safety["events"].iloc[::-1]], ignore_index=True)
    groups = dict(tables.table_adverse_events(events=events).row_groups())
    assert [row[0] for row in groups["Nausea"]] == ["Mild, SL", "Moderate, SL", "Severe, SL"]


def test_values_of_a_moderator_carry_its_unit(moderation):
    differences = moderation["differences"].replace({"level": {"30 years": "30", "50 years": "50"}})
    interactions = moderation["interactions"].replace({"unit": {"": "yes against no"}})
    labels = list(tables.table_moderators(interactions=interactions, differences=differences).cells["label"])
    assert labels[0] == "Age: interaction, per 10 years"
    assert [label.strip() for label in labels[1:3]] == ["Difference, 30 years", "Difference, 50 years"]
    assert labels[3] == "ACE 4 or more: interaction, yes against no"


def test_missing_items_of_instruments_with_one_rule_stand_on_one_line(every_table):
    lines = [note for note in every_table["instruments"].notes if note.startswith("Missing items of ")]
    assert len(lines) < 3
    assert all("BDI-II" in line or "WHO-5" in line for line in lines)


def test_an_interval_on_less_than_one_degree_of_freedom_is_not_shown(change):
    few = change["change"].assign(df=[160.1, 0.9])
    means = change["means"].assign(df=[150.0, 140.0, 0.8])
    table = tables.table_change(means=means, change=few)
    assert rows(table)["Month 3"] == ("150", "16.0 (–)", "−11.3", "–", "0.71", "0.9", "–")
    assert rows(table)["Month 1"][3] == "−8.5 to −6.3"
    assert "An interval or p that rests on less than one degree of freedom is not shown." in table.notes
    assert table.raw["ci_low"].tolist()[-1] == change["change"]["ci_low"].tolist()[-1]
    assert "degree of freedom" not in " ".join(tables.table_change(means=means[:2], change=few[:1]).notes)
