"""The command line: quick to help, one line for a failure, exit codes 0, 1 and 2."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from kap_analysis.cli import main
from kap_analysis.errors import AnalysisError, InstrumentError, ReportError, StudyError
from kap_analysis.instruments.registry import registry_names


def kap(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kap_analysis", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def kap_here(monkeypatch, capsys, tmp_path):
    """The same in this process, for verbs of which nothing but their words and exit code is asked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(main.signal, "signal", lambda *_: None)

    def run(*arguments: str) -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", ["kap", *arguments])
        with pytest.raises(SystemExit) as ended:
            main.run()
        told = capsys.readouterr()
        return SimpleNamespace(returncode=ended.value.code or 0, stdout=told.out, stderr=told.err)

    return run


def test_help_lists_the_verbs_and_answers_in_well_under_a_second():
    began = os.times()
    done = kap("--help")
    ended = os.times()
    spent = ended.children_user + ended.children_system - began.children_user - began.children_system
    assert spent < 1
    assert done.returncode == 0
    assert [
        verb for verb in ("validate", "new", "simulate", "reproduce", "demo") if f"  {verb} " not in done.stdout
    ] == []


def test_help_imports_no_room():
    program = "import sys; import kap_analysis.cli.main; print([m for m in ('pandas', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pandas" not in done.stdout


def test_the_shell_lists_every_name_that_data_may_use(kap_here):
    names = list(registry_names())
    lines = kap_here("instruments").stdout.splitlines()
    assert [line.split("  ")[0] for line in lines[1:]] == names
    assert [one["name"] for one in json.loads(kap_here("instruments", "--json").stdout)] == names


def test_an_unknown_verb_is_misuse():
    done = kap("reproduc")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StudyError("x"), 1),
        (AnalysisError("x"), 1),
        (ReportError("x"), 2),
        (InstrumentError("x"), 2),
        (KeyError("x"), None),
    ],
)
def test_what_failed_decides_the_exit_code(error, code):
    assert main._exit_code(error) == code


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file or directory", "plan.toml"), "at plan.toml; check its name.\n"),
        (OSError(28, "No space left on device", "out"), "at out; nothing was left half written.\n"),
    ],
)
def test_what_the_disk_says_ends_in_one_line(kap_here, monkeypatch, error, said):
    def fail() -> None:
        raise error

    monkeypatch.setattr(main, "app", fail)
    done = kap_here("validate")
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.endswith(said)


def test_a_folder_that_is_not_ours_is_one_line_and_exit_2(kap_here, tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "mine.txt").touch()
    done = kap_here("reproduce")
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("kap: ") and line.endswith(
        "was not written by kap reproduce, so it is left alone; choose another folder with --out."
    )


def test_the_demo_is_laid_out_once(kap_here, tmp_path):
    done = kap_here("demo", "d")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"Notebooks: {Path('d', 'notebooks')}",
        f"Simulated study: {Path('d', 'data', 'three_practices')}",
    ]
    assert (tmp_path / "d" / "data" / "three_practices" / "study.toml").is_file()
    assert (tmp_path / "d" / "notebooks" / "00_quickstart.ipynb").is_file()
    again = kap_here("demo", "d")
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == "kap: d is not empty; name a new folder, so that nothing of yours is overwritten.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_has_the_exit_code_of_the_shell(number, code):
    """Of any verb: its work is a wait here, so that it is stopped while it runs."""
    program = f"""
import os, sys, time
from kap_analysis.cli import main
sys.argv = ["kap", "wait"]
@main.app.command()
@main._stoppable
def wait() -> None:
    os.kill(os.getpid(), {int(number)})
    time.sleep(60)
main.run()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == "kap: stopped; what was there is as it was.\n"


def test_every_verb_is_stoppable():
    commands = [*main.app.registered_commands, *main.pool.registered_commands]
    assert [one.callback.__name__ for one in commands if not hasattr(one.callback, "__wrapped__")] == []
