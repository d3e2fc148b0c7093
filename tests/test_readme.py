"""The README says what the package says, and its commands exist."""

import re
import runpy

from tests.places import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_of_the_readme_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", README, re.S):
        exec(compile(block, "README.md", "exec"), names)
    assert "BDI-II" in names["table"].to_markdown()
    assert len(names["figure"].axes) >= 1


def test_every_make_target_and_file_that_the_readme_names_exists():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    named = {line.split()[1] for line in re.findall(r"(?m)(?:^|`)make [a-z-]+", README)}
    assert named <= set(targets), sorted(named - set(targets))
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_the_answer_and_the_picture_are_those_that_notebook_00_keeps():
    renew = runpy.run_path(str(ROOT / "tests" / "readme_answer.py"))
    answer, picture = renew["kept_by_the_quickstart"]()
    assert renew["BLOCK"].findall(README) == [answer], "renew it by `make notebooks`"
    assert renew["PICTURE"].read_bytes() == picture, "renew it by `make notebooks`"
