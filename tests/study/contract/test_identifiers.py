"""Identifiers of persons stop the load, in values and in codes, and are not repeated in full."""

import pytest

from tests.study.small_study import FILES, PATIENTS, lines_of


def test_identifiers_stop_the_load_and_are_not_repeated(tmp_path):
    text = PATIENTS.replace("patient_id,", "patient_id,remark,")
    text = text.replace("007,A", "007,jo.doe@example.org,A").replace("P02,A", "P02,,A").replace("P03,A", "P03,,A")
    text = text.replace("P04,B", "P04,,B").replace("P05,B", "P05,,B").replace("P06,B", "P06,,B")
    lines = lines_of(tmp_path, {"patients.csv": text})
    assert lines == [
        "patients.csv, row 2: remark: found 'j…' (18 characters), which looks like an e-mail address; expected no "
        "identifiers of persons."
    ]


@pytest.mark.parametrize("name", ["Jo Doe", "Doe, Jo", "Joanna", "Łucja Żak"])
def test_a_name_is_not_a_patient_code(tmp_path, name):
    files = {file: text.replace("P04,", f'"{name}",') for file, text in FILES.items()}
    lines = lines_of(tmp_path, files)
    assert any("which looks like a person's name; expected a made-up code as text." in line for line in lines)
    assert not any(name in line for line in lines)
