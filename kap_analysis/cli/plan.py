"""``kap plan``: the analysis plan of a study, drafted from its settings and written before the results."""

from pathlib import Path
from typing import Annotated

import typer

from kap_analysis.cli.say import say


def plan(
    study: Annotated[Path, typer.Argument(help="The study folder.")],
    replace: Annotated[bool, typer.Option("--replace", help="Draft anew over the plan.toml that is there.")] = False,
) -> None:
    """Draft plan.toml in a study folder, and print the Methods paragraph that it implies.

    Where there is a plan.toml already, it is read, checked beside the study and left as it is. Nothing in a draft
    depends on a score.
    """
    from kap_analysis.analysis.model.methods_section import methods_paragraph
    from kap_analysis.analysis.model.plan import draft_plan, plan_to_toml
    from kap_analysis.analysis.model.plan_entries import not_recorded
    from kap_analysis.analysis.model.plan_file import FILE_NAME, study_plan
    from kap_analysis.study.load import load_study
    from kap_analysis.whole_folder import write_whole_file

    if not study.is_dir():
        what = "a file" if study.exists() else "nothing"
        say(f"kap: found {what} at {study}; expected a study folder.", err=True)
        raise typer.Exit(2)
    path = study / FILE_NAME
    if path.is_file() and not replace:
        loaded = load_study(study)
        found = study_plan(loaded)
        if absent := not_recorded(found, loaded):
            say(f"Not recorded in this study, so the model cannot be adjusted for it: {', '.join(absent)}.", err=True)
        say(f"{path} stands as it is (hash {found.hash[:12]}); --replace drafts it anew.", err=True)
    else:
        found = draft_plan(load_study(study))
        write_whole_file(path, plan_to_toml(found))
        say(f"Wrote {path} (hash {found.hash[:12]}). Read it, change it, and keep it: results name it.", err=True)
    say(methods_paragraph(found))
