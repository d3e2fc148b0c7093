"""Keys of one patient in two spellings are a question, and never two patients without a word."""

from pathlib import Path

import pandas as pd
import pytest

from kap_analysis.errors import IntakeError
from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.patient_keys import spellings_of
from kap_analysis.intake.study_import import import_study
from tests.intake.small_export import write_export

SESSIONS = "Patient ID,Date,Type,Dose\nP01,2024-01-08,KAP Individual,80\nP02,2024-01-09,KAP Individual,80\n"
SCORES = "Patient ID,Submitted,PHQ9 Total\nP01,2024-01-03,18\n p01 ,2024-02-20,9\nP02,2024-01-03,12\n"


def export(folder: Path, scores: str = SCORES, sessions: str = SESSIONS) -> Path:
    source = write_export(folder, scores=scores, sessions=sessions)
    (source / "patients.csv").unlink()
    return source


def scores_of(source: Path, folder: Path, rule: str = "", out: str = "study") -> list[list[float]]:
    text = draft_map(source).text
    if rule:
        text = text.replace('ids = "?"', f'ids = "{rule}"')
    (folder / "map.toml").write_text(text, encoding="utf-8")
    made = import_study(source, folder / "map.toml", folder / out)
    frame = pd.read_csv(made.folder / "assessments.csv")
    return sorted(frame.groupby("patient_id")["score"].apply(sorted).tolist())


def test_ids_that_differ_in_capitals_alone_are_asked_for(tmp_path):
    """p01 was another patient than P01: one without a session, whose scores were left out."""
    source = export(tmp_path / "export")
    assert [text for _, text in draft_map(source).open_lines] == [
        "1 id differs from another in capitals or zeros alone, such as A99 and a99: fold (both are one patient), or "
        "keep (two)"
    ]
    assert scores_of(source, tmp_path, "fold") == [[9, 18], [12]]
    assert scores_of(source, tmp_path, "keep", "other") == [[12], [18]]


def test_a_number_that_lost_its_zeros_is_asked_for(tmp_path):
    source = export(tmp_path / "export", SCORES.replace("P0", "0").replace(" p01 ", "1"), SESSIONS.replace("P0", "00"))
    assert "such as 9 and 999" not in draft_map(source).text
    assert "ids differ from another in capitals or zeros alone" in draft_map(source).text
    assert scores_of(source, tmp_path, "fold") == [[9, 18], [12]]


def test_a_second_spelling_in_a_later_export_stops_with_its_row_and_both_patterns(tmp_path):
    source = export(tmp_path / "export", SCORES.replace(" p01 ", "P01"))
    assert scores_of(source, tmp_path) == [[9, 18], [12]]
    codes = (tmp_path / "study.crosswalk.csv").read_text(encoding="utf-8")
    export(source, sessions=SESSIONS.replace("P0", "p0"), scores=SCORES.replace("P0", "p0"))
    with pytest.raises(IntakeError) as caught:
        import_study(source, tmp_path / "map.toml", tmp_path / "study")
    assert "scores.csv, row 2: Patient ID: found a99; expected the spelling of other rows, A99; or ids = " in str(
        caught.value
    )
    text = (tmp_path / "map.toml").read_text(encoding="utf-8")
    (tmp_path / "map.toml").write_text(text.replace("[study]", '[study]\nids = "fold"'), encoding="utf-8")
    import_study(source, tmp_path / "map.toml", tmp_path / "study")
    assert (tmp_path / "study.crosswalk.csv").read_text(encoding="utf-8") == codes


@pytest.mark.parametrize(("name", "key"), [("Client", "Client ID"), ("Patient", "MRN"), ("Patient", "Chart No.")])
@pytest.mark.parametrize("person", ["Anna Miller", "O'Brien, Anna"])
def test_a_column_of_names_is_no_key_where_an_id_stands_beside_it(tmp_path, name, key, person):
    """Two patients of one name were one, and the id was dropped."""
    rows = f"{person},C1,2024-01-03,18\n{person},C2,2024-01-03,9\n"
    source = export(tmp_path / "export", f"{name},{key},Submitted,PHQ9 Total\n{rows}".replace(person, f'"{person}"'))
    text = draft_map(source).text
    assert f'"{key}" = {{ is = "patient_id" }}' in text and f'"{name}" = {{ is = "drop" }}' in text


def test_an_id_in_the_first_row_of_a_patient_alone_is_asked_for(tmp_path):
    """The rows below it were left out, which only a count said."""
    scores = "Patient ID,Submitted,PHQ9 Total\nP01,2024-01-03,18\n,2024-02-20,9\n,2024-03-20,7\nP02,2024-01-03,12\n"
    source = export(tmp_path / "export", scores)
    assert [text.split(".")[0] for _, text in draft_map(source).open_lines] == ["many rows have no id"]
    text = draft_map(source).text
    for said, expected in (("above", [[12], [18, 9, 7]]), ("leave_out", [[12], [18]])):
        (tmp_path / "map.toml").write_text(text.replace('blank_ids = "?"', f'blank_ids = "{said}"'), encoding="utf-8")
        made = import_study(source, tmp_path / "map.toml", tmp_path / said)
        table = pd.read_csv(made.folder / "assessments.csv").sort_values("day")
        assert sorted(table.groupby("patient_id")["score"].agg(list)) == expected
    (tmp_path / "map.toml").write_text(text.replace('blank_ids = "?"', 'blank_ids = "up"'), encoding="utf-8")
    with pytest.raises(IntakeError, match="found the blank_ids 'up'; expected what kap map wrote"):
        import_study(source, tmp_path / "map.toml", tmp_path / "other")


def test_the_columns_of_rows_under_an_id_are_looked_at_too(tmp_path):
    rows = "".join(f",2024-01-{n},KAP Individual,80,{'No show' if n == 15 else 'Completed'}\n" for n in range(10, 16))
    head = "Patient ID,Date,Type,Dose,Status\nP01,2024-01-08,KAP Individual,80,Completed\n"
    assert '"No show" = "no_show"' in draft_map(export(tmp_path / "export", sessions=head + rows)).text


def test_the_spelling_that_an_earlier_import_knows_counts():
    assert spellings_of({"P01", "p01", "q2"}).of == {"p01": "P01"}
    assert spellings_of({"P01", "p01"}, {"p01"}).of == {"P01": "p01"}
    assert spellings_of({"007", "7", "70", "A7"}).of == {"7": "007"}
