"""``index.html``: the page that a reader sees first, made from the results of the notebooks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader

from kap_analysis.figures.page.alternative_text import short_text
from kap_analysis.report import headline
from kap_analysis.report.first_look import Answer, answer_in_words, make_strip, make_tiles
from kap_analysis.report.notebook_page import TEMPLATES, read_style
from kap_analysis.report.results_folder import NUMBERED
from kap_analysis.report.versions import list_versions
from kap_analysis.writing.escapes import visible
from kap_analysis.writing.numbers import count, plural
from kap_analysis.writing.sentences import join_words

KINDS: Final = {"html": "HTML", "csv": "CSV", "md": "Markdown", "tex": "LaTeX", "docx": "Word"}
LIMITS: Final = (
    "Whether ketamine or therapy caused the change: there is no control group without them.",
    "Whether the format caused a difference, unless patients were randomised: adjustment covers only recorded "
    "characteristics.",
    "How patients who were not assessed are doing: of {started} who started, {lost} lack a score at baseline or at "
    "{when}.",
)


@dataclass(frozen=True, slots=True)
class AboutStudy:
    """The banner of a study: title, visibility, data, and what the visibility means."""

    title: str
    banner: str
    data: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class NotebookEntry:
    """An executed notebook on the index page: its question, its short answer, its files."""

    name: str
    title: str
    page: str
    file: str
    answer: str = ""


def write_index(
    folder: Path,
    *,
    about: AboutStudy,
    contents: Mapping[str, Mapping[str, Any]],
    notebooks: Sequence[NotebookEntry],
    inputs: Sequence[Mapping[str, Any]],
    outputs: Sequence[Mapping[str, Any]],
    explorer: str = "",
) -> Path:
    """Write ``index.html`` into a results folder.

    Parameters
    ----------
    folder : path
    about : AboutStudy
    contents : mapping
        ``figures``, ``tables`` and ``facts``, from ``read_contents``.
    notebooks : sequence of NotebookEntry
    inputs, outputs : sequence of mapping
        With ``file`` and ``sha256``.
    explorer : str
        The file in which single patients can be looked at; empty where there is none.
    """
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    environment.filters["short"] = short_text
    facts, versions = contents.get("facts", {}), list_versions()
    page = environment.get_template("index.html.j2").render(
        style=read_style(),
        title=about.title,
        banner=about.banner,
        data=about.data,
        overview=_overview(notebooks, contents),
        answer=_answer(facts, notebooks),
        first=notebooks[0] if notebooks else None,
        tiles=make_tiles(facts),
        strip=make_strip(facts),
        limits=what_it_cannot_tell(facts),
        sections=_sections(notebooks, contents),
        figure_types=_file_types(contents, "figures"),
        table_types=_file_types(contents, "tables"),
        explorer=explorer,
        made=f"Made by kap reproduce (kap_analysis {versions['kap-analysis']}) from {plural(len(inputs), 'file')}.",
        files=[*inputs, *outputs],
        versions=versions,
    )
    path = folder / "index.html"
    path.write_text(visible(page.rstrip()) + "\n", encoding="utf-8", newline="\n")
    return path


def what_it_cannot_tell(facts: Mapping[str, Any]) -> list[str]:
    """Three lines on what cannot be concluded."""
    started, assessed = facts.get(headline.STARTED), facts.get(headline.ASSESSED, {})
    n, when = assessed.get("n"), assessed.get("when", "the primary visit")
    if started is None or n is None:
        return [*LIMITS[:2], "How patients who were not assessed are doing."]
    return [*LIMITS[:2], LIMITS[2].format(started=count(started), lost=count(started - n), when=when)]


def _answer(facts: Mapping[str, Any], notebooks: Sequence[NotebookEntry]) -> Answer:
    """The answer in words; where the formats were not compared, what the first notebook says instead."""
    answer = answer_in_words(facts)
    return answer if answer.words or not notebooks else Answer((notebooks[0].answer,))


def _overview(notebooks: Sequence[NotebookEntry], contents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """The first figure of the first notebook."""
    first = notebooks[0].name if notebooks else ""
    return next((entry for entry in _entries(contents, "figures") if entry["notebook"] == first), None)


def _sections(notebooks: Sequence[NotebookEntry], contents: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One section per question: its answer, its first figure, and what else there is.

    The first notebook is the top of the page, so it has a section only if it has more than that. Figures and tables
    that bear the number of a manuscript are the same again: they are listed, and not shown a second time.
    """
    top = _overview(notebooks, contents)
    sections = []
    for place, notebook in enumerate(notebooks):
        found = {kind: [e for e in _entries(contents, kind) if e["notebook"] == notebook.name] for kind in TELLS}
        figures = [e for e in found["figures"] if not e["number"] and e != top]
        lead = next((e for e in figures if e["pictures"]), None)
        lists = {
            "figures": [e for e in figures if e is not lead],
            "tables": [e for e in found["tables"] if not e["number"]],
            "numbered": [e for kind in TELLS for e in found[kind] if e["number"]],
        }
        if place > 0 or lead or any(lists.values()):
            free = numbers_left_free([e["number"] for e in lists["numbered"]])
            sections.append({"notebook": notebook, "lead": lead, "free": free, **lists})
    return sections


def numbers_left_free(numbers: Sequence[str]) -> list[str]:
    """The manuscript numbers that no figure or table of this study has: what bears them in others has no answer here.

    Examples
    --------
    >>> numbers_left_free(["Figure 1", "Figure 3", "Table S1", "Table S3"])
    ['Figure 2', 'Table S2']
    """
    found: dict[str, set[int]] = {}
    for kind, n in (re.findall(r"(\D+)(\d+)", number)[0] for number in numbers if number):
        found.setdefault(kind, set()).add(int(n))
    return [f"{kind}{n}" for kind, there in found.items() for n in range(1, max(there)) if n not in there]


#: What a notebook makes, in the order in which it is listed.
TELLS: Final = ("figures", "tables")


def _entries(contents: Mapping[str, Mapping[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Figures or tables with the file that shows them, and with their number in a manuscript."""
    entries = []
    for name, entry in contents.get(kind, {}).items():
        files = {PurePosixPath(file).suffix: file for file in entry["files"]}
        numbered = NUMBERED.match(entry["caption"])
        more = {"name": name, "shown": files.get(".html") or files.get(".png", "")}
        more |= {
            "number": numbered[0] if numbered else "",
            "what": entry["caption"].partition(". ")[0].removesuffix("."),
        }
        entries.append({"pictures": {}, **entry, **more})
    return entries


def _file_types(contents: Mapping[str, Mapping[str, Any]], kind: str) -> str:
    """The types of the files of figures or tables, in words."""
    files = [PurePosixPath(file) for entry in contents.get(kind, {}).values() for file in entry["files"]]
    types = dict.fromkeys(file.suffix.removeprefix(".") for file in files)
    return join_words([KINDS.get(name, name.upper()) for name in types])
