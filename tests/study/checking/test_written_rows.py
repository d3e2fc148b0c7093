"""The made-up rows of `kap new` in a study that is not made up."""

import pytest

from kap_analysis.study.contract.blank_study import write_blank_study
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.load import check_study
from tests.study.small_study import DIAGNOSES, SETTINGS, lines_of, write_small_study

REAL = SETTINGS.replace("made_up", "real")


def _written(name):
    return "".join(
        ",".join(row.get(column, "") for column in TABLES[name].columns) + "\n" for row in TABLES[name].example
    )


@pytest.fixture
def blank(tmp_path):
    write_blank_study(tmp_path / "new")
    return tmp_path / "new"


def _say(folder, provenance):
    text = (folder / "study.toml").read_text()
    (folder / "study.toml").write_text(text.replace('provenance = "made_up"', f'provenance = "{provenance}"'))
    return check_study(folder)


@pytest.mark.parametrize("provenance", ["real", "simulated"])
def test_a_new_study_that_is_not_made_up_has_one_problem_in_each_table(blank, provenance):
    check = _say(blank, provenance)
    assert check.problems["file"].tolist() == [f"{name}.csv" for name in TABLES]
    assert set(check.problems["row"]) == {2}
    assert set(check.problems["found"]) == {"the two made-up rows that kap new wrote (rows 2 and 3)"}


def test_as_a_made_up_study_it_has_none(blank):
    assert check_study(blank).ok


@pytest.mark.parametrize("name", sorted(set(TABLES) - {"diagnoses"}))
def test_rows_that_remain_among_others_are_found_by_themselves(tmp_path, name):
    header = ",".join(TABLES[name].columns) + "\n"
    folder = write_small_study(tmp_path / "study", {"study.toml": REAL})
    path = folder / f"{name}.csv"
    old = check_study(folder).study.tables[name]
    rows = "".join(
        ",".join("" if str(cell) == "nan" else str(cell) for cell in row) + "\n"
        for row in old[list(TABLES[name].columns)].astype(object).fillna("").itertuples(index=False)
    )
    path.write_text(header + rows + _written(name))
    n = len(old)
    assert list(check_study(folder).lines()) == [
        f"{name}.csv, row {n + 2}: found the two made-up rows that kap new wrote (rows {n + 2} and {n + 3}); expected "
        "rows of this study: delete what is made up"
        + (", or the file." if n == 0 and not TABLES[name].required else ".")
    ]


def test_a_row_that_could_be_a_patient_of_the_study_is_none_by_itself(tmp_path):
    """P001 with a major depression can be anybody: among other diagnoses it is taken for made up only beside others."""
    same = {"study.toml": REAL, "diagnoses.csv": DIAGNOSES + _written("diagnoses")}
    (first, second) = lines_of(tmp_path, same)
    assert "found the patient P001" in first and "found the patient P002" in second
    header = ",".join(TABLES["cohorts"].columns) + "\n"
    with_cohorts = {**same, "cohorts.csv": header + "G1,A,F1;F2,closed,3\nG2,B,F3,closed,3\n" + _written("cohorts")}
    assert [line.split(",")[0] for line in lines_of(tmp_path, with_cohorts)] == ["diagnoses.csv", "cohorts.csv"]


def test_a_changed_row_is_one_of_the_study(blank):
    for name in TABLES:
        path = blank / f"{name}.csv"
        header, *_ = path.read_text().splitlines()
        path.write_text(header + "\n")
    path = blank / "patients.csv"
    path.write_text(path.read_text() + _written("patients").splitlines()[0].replace(",41,", ",42,") + "\n")
    check = _say(blank, "real")
    assert check.ok
