"""``kap review``: one practice on one page, with a confidential list for chart review beside it."""

from pathlib import Path
from typing import Annotated

import typer

from kap_analysis.cli.say import say


def review(
    study: Annotated[Path, typer.Argument(help="The study folder.")],
    out: Annotated[Path, typer.Option("--out", help="The page to write; the list is written beside it.")],
    practice: Annotated[
        str | None, typer.Option("--practice", help="As in patients.csv; not needed if there is one.")
    ] = None,
    period: Annotated[
        str | None, typer.Option("--period", help="Those who started in a quarter (2025-Q3) or a year (2025).")
    ] = None,
    compare: Annotated[
        str | None, typer.Option("--compare", help="previous, or another period to set beside it.")
    ] = None,
) -> None:
    """Review a practice: who was treated and lost, who got better and worse, safety, what to do next.

    The page has no id of a patient. The list beside it, chart_review_list.html, has: it is confidential. Beside a page
    of another name, NAME.html, it is NAME_chart_review_list.html.
    """
    from kap_analysis.review.practice_page import write_review
    from kap_analysis.review.practice_review import review_practice
    from kap_analysis.study.load import load_study

    found = review_practice(load_study(study), practice=practice, period=period, compare=compare)
    page, listed = write_review(found, out)
    say(found.paragraph)
    say(f"Wrote {page} and, confidential, {listed}.", err=True)
