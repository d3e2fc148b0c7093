"""Results are replaced as a whole or not at all, and only where they are ours."""

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest

from kap_analysis.errors import ReportError
from kap_analysis.report.staging import MANIFEST, hash_file, staged_folder
from kap_analysis.whole_folder import IN_USE


def write_results(folder: Path, text: str) -> None:
    (folder / "page.html").write_text(text)
    output = {"file": "page.html", "sha256": hash_file(folder / "page.html")}
    (folder / MANIFEST).write_text(json.dumps({"made_by": "kap_analysis", "outputs": [output]}))


def run(out: Path, text: str) -> None:
    with staged_folder(out) as staging:
        write_results(staging, text)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "results"


def beside(out: Path) -> list[str]:
    return sorted(p.name for p in out.parent.iterdir())


def test_a_second_run_replaces_the_first_and_leaves_nothing_beside(out):
    run(out, "one")
    run(out, "two")
    assert (out / "page.html").read_text() == "two"
    assert sorted(p.name for p in out.iterdir()) == [MANIFEST, "page.html"]
    assert beside(out) == ["results"]


def test_a_run_that_fails_leaves_the_previous_results_whole(out):
    run(out, "one")
    with pytest.raises(KeyboardInterrupt), staged_folder(out) as staging:
        (staging / "page.html").write_text("half")
        raise KeyboardInterrupt
    assert (out / "page.html").read_text() == "one"
    assert beside(out) == ["results"]


def test_stopped_between_the_two_renames_is_mended_at_the_next_run(out):
    run(out, "one")
    out.rename(out.with_name("results.old"))
    with pytest.raises(RuntimeError), staged_folder(out):
        assert (out / "page.html").read_text() == "one"
        raise RuntimeError
    assert (out / "page.html").read_text() == "one"


def test_stopped_before_the_old_results_were_removed_is_mended(out):
    run(out, "two")
    (old := out.with_name("results.old")).mkdir()
    write_results(old, "one")
    run(out, "three")
    assert (out / "page.html").read_text() == "three"
    assert beside(out) == ["results"]


class Killed(BaseException):
    """What ends a program as `kill -9` does: nothing of ours goes on after it."""


@pytest.mark.parametrize("what", ["unlink", "rmdir"])
@pytest.mark.parametrize("at", range(4))
def test_killed_while_the_old_results_were_removed_is_mended(out, monkeypatch, what, at):
    run(out, "one")
    removing, calls = getattr(Path, what), []

    def killed(path, *more, **how):
        if path.parent.name == "results.old" or path.name == "results.old":
            calls.append(path)
            if len(calls) > at:
                raise Killed
        return removing(path, *more, **how)

    with monkeypatch.context() as patch:
        patch.setattr(Path, what, killed)
        with suppress(Killed):
            run(out, "two")
    assert (out / "page.html").read_text() == "two"
    run(out, "three")
    assert (out / "page.html").read_text() == "three"
    assert beside(out) == ["results"]


def test_what_a_killed_run_left_half_built_goes(out):
    (staging := out.with_name("results.new")).mkdir()
    (staging / IN_USE).touch()
    (staging / "page.html").write_text("half")
    run(out, "one")
    assert beside(out) == ["results"]


def test_two_runs_at_once_do_not_mix(out):
    with staged_folder(out) as staging:
        sentence = f"Another run is writing {staging}; wait until it ends."
        with pytest.raises(ReportError, match=re.escape(sentence)), staged_folder(out):
            pass
        write_results(staging, "one")
    assert (out / "page.html").read_text() == "one"


def test_a_folder_that_is_not_ours_is_refused(out):
    out.mkdir()
    (out / "thesis.docx").touch()
    sentence = f"{out} was not written by kap reproduce, so it is left alone; choose another folder with --out."
    with pytest.raises(ReportError, match=re.escape(sentence)):
        run(out, "one")
    assert beside(out) == ["results"]


def test_results_in_which_someone_keeps_a_file_are_refused(out):
    run(out, "one")
    (out / "notes.txt").touch()
    (out / ".DS_Store").touch()
    sentence = (
        f"{out} also holds 1 file that kap reproduce did not write (notes.txt); "
        "move them away, or choose another folder with --out."
    )
    with pytest.raises(ReportError, match=re.escape(sentence)):
        run(out, "two")
    assert (out / "page.html").read_text() == "one"


def test_a_file_and_a_foreign_neighbour_are_refused(out):
    out.touch()
    with pytest.raises(ReportError, match=re.escape(f"{out} is a file; choose another folder with --out.")):
        run(out, "one")
    out.unlink()
    (out.with_name("results.new")).mkdir()
    (out.with_name("results.new") / "mine.txt").touch()
    with pytest.raises(ReportError, match=r"results.new is in the way and was not written by kap; move it away."):
        run(out, "one")


def test_a_page_that_somebody_edited_is_not_overwritten(out):
    run(out, "one")
    (out / "page.html").write_text("my own words")
    sentence = (
        f"{out} holds 1 file that changed after kap reproduce wrote it (page.html); give --replace-changed (in "
        "Python replace_changed=True) to lose what changed, or choose another folder with --out."
    )
    with pytest.raises(ReportError, match=re.escape(sentence)):
        run(out, "two")
    with staged_folder(out, replace_changed=True) as staging:
        write_results(staging, "two")
    assert (out / "page.html").read_text() == "two"


@pytest.mark.parametrize("manifest", ["[]", "7", '{"made_by": "kap_analysis", "outputs": 3}', "\x00", '{"made_by": 1}'])
def test_a_manifest_in_another_shape_is_not_ours(out, manifest):
    run(out, "one")
    (out / MANIFEST).write_text(manifest)
    with pytest.raises(ReportError, match="was not written by kap reproduce"):
        run(out, "two")


def test_the_root_of_the_disk_is_refused():
    with pytest.raises(ReportError, match="is the root of the disk; name a folder of its own"), staged_folder("/"):
        pass


def test_an_empty_folder_is_used(out):
    out.mkdir()
    run(out, "one")
    assert (out / "page.html").read_text() == "one"
