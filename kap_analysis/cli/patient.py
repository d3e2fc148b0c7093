"""``kap patient``: one page about one patient, for the treatment team."""

from pathlib import Path
from typing import Annotated

import typer

from kap_analysis.cli.say import say


def patient(
    study: Annotated[Path, typer.Argument(help="The study folder.")],
    patient_id: Annotated[str, typer.Argument(help="The patient's code in patients.csv.")],
    out: Annotated[Path, typer.Option("--out", help="The page to write.")],
    similar: Annotated[
        bool, typer.Option("--similar", help="Add the range to be expected; needs 100 patients. No forecast.")
    ] = False,
) -> None:
    """Show one patient's scores, sessions, reliable change, last answer about suicide and adverse events."""
    from kap_analysis.review.patient_page import write_patient_page
    from kap_analysis.review.patient_review import review_patient
    from kap_analysis.study.load import load_study

    page = write_patient_page(review_patient(load_study(study), patient_id, similar=similar), out)
    say(f"Wrote {page}. It is about one person: for the treatment team only.", err=True)
