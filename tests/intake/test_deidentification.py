"""What a report on identifiers says: counts of one, empty columns, with and without Presidio, cloud folders."""

import importlib.machinery
import sys
from types import ModuleType, SimpleNamespace

import pytest

from kap_analysis.intake.cloud_folders import cloud_warning
from kap_analysis.intake.deidentification import check_identifiers
from kap_analysis.intake.identification import named_by_presidio
from kap_analysis.intake.identification.named_by_presidio import installed_model, n_names


@pytest.fixture
def words(tmp_path):
    (tmp_path / "a.csv").write_text("id,mood,note\n1,calm,\n2,baker,\n3,tense,\n", encoding="utf-8")
    return tmp_path


class Analyzer:
    """Takes every baker for a person."""

    def __init__(self, nlp_engine: str, supported_languages: list[str]) -> None:
        assert nlp_engine == "en_core_web_sm" and supported_languages == ["en"]

    def analyze(self, text: str, language: str, entities: list[str]) -> list[str]:
        assert entities == ["PERSON"], "the recognisers of web and mail addresses fetch a list from the web"
        return ["PERSON"] if "baker" in text else []


class Provider:
    def __init__(self, nlp_configuration: dict[str, object]) -> None:
        self.model = nlp_configuration["models"][0]["model_name"]

    def create_engine(self) -> str:
        return self.model


@pytest.fixture
def presidio(monkeypatch):
    for name, content in (
        ("spacy", {}), ("presidio_analyzer", {"AnalyzerEngine": Analyzer}),
        ("presidio_analyzer.nlp_engine", {"NlpEngineProvider": Provider}),
    ):  # fmt: skip
        module = ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        for key, value in content.items():
            setattr(module, key, value)
        monkeypatch.setitem(sys.modules, name, module)
    models = [SimpleNamespace(name=name) for name in ("de_core_news_sm", "en_core_web_sm", "en_core_web_trf")]
    monkeypatch.setattr(named_by_presidio, "entry_points", lambda group: models)
    named_by_presidio._asker.cache_clear()
    yield
    named_by_presidio._asker.cache_clear()


def test_without_presidio_the_report_says_so(words, monkeypatch):
    monkeypatch.setattr(named_by_presidio, "find_spec", lambda name: None)
    checked = check_identifiers(words)
    assert checked.found.empty
    assert checked.paragraph == (
        "Nothing in 3 columns looks like an identifier of a person. 1 column holds words; a surname alone among words "
        "cannot be told from a word. Presidio and its language model are not installed; they would look for names "
        "among them too."
    )
    assert checked.trusted.set_index("column")["why"]["note"] == "it is empty"


def test_presidio_finds_a_surname_among_words(words, presidio):
    checked = check_identifiers(words)
    assert checked.found[["column", "kind", "n_values"]].to_numpy().tolist() == [["mood", "name", 1]]
    assert "1 of 3 columns and names of files looks like an identifier of a person." in checked.paragraph


def test_presidio_without_a_model_is_not_asked(presidio, monkeypatch):
    assert installed_model() == "en_core_web_sm"
    monkeypatch.setattr(named_by_presidio, "entry_points", lambda group: [])
    assert installed_model() == "", "Presidio would fetch one from the web"


def test_a_few_names_among_many_words_are_no_column_of_names(presidio):
    assert n_names(["baker", *["calm"] * 4], "en_core_web_sm") == 1
    assert n_names(["baker", *["calm"] * 5], "en_core_web_sm") == 0


@pytest.mark.parametrize(("folder", "service"), [
    ("OneDrive - Clinic", "OneDrive"), ("Dropbox (Personal)", "Dropbox"),
    ("Mobile Documents/com~apple~CloudDocs", "iCloud"), ("CloudStorage/GoogleDrive-a/My Drive", "Google Drive"),
])  # fmt: skip
def test_a_folder_that_is_copied_to_a_cloud_service_is_told(tmp_path, folder, service):
    assert cloud_warning([tmp_path / folder / "export.csv"]).startswith(f"Warning: a path lies in {service}, ")
    assert cloud_warning([tmp_path / "export.csv"]) == ""


@pytest.mark.parametrize(("ages", "said"), [
    ((30, 30, 30, 31), "the smallest class has 1 patient; 4 patients are in classes of fewer than 5."),
    ((30,) * 5 + (31,), "the smallest class has 1 patient; 1 patient is in classes of fewer than 5."),
])  # fmt: skip
def test_counts_of_one(tmp_path, ages, said):
    (tmp_path / "study.toml").write_text('title = "T"\n', encoding="utf-8")
    lines = "".join(f"P{n},{age}\n" for n, age in enumerate(ages))
    (tmp_path / "patients.csv").write_text("patient_id,age\n" + lines, encoding="utf-8")
    assert f"Patients who are alike in age: {said}" in check_identifiers(tmp_path).paragraph


def test_a_column_of_the_study_s_own_makes_patients_differ_too(tmp_path):
    (tmp_path / "study.toml").write_text('title = "T"\n', encoding="utf-8")
    lines = "".join(f"P{n},{30 if n else 40}\n" for n in range(6))
    (tmp_path / "patients.csv").write_text("patient_id,decade\n" + lines, encoding="utf-8")
    checked = check_identifiers(tmp_path)
    assert "Patients who are alike in decade: the smallest class has 1 patient" in checked.paragraph
    assert checked.steps["step"].tolist() == ["as it is", "without decade"]
