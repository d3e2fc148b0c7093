"""``index.html``: the page that a reader sees first, made from the results of the notebooks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader

from kap_analysis.report import headline
from kap_analysis.report.notebook_page import TEMPLATES, read_style
from kap_analysis.report.versions import list_versions
from kap_analysis.writing.numbers import WITHHELD, count, interval, percent, plural, signed

UNKNOWN: Final = "not in this run"
KINDS: Final = {"html": "HTML", "csv": "CSV", "md": "Markdown", "tex": "LaTeX", "docx": "Word"}
LIMITS: Final = (
    "Whether ketamine or therapy caused the change: there is no control group without them.",
    "Whether the format caused a difference, unless patients were randomised: adjustment covers only recorded "
    "characteristics.",
    "How patients who were not assessed are doing: of {started} in the study, {lost} have no score at baseline or at "
    "{when}.",
)


@dataclass(frozen=True, slots=True)
class AboutStudy:
    """The banner of a study: title, visibility and data."""

    title: str
    banner: str
    data: str


@dataclass(frozen=True, slots=True)
class NotebookEntry:
    """An executed notebook on the index page: its question, its short answer, its files."""

    name: str
    title: str
    page: str
    file: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """One number with its label and its denominators."""

    label: str
    value: str
    lines: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the value is a number, and not a word for a missing number."""
        return self.value not in (UNKNOWN, WITHHELD)


def write_index(
    folder: Path,
    *,
    about: AboutStudy,
    contents: Mapping[str, Mapping[str, Any]],
    notebooks: Sequence[NotebookEntry],
    inputs: Sequence[Mapping[str, Any]],
    outputs: Sequence[Mapping[str, Any]],
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
    """
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    facts, versions = contents.get("facts", {}), list_versions()
    page = environment.get_template("index.html.j2").render(
        style=read_style(),
        title=about.title,
        banner=about.banner,
        data=about.data,
        tiles=make_tiles(facts),
        limits=what_it_cannot_tell(facts),
        notebooks=notebooks,
        sections=[section for section in _sections(notebooks, contents) if section["figures"] or section["tables"]],
        made=f"Made by kap reproduce (kap_analysis {versions['kap-analysis']}) from {plural(len(inputs), 'file')}.",
        files=[*inputs, *outputs],
        versions=versions,
    )
    path = folder / "index.html"
    path.write_text(page.rstrip() + "\n", encoding="utf-8", newline="\n")
    return path


def make_tiles(facts: Mapping[str, Any]) -> list[Tile]:
    """The tiles, from the facts that the notebooks recorded; a missing fact is shown as missing."""
    assessed = facts.get(headline.ASSESSED, {})
    difference = facts.get(headline.DIFFERENCE, {})
    started = facts.get(headline.STARTED)
    return [
        Tile("Started", _integer(facts, headline.STARTED), ("patients in the study",)),
        Tile(
            "Dosed",
            _integer(facts, headline.DOSED),
            (_of(facts.get(headline.DOSED), started, "started"), "one or more ketamine sessions"),
        ),
        Tile(
            f"Assessed at {assessed.get('when', 'the primary visit')}",
            _integer(assessed, "n"),
            (_of(assessed.get("n"), started, "started"),),
        ),
        _change_tile("Reliably better", facts.get(headline.BETTER)),
        _change_tile("Reliably worse", facts.get(headline.WORSE)),
        _difference_tile(difference),
    ]


def what_it_cannot_tell(facts: Mapping[str, Any]) -> list[str]:
    """Three lines on what cannot be concluded."""
    started, assessed = facts.get(headline.STARTED), facts.get(headline.ASSESSED, {})
    n, when = assessed.get("n"), assessed.get("when", "the primary visit")
    if started is None or n is None:
        return [*LIMITS[:2], "How patients who were not assessed are doing."]
    return [*LIMITS[:2], LIMITS[2].format(started=count(started), lost=count(started - n), when=when)]


def _change_tile(label: str, fact: Mapping[str, Any] | None) -> Tile:
    if fact is None:
        return Tile(label, UNKNOWN)
    n = fact.get("n")
    lines = (_of(n, fact.get("n_assessed"), "assessed"), _of(n, fact.get("n_started"), "started"))
    return Tile(label, count(n, WITHHELD), tuple(line for line in lines if line))


def _difference_tile(fact: Mapping[str, Any]) -> Tile:
    label = "Group minus individual, adjusted"
    if not fact:
        return Tile(label, UNKNOWN)
    estimate, low, high = (fact.get(key) for key in ("estimate", "ci_low", "ci_high"))
    if estimate is None or low is None or high is None:
        return Tile(label, WITHHELD)
    lines = [f"95% interval {interval(low, high, write=signed)}", f"{fact.get('unit', 'points')} at {fact['when']}"]
    lines += [str(fact[key]) for key in ("favours", "label") if fact.get(key)]
    return Tile(label, signed(estimate), tuple(lines))


def _sections(notebooks: Sequence[NotebookEntry], contents: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Figures and tables, grouped by the question of their notebook."""
    entries = {kind: [_entry(n, e) for n, e in contents.get(kind, {}).items()] for kind in ("figures", "tables")}
    return [
        {"title": notebook.title, "page": notebook.page}
        | {kind: [e for e in found if e["notebook"] == notebook.name] for kind, found in entries.items()}
        for notebook in notebooks
    ]


def _entry(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    files = [{"file": f, "kind": _kind(f)} for f in entry["files"]]
    by_kind = {item["kind"]: item["file"] for item in files}
    return {**entry, "name": name, "files": files, "picture": by_kind.get("PNG", ""), "page": by_kind.get("HTML", "")}


def _kind(file: str) -> str:
    suffix = PurePosixPath(file).suffix.removeprefix(".")
    return KINDS.get(suffix, suffix.upper())


def _integer(facts: Mapping[str, Any], name: str) -> str:
    return count(facts[name], WITHHELD) if name in facts else UNKNOWN


def _of(n: float | None, whole: float | None, what: str) -> str:
    return f"{percent(n / whole)} of {count(whole)} {what}" if n is not None and whole else ""
