"""Tables of a public study of real patients, made from what the gate lets through."""

import contextlib
import dataclasses

import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis import tables
from kap_analysis.errors import TableError
from tests.places import SHIPPED_STUDY

STUDY = SHIPPED_STUDY


@pytest.fixture(scope="module")
def public():
    study = kap.load_study(STUDY)
    settings = dataclasses.replace(study.settings, visibility="public", provenance="real")
    study = dataclasses.replace(study, settings=settings)
    outcomes, visit = study.outcomes(), study.settings.primary_visit
    support, clinical = kap.describe_positivity(study), kap.clinical_change(outcomes, visit)
    received, safety = kap.describe_exposure(study), kap.review_safety(study)
    paired = kap.paired_scores(outcomes, visit)
    given = {"sessions": received.sessions, "doses": received.doses, "cohort_sizes": received.cohort_sizes}
    classes = {"shares": clinical.shares, "eligible": clinical.eligible, "cutoffs": clinical.cutoffs}
    asked = [
        lambda: tables.table_flow(steps=kap.participant_flow(study).steps),
        lambda: tables.table_ledger(ledger=kap.account_for_rows(outcomes).ledger),
        lambda: tables.table_baseline(characteristics=kap.baseline_characteristics(outcomes).characteristics),
        lambda: tables.table_positivity(patients=support.patients, sentence=support.sentence),
        lambda: tables.table_completeness(completeness=kap.describe_completeness(study).completeness, practices=True),
        lambda: tables.table_observed_scores(means=kap.observed_scores(outcomes).means),
        lambda: tables.table_paired_change(means=paired.means, change=paired.change),
        lambda: tables.table_intercurrent_events(events=kap.count_intercurrent_events(study).events),
        lambda: tables.table_exposure(**given),
        lambda: tables.table_clinical_change(**classes),
        lambda: tables.table_criteria(criteria=clinical.criteria),
        lambda: tables.table_clinical_methods(methods=clinical.methods),
        lambda: tables.table_adverse_events(events=safety.events),
        lambda: tables.table_serious_events(serious=safety.serious),
        lambda: tables.table_newly_endorsed(newly_endorsed=safety.newly_endorsed),
        lambda: tables.table_for_review(for_review=safety.for_review),
        lambda: tables.table_vitals(vitals=safety.vitals),
        lambda: tables.table_suicidality(suicidality=safety.suicidality),
    ]
    made = []
    for table in asked:
        with contextlib.suppress(TableError):  # of a frame without any number that may be shown
            made.append(table())
    return {table.name: table for table in made}


@pytest.mark.slow
def test_no_small_count_stands_behind_a_table(public):
    for name, table in public.items():
        counted = [c for c in table.raw.columns if c == "n" or c.startswith(("n_", "of_"))]
        for column in counted:
            known = pd.to_numeric(table.raw[column], errors="coerce").dropna()
            assert ((known == 0) | (known > 10)).all(), (name, column)


def test_what_is_withheld_is_named_and_explained(public):
    named = {name for name, table in public.items() if any("withheld" in cell for cell in texts(table))}
    assert {"flow", "baseline", "intercurrent-events", "adverse-events"} <= named
    for name in named - {"serious-events", "for-review"}:
        assert any(note.startswith("withheld: not shown") for note in public[name].notes), name


def test_a_difference_that_is_withheld_is_not_told_as_one_that_cannot_be_calculated(public):
    differences = dict(zip(public["baseline"].cells["label"], public["baseline"].cells["smd"], strict=True))
    assert differences["Suicide attempt before, n (%)"] == "withheld"
    (asked,) = (note for note in public["adverse-events"].notes if note.startswith("Ketamine sessions"))
    assert "no session" not in asked and "individual, SL withheld" in asked


def test_lines_of_patients_are_not_shown(public):
    for name in ("serious-events", "for-review"):
        assert texts(public[name])[0].startswith("There are lines, and they are withheld")


def texts(table):
    return [cell for _, rows in table.row_groups() for row in rows for cell in row]
