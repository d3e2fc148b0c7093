"""What a run over a public study adds: the report on what was withheld, and a last look at every byte."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
from jinja2 import Environment, FileSystemLoader

from kap_analysis.columns import PATIENT_ID
from kap_analysis.disclosure.attack import Attack, attack_frames
from kap_analysis.disclosure.gate import Released
from kap_analysis.disclosure.policy import MINIMUM_COUNT, POLICY_LINK, POLICY_NAME, TOTAL_LEVEL
from kap_analysis.disclosure.published import decide
from kap_analysis.errors import ReportError
from kap_analysis.report.file_text import text_parts
from kap_analysis.report.notebook_page import TEMPLATES, read_style
from kap_analysis.study.outcome_frames.populations import ANALYSED
from kap_analysis.study.study import Study
from kap_analysis.writing.escapes import visible
from kap_analysis.writing.numbers import count, plural
from kap_analysis.writing.sentences import join_words

REPORT: Final = "sharing_report.html"
#: Columns of a study that name a person, a therapy group or an appointment; values of some are lists.
ID_COLUMNS: Final = (PATIENT_ID, "session_id", "cohort_id", "facilitator_id", "facilitator_ids")
SEPARATORS: Final = re.compile(r"[;,|\s]+")
#: An id is looked for if it cannot be an ordinary number or word: letters and digits, four characters or more.
TELLING: Final = re.compile(r"(?=.*\d)(?=.*[A-Za-z]).{4,}|\d{6,}")
WORD: Final = re.compile(rb"[\w-]{4,}")


@dataclass(frozen=True, slots=True)
class Searched:
    """The last look: how many files, for how many ids; ids that are too short to be told from other words."""

    n_files: int
    n_ids: int
    n_too_short: int


def check_enough_to_share(study: Study) -> None:
    """Stop before anything is run where no patients can be told apart from others: both parts need 11 or more.

    Raises
    ------
    ReportError
        If fewer than 22 patients are analysed.
    """
    rows = study.populations().set_index(["population", "format"])["n"]
    n = int(rows[ANALYSED, TOTAL_LEVEL])
    if n < 2 * MINIMUM_COUNT:
        raise ReportError(
            f"{plural(n, 'patient')} of this study can be analysed (a baseline and a later score); sharing needs "
            f"{2 * MINIMUM_COUNT} or more. A count is shown only if {MINIMUM_COUNT} or more are in it and as many are "
            "not, so of these nearly everything would be withheld. Nothing was run or written. For the practice's own "
            'eyes say visibility = "private" in study.toml and use kap reproduce.'
        )


def search_files(study: Study, folder: Path) -> Searched:
    """Look for ids, and for the place of the study on this computer, in every file of a results folder.

    Raises
    ------
    ReportError
        If one is found. It names the file and not what was found.
    """
    ids = study_ids(study)
    telling = {one.encode() for one in ids if TELLING.fullmatch(one)}
    place = str(study.path.resolve()).encode()
    files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    for path in files:
        for part in text_parts(path):
            words = set(WORD.findall(part))
            if telling & words or (len(place) > 4 and place in part):
                what = "an id of the study" if telling & words else "the path of the study"
                raise ReportError(
                    f"{path.relative_to(folder).as_posix()} holds {what}, so nothing was written. "
                    "Look for it in the notebooks, in study.toml and in plan.toml."
                )
    return Searched(len(files), len(telling), len(ids) - len(telling))


def study_ids(study: Study) -> set[str]:
    """Every id of a patient, session, cohort or facilitator."""
    found: set[str] = set()
    for table in study.tables.values():
        for column in [c for c in ID_COLUMNS if c in table.columns]:
            for value in table[column].dropna().astype("str").unique():
                found |= set(SEPARATORS.split(value)) if column == "facilitator_ids" else {value}
    return found - {""}


def write_sharing_report(study: Study, folder: Path, released: list[Released]) -> Path:
    """Write what was published, withheld and rounded, and what an attack on all of it found.

    Raises
    ------
    ReportError
        If the attack finds a count of 1 to 10, or a file holds an id: then nothing may be shared.
    """
    tried = attack_frames(pair for one in released for pair in one.frames)
    if tried.n_found:
        names = [one.result for one in released for _ in one.frames]
        raise ReportError(
            f"{plural(tried.n_found, 'count')} of 1 to {MINIMUM_COUNT - 1} could be worked out from the results "
            f"({join_words(dict.fromkeys(names[place] for place in tried.found_in))}), so nothing was written. Share "
            "fewer of them: name a folder with the notebooks that you need (--notebooks); or wait until more patients "
            "have started. And please report this: it is a fault of the program."
        )
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    page = environment.get_template("sharing.html.j2").render(
        style=read_style(),
        title=study.settings.title,
        policy=POLICY_NAME, policy_link=POLICY_LINK, minimum=MINIMUM_COUNT,
        published=_published_rows(study),
        withheld=_withheld_rows(released),
        attack=_in_words(tried),
        searched=_searched_in_words(search_files(study, folder)),
    )  # fmt: skip
    path = folder / REPORT
    path.write_text(visible(page), encoding="utf-8", newline="\n")
    return path


def _published_rows(study: Study) -> list[dict[str, str]]:
    frame = decide(study.populations()).to_frame()
    numbers = [count(n) if n == n else "withheld" for n in frame["n"].to_numpy(float)]
    named = zip(frame["population"].astype("str"), frame["format"].astype("str"), numbers, strict=True)
    return [{"population": population, "format": name, "n": n} for population, name, n in named]


def _withheld_rows(released: list[Released]) -> list[dict[str, str]]:
    """One line per result, frame and column: which rows would tell what occurred."""
    log = [one.withheld.assign(result=one.result) for one in released if len(one.withheld)]
    if not log:
        return []
    frame = pd.concat(log)[["result", "frame", "column", "why"]].drop_duplicates()
    ordered = frame.sort_values(["result", "frame", "column"]).astype("str")
    return [dict(zip(ordered.columns, row, strict=True)) for row in ordered.itertuples(index=False, name=None)]


def _in_words(tried: Attack) -> str:
    return (
        f"{plural(tried.n_frames, 'frame')} of results were held together, with {plural(tried.n_shown, 'count')} shown "
        f"and {count(tried.n_withheld)} withheld or left over, and {plural(tried.n_sums, 'sum')} that hold between "
        "them. Linear programming asked of every withheld count whether it can be 0; of every withheld number of "
        f"patients it was tried which others suit the {plural(tried.n_means, 'mean')} that are shown. "
        f"None of 1 to {MINIMUM_COUNT - 1} was found."
    )


def _searched_in_words(done: Searched) -> str:
    short = f" {plural(done.n_too_short, 'id')} are numbers or words too short to look for." if done.n_too_short else ""
    return (
        f"{plural(done.n_files, 'file')} were searched, PDF and Word inside too, for {plural(done.n_ids, 'id')} of "
        f"patients, sessions, cohorts and clinicians, and for the place of the study. None was found.{short}"
    )
