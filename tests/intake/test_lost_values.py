"""What a map would lose: scores that nothing dates, roles without what they need, columns renamed between versions."""

from pathlib import Path

import pandas as pd
import pytest

from kap_analysis.errors import IntakeError
from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.study_import import StudyImport, import_study
from tests.intake.small_export import PATIENTS, write_export

DATED = """\
Patient ID,PHQ9 date,PHQ9 Total,GAD7 Total
1001,2024-01-03,13,11
1002,2024-01-05,18,7
1003,,,9
"""


def imported(folder: Path, source: Path, *changes: tuple[str, str]) -> StudyImport:
    text = draft_map(source).text
    for was, now in changes:
        assert was in text, was
        text = text.replace(was, now)
    (folder / "map.toml").write_text(text, encoding="utf-8")
    return import_study(source, folder / "map.toml", folder / f"of_{source.name}")


def told(folder: Path, source: Path, *changes: tuple[str, str]) -> str:
    with pytest.raises(IntakeError) as caught:
        imported(folder, source, *changes)
    return str(caught.value)


def scores_of(made: StudyImport) -> list[tuple[str, float]]:
    frame = pd.read_csv(made.folder / "assessments.csv")
    return sorted(zip(frame["instrument"], frame["score"], strict=True))


def test_the_date_of_one_instrument_is_not_taken_for_another_without_being_asked(tmp_path):
    source = write_export(tmp_path / "export", scores=DATED)
    asked = draft_map(source).open_lines
    assert len(asked) == 1 and asked[0][1].startswith("by its name it dates PHQ-9, and nothing dates GAD-7")
    of_phq = ('of = "?"', 'of = "PHQ-9"')
    assert "answers or scores of GAD-7 that no column dates" in told(tmp_path, source, of_phq)
    made = imported(tmp_path, source, ('of = "?"', 'of = ""'))
    assert scores_of(made) == [("GAD-7", 7), ("GAD-7", 11), ("PHQ-9", 13), ("PHQ-9", 18)]


def test_a_row_that_loses_a_part_is_told_in_the_ledger(tmp_path):
    both = (
        DATED.replace("GAD7 Total", "GAD7 date,GAD7 Total")
        .replace("13,11", "13,,11")
        .replace("18,7", "18,2024-01-05,7")
    )
    source = write_export(tmp_path / "export", scores=both.replace(",,,9", ",,,2024-01-06,9"))
    made = imported(tmp_path, source)
    ledger = made.ledger[made.ledger["file"] == "scores.csv"][["fate", "reason", "n_rows"]]
    assert ledger.to_numpy().tolist() == [["placed", "", 2], ["placed", "in part: no date", 1]]
    assert "Of the placed rows 1 lost a part" in made.paragraph


def test_long_scores_and_wide_items_of_one_file_are_both_placed(tmp_path):
    head = "Patient ID,Submitted,Survey,Score," + ",".join(f"PHQ9_{n}" for n in range(1, 10))
    rows = ["1001,2024-01-03,GAD-7,11,3,3,2,2,1,1,1,0,0", "1002,2024-01-05,GAD-7,7,2,2,2,2,2,2,2,2,2"]
    made = imported(tmp_path, write_export(tmp_path / "export", scores="\n".join([head, *rows])))
    assert scores_of(made) == [("GAD-7", 7), ("GAD-7", 11), ("PHQ-9", 13), ("PHQ-9", 18)]


def test_a_column_that_a_form_renamed_fills_the_one_that_it_stands_for(tmp_path):
    renamed = "Patient ID,Submitted,GAD7 Total,GAD-7 Score (2024)\n1001,2024-01-03,11,\n1002,2024-01-05,-99,7\n"
    sexes = PATIENTS.replace("Sex\n", "Sex,Sex at birth\n").replace(",F\n", ",F,\n").replace(",Male\n", ",,Male\n")
    source = write_export(tmp_path / "export", scores=renamed, patients=sexes)
    assert draft_map(source).n_open == 0
    made = imported(tmp_path, source)
    assert scores_of(made) == [("GAD-7", 7), ("GAD-7", 11)]
    assert sorted(pd.read_csv(made.folder / "patients.csv")["sex"]) == ["female", "female", "male"]
    write_export(source, scores=renamed.replace("11,\n", "11,12\n"))
    expected = (
        "scores.csv, row 2: GAD-7 Score (2024): found 99; expected nothing where GAD7 Total is filled, or the same"
    )
    with pytest.raises(IntakeError) as caught:
        import_study(source, tmp_path / "map.toml", tmp_path / "other")
    assert expected in str(caught.value)
    wrong = ('column = "GAD7 Total"', 'column = "GAD7"')
    write_export(source, scores=renamed)
    assert "a column that is the same as none" in told(tmp_path, source, wrong)


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ('{ is = "score", instrument = "PHQ-9" }', '{ is = "score" }', "score without instrument"),
        ('{ is = "score", instrument = "PHQ-9" }', '{ is = "answer" }', "answer without item_number"),
        ('[{ is = "sessions.kind" }, { is = "sessions.format" }]', '{ is = "sessions.format" }',
         "sessions.dose_mg without sessions.kind"),
        ('"Sex" = { is = "patients.sex"', '"Sex" = { is = "diagnoses.rank"',
         "diagnoses.rank without diagnoses.diagnosis"),
    ],
)  # fmt: skip
def test_a_role_without_what_it_needs_is_refused(tmp_path, was, now, expected):
    assert expected in told(tmp_path, write_export(tmp_path / "export"), (was, now))


def test_a_total_without_the_name_of_an_instrument_is_asked_for(tmp_path):
    source = write_export(tmp_path / "export", scores="Patient ID,Submitted,Total\n1001,2024-01-03,13\n")
    asked = [
        what for _, what in draft_map(source).open_lines if what.startswith("the total of which instrument? BDI-II")
    ]
    assert len(asked) == 1
    made = imported(tmp_path, source, ('is = "score", instrument = "?"', 'is = "score", instrument = "PHQ-9"'),
                    ('primary_instrument = "?"', 'primary_instrument = "PHQ-9"'))  # fmt: skip
    assert scores_of(made) == [("PHQ-9", 13)]


def test_a_german_export_in_windows_1252_with_decimal_commas_needs_no_line(tmp_path):
    source = tmp_path / "export"
    source.mkdir()
    files = {
        "Sitzungen": "Patienten-Nr;Sitzungsdatum;Art;Behandlungsform;Dosis (mg);Status\n"
        "11;08.01.2024;Ketaminsitzung;Einzeltherapie;62,50;erschienen\n"
        "12;09.01.2024;Ketaminsitzung;Einzeltherapie;80,00;nicht erschienen\n"
        "12;10.01.2024;Ketaminsitzung;Einzeltherapie;80,00;erschienen\n",
        "Fragebogen": "Patienten-Nr;Datum;Fragebogen;Summenscore\n11;03.01.2024;GAD-7;11,0\n12;03.01.2024;GAD-7;7,0\n",
        "PHQ-9": "Übersicht;;\nPatienten-Nr;Datum;" + ";".join(f"Frage {n}" for n in range(1, 10)) + ";Summe\n"
        "11;03.01.2024;1;1;1;1;1;1;1;1;1;9\n",
    }  # fmt: skip
    for name, text in files.items():
        (source / f"{name}.csv").write_bytes(text.encode("cp1252"))
    assert draft_map(source).n_open == 0
    made = imported(tmp_path, source)
    assert scores_of(made) == [("GAD-7", 7), ("GAD-7", 11), ("PHQ-9", 9)]
    assert sorted(pd.read_csv(made.folder / "sessions.csv")["dose_mg"]) == [62.5, 80, 80]
