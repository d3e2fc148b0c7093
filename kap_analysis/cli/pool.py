"""``kap pool``: several practices, one analysis, and no row of a patient leaves a practice."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kap_analysis.cli.say import say

pool = typer.Typer(
    name="pool",
    help="Compare the formats over practices that do not pool their rows. The coordinator starts an exchange and sends "
    "each request; every practice answers with masked sums over all of its patients; after about ten rounds the result "
    "is that of pooled rows. See docs/without_pooling.md.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@pool.command()
def start(
    folder: Annotated[Path, typer.Argument(help="A new folder for the exchange; the coordinator keeps it.")],
    study: Annotated[Path, typer.Option("--study", help="A study folder, whose plan is taken; no score is used.")],
    practices: Annotated[str, typer.Option("--practices", help="Names of the practices, with commas: A,B,C.")],
    question: Annotated[str, typer.Option("--question", help="primary, or trajectory.")] = "primary",
    two_stage: Annotated[
        bool, typer.Option("--two-stage/--no-two-stage", help="Whether practices also give their own estimates.")
    ] = True,
) -> None:
    """Begin an exchange: write the first request."""
    from kap_analysis.pooling.exchange_folder import start_exchange
    from kap_analysis.pooling.practices import make_pooling_plan
    from kap_analysis.study.load import load_study

    plan = make_pooling_plan(load_study(study), question=question, two_stage=two_stage)
    waiting = start_exchange(folder, plan, practices.split(","))
    say(f"Wrote {waiting.path}. Send it to {', '.join(waiting.missing)}; each answers with: kap pool answer")


@pool.command()
def answer(
    request: Annotated[Path, typer.Argument(help="The request that the coordinator sent.")],
    study: Annotated[Path, typer.Option("--study", help="The study folder of the practice.")],
    practice: Annotated[str, typer.Option("--practice", help="Which practice answers.")],
    out: Annotated[Path | None, typer.Option("--out", help="The file to write; default: beside the request.")] = None,
    secret: Annotated[Path | None, typer.Option("--secret", help="The secret; default: beside the study.")] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Answer although another exchange over this study was answered: see docs."),
    ] = False,
) -> None:
    """Answer a request with sums over all patients of a practice."""
    from kap_analysis.pooling.answering import GIVEN_BEFORE, answer_request
    from kap_analysis.pooling.exchange_folder import answer_name
    from kap_analysis.pooling.messages import read_request, write_answer
    from kap_analysis.pooling.practice_secret import note_given, read_given, read_secret, secret_path
    from kap_analysis.study.load import load_study

    asked, loaded, beside = read_request(request), load_study(study), secret_path(study, practice)
    kept = secret or beside
    own = read_secret(kept, asked, practice)
    given = read_given(kept, practice, *([] if kept.absolute() == beside else [beside]))
    found = answer_request(asked, loaded, practice=practice, secret=own, given=given, again=again)
    note_given(kept, asked, found, again=again)
    target = out or request.parent / answer_name(asked.round, practice, asked.practices)
    write_answer(target, found)
    if found.content.get("own") == GIVEN_BEFORE:
        say(
            "Without its own estimate, which is not masked: it gave one before, of other rows or by another plan. To "
            "give it all the same, answer with --again."
        )
    others = ", ".join(name for name in asked.practices if name != practice)
    say(f"Wrote {target} (round {asked.round}, {asked.step}; with {others}). Send it to the coordinator.")


@pool.command(name="next")
def next_round(
    folder: Annotated[Path, typer.Argument(help="The folder of the exchange.")],
    answers: Annotated[list[Path] | None, typer.Argument(help="Answers that arrived elsewhere.")] = None,
    without: Annotated[str | None, typer.Option("--without", help="Begin anew without this practice.")] = None,
) -> None:
    """Take in answers, and write the next request, or the result."""
    from kap_analysis.pooling.exchange_folder import Waiting, open_exchange
    from kap_analysis.pooling.pooled_comparison import save_result

    exchange = open_exchange(folder)
    if without is not None:
        exchange = exchange.without(without)
        say(f"Practice {without} is left out; the rest begin anew, and the rounds before are set aside.")
        say(
            f"Warning: the totals before and after differ by practice {without} alone. Who has both can subtract them, "
            "and has its sums. A practice that has sent sums before decides on that: kap pool answer --again",
            err=True,
        )
    for told in exchange.take_in(answers or []):
        say(told)
    found = exchange.advance()
    if isinstance(found, Waiting):
        _tell(found, folder)
        return
    say(found.paragraph)
    say(f"Wrote {save_result(found, folder)}.", err=True)


@pool.command()
def status(folder: Annotated[Path, typer.Argument(help="The folder of the exchange.")]) -> None:
    """Who has answered what, and what is awaited."""
    from kap_analysis.pooling.exchange_folder import open_exchange
    from kap_analysis.pooling.pooled_comparison import RESULT

    exchange = open_exchange(folder)
    for request in exchange.requests():
        there = [name for name in exchange.practices if exchange.answer(request, name) is not None]
        missing = [name for name in exchange.practices if name not in there]
        words = f"missing: {', '.join(missing)}" if missing else "all answers are here"
        say(f"round {request.round}, {request.step}: {words}")
    for name in exchange.left_out:
        say(f"left out by decision: {name}")
    done = (folder / RESULT).is_dir()
    say(f"The result is in {folder / RESULT}." if done else f"Go on with: kap pool next {folder}")


def _tell(waiting: Any, folder: Path) -> None:
    who = ", ".join(waiting.missing)
    say(
        f"Round {waiting.request.round} ({waiting.request.step}) waits for {who}: send {waiting.path}. "
        f"If a practice drops out, decide: kap pool next {folder} --without NAME"
    )
