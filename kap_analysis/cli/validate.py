"""``kap validate``: a study folder against its contract, and what it can and cannot answer."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from kap_analysis.cli.say import say, say_json, write_problems


class Purpose(StrEnum):
    """What the study is read for."""

    care = "care"
    research = "research"


def validate(
    path: Annotated[Path, typer.Argument(help="The study folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
    table: Annotated[
        Path | None,
        typer.Option("--problems", help="A CSV file for all problems; the shell shows the first hundred lines."),
    ] = None,
    purpose: Annotated[Purpose, typer.Option(help="research leaves out patients without consent.")] = Purpose.care,
) -> None:
    """Check a study folder: every problem with file, row and column; exit 0 if there is none, 1 if there are.

    It ends with what this study can and cannot answer.
    """
    from kap_analysis.study.load import check_study

    if not path.is_dir():
        what = "a file" if path.exists() else "nothing"
        say(f"kap: found {what} at {path}; expected a study folder.", err=True)
        raise typer.Exit(2)
    check = check_study(path, purpose=purpose.value)
    if table is not None:
        write_problems(check.problems, table)
    if as_json:
        say_json(_report(check))
    else:
        _echo_lines(check)
    raise typer.Exit(0 if check.ok else 1)


def _report(check: Any) -> dict[str, Any]:
    return {
        "ok": check.ok,
        "n_problems": len(check.problems),
        "problems": check.problems.to_dict("records"),
        "notes": list(check.notes),
        "answers": check.answers.to_dict("records"),
    }


def _echo_lines(check: Any) -> None:
    from kap_analysis.study.answerable import answer_lines
    from kap_analysis.writing.numbers import plural

    for line in check.lines():
        say(line)
    for note in check.notes:
        say(f"note: {note}")
    if check.study is None:
        n = len(check.problems)
        all_of_them = "; --problems FILE.csv writes every one" if n > len(check.lines()) else ""
        say(f"{plural(n, 'problem')}{all_of_them}; what the study can answer is told once there are none.")
        return
    study = check.study
    say(
        f"{study.settings.title}: {plural(len(study.patients), 'patient')}, {plural(len(study.sessions), 'session')}, "
        f"{plural(len(study.assessments), 'assessment')}; no problems."
    )
    for line in answer_lines(check.answers):
        say(line)
