"""``kap demo``: the notebooks and the simulated study, laid out in a folder of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from kap_analysis.cli.say import say


def demo(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")]) -> None:
    """Lay out the notebooks and the simulated study in a new folder."""
    from kap_analysis.report.shipped import STUDY_NAME, lay_out_demo

    made = lay_out_demo(folder)
    say(f"Notebooks: {made / 'notebooks'}")
    say(f"Simulated study: {made / 'data' / STUDY_NAME}")
