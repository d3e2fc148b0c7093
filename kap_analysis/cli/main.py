"""``kap``: one file a verb, each of which imports its room when it runs."""

import signal
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import typer

from kap_analysis.cli.deidentify import deidentify
from kap_analysis.cli.demo import demo
from kap_analysis.cli.fit import fit
from kap_analysis.cli.import_study import import_study
from kap_analysis.cli.instruments import instruments
from kap_analysis.cli.map import map
from kap_analysis.cli.new import new
from kap_analysis.cli.patient import patient
from kap_analysis.cli.plan import plan
from kap_analysis.cli.pool import pool
from kap_analysis.cli.power import power
from kap_analysis.cli.reproduce import reproduce
from kap_analysis.cli.review import review
from kap_analysis.cli.say import say
from kap_analysis.cli.share import share
from kap_analysis.cli.simulate import simulate
from kap_analysis.cli.stop import stop, stopped_by, stopped_code
from kap_analysis.cli.validate import validate


def _stoppable(verb: Callable[..., None]) -> Callable[..., None]:
    """Ctrl-C and SIGTERM end a verb in one sentence: every verb writes all of its files or none."""

    @wraps(verb)
    def stopped_in_one_sentence(*args: Any, **options: Any) -> None:
        try:
            verb(*args, **options)
        except (typer.Exit, SystemExit):
            raise
        except BaseException as error:
            if stopped_by or isinstance(error, KeyboardInterrupt):
                _say_stopped()
            raise

    return stopped_in_one_sentence


def _say_stopped() -> None:
    say("kap: stopped; what was there is as it was.", err=True)
    raise SystemExit(stopped_code()) from None


app = typer.Typer(
    name="kap",
    help="Group versus individual ketamine-assisted psychotherapy: check a study, run its analysis, read its results. "
    "Everything runs on this computer and sends nothing.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (validate, new, plan, power, simulate, reproduce, share, review, patient, demo, fit, instruments):
    app.command()(_stoppable(verb))
app.command()(_stoppable(map))
app.command()(_stoppable(deidentify))
app.command("import")(_stoppable(import_study))
for command in pool.registered_commands:
    command.callback = _stoppable(command.callback) if command.callback else None
app.add_typer(pool)


@app.callback(invoke_without_command=True)
def _options(version: bool = typer.Option(False, "--version", help="Show the version and exit.")) -> None:
    if version:
        from kap_analysis.version import __version__

        say(__version__)
        raise typer.Exit


def run() -> None:
    """Run the command line: what the package has to say about a failure is one line on standard error.

    Exit codes: 0 all is well, 1 problems were found in the data or an answer cannot be given, 2 misuse; 130 after
    Ctrl-C, 143 after SIGTERM.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        app()
    except KeyboardInterrupt:
        _say_stopped()
    except OSError as error:
        place = f" at {error.filename}" if error.filename else ""
        end = "check its name" if isinstance(error, FileNotFoundError) else "nothing was left half written"
        say(f"kap: {error.strerror or error}{place}; {end}.", err=True)
        raise SystemExit(2) from None
    except Exception as error:
        code = _exit_code(error)
        if code is None:
            raise
        say(f"kap: {error}", err=True)
        raise SystemExit(code) from None


def _exit_code(error: Exception) -> int | None:
    """1 for what the data do not allow, 2 for what was asked wrongly, None for what nobody foresaw."""
    from kap_analysis.errors import AnalysisError, KapError, StudyError
    from kap_analysis.mixed.errors import MixedModelError

    if isinstance(error, (StudyError, AnalysisError, MixedModelError)):
        return 1
    return 2 if isinstance(error, KapError) else None
