"""The dictionary holds together; what is generated from it is current; an empty study loads."""

import json
import re

import pytest
import typer
from typer.testing import CliRunner

from kap_analysis.cli.new import new
from kap_analysis.cli.validate import validate
from kap_analysis.errors import StudyError
from kap_analysis.study.contract.blank_study import write_blank_study
from kap_analysis.study.contract.dictionary import NUMBER_TYPES, TABLES, TEXT_TYPES
from kap_analysis.study.contract.documentation import dictionary_csv, documentation_text
from kap_analysis.study.load import check_study
from tests.places import ROOT
from tests.study.small_study import write_small_study

DOCUMENTATION = ROOT / "docs" / "study_folder.md"


def _run(command, *arguments):
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("name", list(TABLES))
def test_every_table_is_complete(name):
    table = TABLES[name]
    assert set(table.key) <= set(table.columns)
    assert set(table.key_needs) <= set(table.key)
    assert len(table.example) == 2
    for column in table.columns.values():
        assert column.type in TEXT_TYPES | NUMBER_TYPES
        assert column.description.endswith((".", "?"))
        assert (column.type in ("level", "measure")) == bool(column.levels)
        assert len(set(column.level_names)) == len(column.level_names)
        assert (column.min is None) == (column.max is None)


def test_required_columns_are_those_of_the_contract():
    assert {name: set(table.required_columns) for name, table in TABLES.items() if table.required} == {
        "patients": {"patient_id"},
        "sessions": {"patient_id", "day", "kind", "format"},
        "assessments": {"patient_id", "day", "instrument", "score"},
    }


def test_each_diagnosis_but_the_last_has_an_icd_10_category():
    levels = TABLES["diagnoses"].columns["diagnosis"].levels
    category = re.compile(r"[A-Z][0-9]{2}(\.[0-9])?")
    assert levels[-1].name == "other"
    assert all(category.fullmatch(code) for level in levels[:-1] for code in re.split(r", |-", level.icd10))


def test_the_committed_documentation_is_current():
    assert DOCUMENTATION.read_text(encoding="utf-8") == documentation_text()


def test_the_dictionary_as_csv_has_one_line_per_column():
    assert len(dictionary_csv().splitlines()) == 1 + sum(len(table.columns) for table in TABLES.values())


def test_an_empty_study_loads_as_it_stands_and_is_made_up(tmp_path):
    written = write_blank_study(tmp_path / "new")
    check = check_study(tmp_path / "new")
    assert (check.lines(), check.notes) == ((), ())
    assert len(written) == 1 + len(TABLES) + 2
    assert len(check.study.patients) == 2
    assert check.study.is_simulated


def test_a_folder_with_files_is_never_written_into(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(StudyError, match="expected a new or empty folder"):
        write_blank_study(tmp_path)
    assert _run(new, tmp_path).exit_code == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]


def test_kap_new_and_kap_validate(tmp_path):
    assert _run(new, tmp_path / "study").exit_code == 0
    result = _run(validate, tmp_path / "study")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "Our study: 2 patients, 2 sessions, 2 assessments; no problems.",
        "can answer: change, retention, reliable change, durability, dose, facilitators, safety, suicidality.",
        "cannot answer: group effect, adjusted group effect, non-inferiority (no individual patient has a score at "
        "baseline and at month 3); practice differences (there is one practice).",
    ]


def test_kap_validate_exits_1_with_every_problem(tmp_path):
    folder = write_small_study(tmp_path / "study", {"sessions.csv": None, "cohorts.csv": "cohort_id\nG1\nG1\n"})
    result = _run(validate, folder)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "cohorts.csv, row 3: cohort_id: found the same cohort_id as in row 2; expected one row per therapy group "
        "(cohort).",
        "sessions.csv: found no such file; expected the table sessions, as CSV or Parquet.",
        "2 problems; what the study can answer is told once there are none.",
    ]


def test_kap_validate_speaks_json(tmp_path, small_folder):
    result = _run(validate, small_folder, "--json", "--purpose", "research")
    report = json.loads(result.output)
    assert (result.exit_code, report["ok"], report["n_problems"]) == (0, True, 0)
    assert {"question", "can_answer", "why"} == set(report["answers"][0])
    broken = json.loads(_run(validate, write_small_study(tmp_path / "s", {"items.csv": ""}), "--json").output)
    assert broken["problems"][0]["file"] == "items.csv"


def test_kap_validate_exits_2_where_there_is_no_folder(tmp_path):
    assert _run(validate, tmp_path / "nowhere").exit_code == 2
