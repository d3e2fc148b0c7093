"""The README says what the package says, and its commands exist."""

import re
import shlex
from pathlib import Path

import pytest

import kap_analysis as kap

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_answer_in_the_readme_is_the_one_that_the_package_gives():
    study = kap.load_study(ROOT / "data" / "three_practices")
    comparison = kap.compare_formats_provisionally(study.outcomes(), study.settings.primary_visit)
    quoted = README.split("/answer -->")[0].split("<!-- answer")[1]
    assert f"> {comparison.answer}\n" in quoted
    assert comparison.paragraph.split(" Variances:")[0].removeprefix(comparison.answer).strip() in quoted


def test_the_python_of_the_readme_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", README, re.S):
        exec(compile(block, "README.md", "exec"), names)
    assert "Observed" in repr(names["table"]) or names["table"] is not None
    assert len(names["figure"].axes) >= 1


def test_every_make_target_and_file_that_the_readme_names_exists():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    named = {shlex.split(line)[1] for line in re.findall(r"make [a-z-]+", README)}
    assert named - {"and"} <= set(targets), named - set(targets)
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / link).exists(), link
