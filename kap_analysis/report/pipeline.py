"""The main job: run every notebook on a study and write a complete results folder, or none."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kap_analysis.analysis.model.plan_file import FILE_NAME
from kap_analysis.columns import Progress
from kap_analysis.disclosure.gate import RECORD, read_record
from kap_analysis.errors import ReportError
from kap_analysis.report.about_study import describe_study, is_shared, study_facts
from kap_analysis.report.earlier_run import PAGES, names_asked, take_over
from kap_analysis.report.execution import read_notebook, write_notebook
from kap_analysis.report.explorer import explorer_of
from kap_analysis.report.gathering import gather_parts
from kap_analysis.report.index_page import AboutStudy, NotebookEntry, write_index
from kap_analysis.report.kernel_parent import copied_kernels
from kap_analysis.report.manifest import list_files, list_inputs, write_manifest
from kap_analysis.report.notebook_libraries import NotebookNode
from kap_analysis.report.notebook_page import (
    Link,
    PageHead,
    first_answer,
    notebook_title,
    notebook_to_html,
    with_banner,
)
from kap_analysis.report.parameters import read_parameters
from kap_analysis.report.plan_record import record_plan
from kap_analysis.report.results_folder import read_contents
from kap_analysis.report.sharing import check_enough_to_share, write_sharing_report
from kap_analysis.report.shipped import list_notebooks, shipped_notebooks, shipped_study
from kap_analysis.report.side_by_side import run_side_by_side
from kap_analysis.report.staging import check_replaceable, staged_folder
from kap_analysis.run_memory import keep_for_run, keeping
from kap_analysis.study.load import load_study
from kap_analysis.whole_folder import write_whole_file

PARTS: Final = ".parts"
KEPT_FOLDER: Final = ".kept"


@dataclass(frozen=True, slots=True)
class Reproduced:
    """The results folder, its index page, the content of its manifest, and a line for each cell that failed."""

    folder: Path
    index: Path
    manifest: Mapping[str, Any]
    faults: tuple[str, ...] = ()


def reproduce(
    study: str | Path | None = None,
    out: str | Path = "results",
    *,
    notebooks: str | Path | None = None,
    only: Sequence[str] = (),
    replace_changed: bool = False,
    progress: Progress | None = None,
) -> Reproduced:
    """Run the notebooks on a study, and write figures, tables, pages and a manifest.

    Parameters
    ----------
    study : path, optional
        A study folder; the simulated study that comes with the package when absent.
    out : path
        The results folder: absent, empty, or one that an earlier run wrote. It is replaced when the run ends.
    notebooks : path, optional
        A folder of numbered notebooks; those of the package when absent.
    only : sequence of str
        Numbers of the notebooks to run, such as ``["03", "05"]``; the results of the others stay. All when empty.
    replace_changed : bool
        Whether results that somebody changed after the earlier run, such as notebooks that were run again, may be lost.
    progress : callable, optional
        Called with (cells done, cells in all, which notebook).

    Returns
    -------
    Reproduced
        A cell that fails does not cost the run: its page says so, and it is listed in ``faults`` and in the manifest.

    Raises
    ------
    StudyError
        If the study breaks its contract.
    ReportError
        If a kernel ends, `out` was not written by this package, or with `only` something else than these notebooks
        changed since the earlier run. Earlier results stay unchanged.
    """
    source, target = Path(study) if study is not None else shipped_study(), Path(out).expanduser().resolve()
    check_replaceable(target, replace_changed=replace_changed)
    loaded = load_study(source)
    if is_shared(loaded):
        check_enough_to_share(loaded)
    paths = list_notebooks(Path(notebooks) if notebooks is not None else shipped_notebooks())
    inputs = list_inputs(None if is_shared(loaded) else source, loaded.files.values(), paths)
    plan = record_plan(loaded, target)
    originals = {path.stem: read_notebook(path) for path in paths}
    asked = names_asked(originals, only)
    if is_shared(loaded) and len(asked) < len(originals):
        raise ReportError(
            "Of a public study all notebooks are run together, so that all they show is looked at; drop --only."
        )
    with staged_folder(out, replace_changed=replace_changed) as staging, _recorded(is_shared(loaded)) as record:
        earlier = take_over(target, staging / PARTS, [name for name in originals if name not in asked], inputs, plan)
        about = describe_study(loaded, plan.sentence)
        with keeping(staging / KEPT_FOLDER), copied_kernels(), ThreadPoolExecutor(1) as beside:
            keep_for_run(load_study, loaded, str(source.resolve()))
            explorer = beside.submit(explorer_of, loaded, staging, about.banner, about.meaning)
            chosen = {name: originals[name] for name in asked}
            ran = run_side_by_side(chosen, source.resolve(), staging / PARTS, progress, is_public=is_shared(loaded))
        ran = earlier.with_run(ran, list(originals))
        gather_parts(staging / PARTS, originals, staging)
        write_whole_file(staging / FILE_NAME, plan.text)
        entries = _write_pages(ran.executed, staging, about)
        if record is not None:
            write_sharing_report(loaded, staging, read_record(record))
        _write_index(staging, about, entries, inputs, explorer.result())
        manifest = write_manifest(
            staging,
            inputs=inputs,
            seed=_seed(originals),
            seconds=ran.seconds,
            about=study_facts(loaded),
            plan=plan.facts,
            faults=ran.faults,
        )
    folder = Path(out)
    lines = tuple(line for of_notebook in ran.faults.values() for line in of_notebook)
    return Reproduced(folder, folder / "index.html", manifest, lines)


@contextmanager
def _recorded(is_public: bool) -> Iterator[Path | None]:
    """A folder, for the time of a run over a public study, in which its results say what was withheld of them."""
    if not is_public:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="kap-") as folder:
        os.environ[RECORD] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ[RECORD]


def _write_pages(executed: Mapping[str, NotebookNode], staging: Path, about: AboutStudy) -> list[NotebookEntry]:
    (staging / PAGES).mkdir()
    titles = {name: notebook_title(notebook, name) for name, notebook in executed.items()}
    entries = []
    for name, notebook in executed.items():
        head = PageHead(titles[name], _neighbours(name, titles), about.banner, about.data, int(name[:2]))
        page = staging / PAGES / f"{name}.html"
        page.write_text(notebook_to_html(notebook, head), encoding="utf-8", newline="\n")
        stamped = with_banner(notebook, about.banner, about.meaning)
        write_notebook(stamped, staging / PAGES / f"{name}.ipynb")
        page_file, file = f"{PAGES}/{name}.html", f"{PAGES}/{name}.ipynb"
        entries.append(NotebookEntry(name, titles[name], page_file, file, first_answer(notebook)))
    return entries


def _neighbours(name: str, titles: Mapping[str, str]) -> tuple[Link, ...]:
    names = list(titles)
    place = names.index(name)
    before, after = names[:place][-1:], names[place + 1 :][:1]
    links = [Link("../index.html", "All results")]
    links += [Link(f"{other}.html", f"\N{LEFTWARDS ARROW} {titles[other]}") for other in before]
    links += [Link(f"{other}.html", f"{titles[other]} \N{RIGHTWARDS ARROW}") for other in after]
    return tuple(links)


def _write_index(
    staging: Path,
    about: AboutStudy,
    entries: Sequence[NotebookEntry],
    inputs: Sequence[Mapping[str, Any]],
    explorer: str,
) -> None:
    outputs = list_files(staging, [p for p in staging.rglob("*") if p.is_file() and not p.name.startswith(".")])
    contents = read_contents(staging)
    write_index(
        staging,
        about=about,
        contents=contents,
        notebooks=entries,
        inputs=inputs,
        outputs=outputs,
        explorer=explorer,
    )


def _seed(notebooks: Mapping[str, NotebookNode]) -> int | None:
    seeds = {value for notebook in notebooks.values() if (value := read_parameters(notebook).get("seed")) is not None}
    return seeds.pop() if len(seeds) == 1 else None
