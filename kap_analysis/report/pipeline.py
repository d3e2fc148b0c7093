"""The main job: run every notebook on a study and write a complete results folder, or none."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nbformat import NotebookNode

from kap_analysis.analysis.model.plan_file import FILE_NAME
from kap_analysis.columns import Progress
from kap_analysis.report.execution import count_code_cells, execute_notebook, read_notebook, write_notebook
from kap_analysis.report.explorer import explorer_of
from kap_analysis.report.gathering import gather_parts
from kap_analysis.report.index_page import AboutStudy, NotebookEntry, write_index
from kap_analysis.report.manifest import list_files, list_inputs, write_manifest
from kap_analysis.report.notebook_page import Link, PageHead, first_answer, notebook_title, notebook_to_html
from kap_analysis.report.parameters import fill_parameters, read_parameters
from kap_analysis.report.plan_record import record_plan
from kap_analysis.report.results_folder import read_contents
from kap_analysis.report.shipped import list_notebooks, shipped_notebooks, shipped_study
from kap_analysis.report.staging import check_replaceable, staged_folder
from kap_analysis.study.load import load_study
from kap_analysis.study.study import Study
from kap_analysis.whole_folder import write_whole_file

STUDY_FOLDER: Final = "study_folder"
RESULTS_FOLDER: Final = "results_folder"
PAGES: Final = "notebooks"
PARTS: Final = ".parts"
#: Notebooks that run at the same time; more would need more memory for a large study.
AT_ONCE: Final = 2


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
        If a kernel ends, or `out` was not written by this package. Earlier results stay unchanged.
    """
    source = Path(study) if study is not None else shipped_study()
    check_replaceable(Path(out).expanduser().resolve())
    loaded = load_study(source)
    paths = list_notebooks(Path(notebooks) if notebooks is not None else shipped_notebooks())
    inputs = list_inputs(source, paths)
    plan = record_plan(loaded, Path(out).expanduser().resolve())
    originals = {path.stem: read_notebook(path) for path in paths}
    with staged_folder(out) as staging:
        about = describe_study(loaded, plan.sentence)
        with ThreadPoolExecutor(1) as beside:
            explorer = beside.submit(explorer_of, loaded, staging, about.banner, about.meaning)
            with asyncio.Runner(loop_factory=_loop) as runner:
                run = _run_all(originals, source.resolve(), staging, progress)
                seconds, executed, faults = runner.run(run)
        write_whole_file(staging / FILE_NAME, plan.text)
        entries = _write_pages(executed, staging, about)
        _write_index(staging, about, entries, inputs, explorer.result())
        manifest = write_manifest(
            staging,
            inputs=inputs,
            seed=_seed(originals),
            seconds=seconds,
            about=study_facts(loaded),
            plan=plan.facts,
            faults=faults,
        )
    folder = Path(out)
    return Reproduced(folder, folder / "index.html", manifest, faults)


def _loop() -> asyncio.AbstractEventLoop:
    """An event loop that leaves signals alone: the notebook client would take Ctrl-C and SIGTERM for itself.

    What fails while a run is being stopped is not told: what fails a run is raised by the task group.
    """
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    loop.add_signal_handler = lambda *_: None  # type: ignore
    loop.remove_signal_handler = lambda *_: False  # type: ignore
    return loop


def describe_study(study: Study, plan: str) -> AboutStudy:
    """The banner: SIMULATED, PRIVATE or PUBLIC, data cut, number of patients, and plan."""
    settings = study.settings
    if study.is_simulated:
        banner, meaning = "SIMULATED", "These numbers do not come from real patients."
    elif settings.visibility == "private":
        banner, meaning = (
            "PRIVATE",
            "These pages can identify single patients; keep them with the people who treat them.",
        )
    else:
        banner, meaning = "PUBLIC", "Small counts, and numbers that would reveal them, are withheld."
    as_of = f"Data as of {settings.data_cut}" if settings.data_cut else "The data cut is not stated"
    data = f"{meaning} {as_of}; n = {len(study.patients):,} patients. {plan}"
    return AboutStudy(settings.title, banner, data, meaning)


def study_facts(study: Study) -> dict[str, Any]:
    """The facts of a study for the manifest, without its path."""
    settings = study.settings
    return {
        "title": settings.title,
        "provenance": settings.provenance,
        "visibility": settings.visibility,
        "data_cut": settings.data_cut,
        "n_patients": len(study.patients),
    }


async def _run_all(
    originals: Mapping[str, NotebookNode], study: Path, staging: Path, progress: Progress | None
) -> tuple[dict[str, float], dict[str, NotebookNode], tuple[str, ...]]:
    """Run the notebooks, two at a time and the longest first, each with its own folder for results."""
    told = _Told(progress, {name: count_code_cells(notebook) for name, notebook in originals.items()})
    faults: dict[str, list[str]] = {name: [] for name in originals}
    places = asyncio.Semaphore(min(AT_ONCE, os.cpu_count() or 1))

    async def run(name: str) -> tuple[float, NotebookNode]:
        async with places:
            began = time.perf_counter()
            folders = {STUDY_FOLDER: str(study), RESULTS_FOLDER: str(staging / PARTS / name)}
            filled = fill_parameters(originals[name], folders, name=name)
            ran = await execute_notebook(filled, name=name, progress=told.of(name), faults=faults[name])
            # the stored copy shows the name of the study folder, not its path
            kept = fill_parameters(ran, {STUDY_FOLDER: study.name, RESULTS_FOLDER: None}, name=name)
            return time.perf_counter() - began, kept

    try:
        async with asyncio.TaskGroup() as group:
            tasks = {
                name: group.create_task(run(name)) for name in sorted(originals, key=lambda name: -told.cells[name])
            }
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    done = {name: tasks[name].result() for name in originals}
    gather_parts(staging / PARTS, originals, staging)
    seconds = {name: took for name, (took, _) in done.items()}
    lines = tuple(line for name in originals for line in faults[name])
    return seconds, {name: kept for name, (_, kept) in done.items()}, lines


class _Told:
    """Progress over several notebooks that run at the same time."""

    def __init__(self, progress: Progress | None, cells: dict[str, int]) -> None:
        self.progress, self.cells = progress, cells
        self.done = dict.fromkeys(cells, 0)

    def of(self, name: str) -> Callable[[int, int], None] | None:
        """The function that one notebook calls after each cell; it also reports that the notebook has started."""
        if self.progress is None:
            return None

        def tell(done: int, _: int) -> None:
            assert self.progress is not None
            self.done[name] = done
            self.progress(sum(self.done.values()), sum(self.cells.values()), name)

        tell(0, 0)
        return tell


def _write_pages(executed: Mapping[str, NotebookNode], staging: Path, about: AboutStudy) -> list[NotebookEntry]:
    (staging / PAGES).mkdir()
    titles = {name: notebook_title(notebook, name) for name, notebook in executed.items()}
    entries = []
    for name, notebook in executed.items():
        head = PageHead(titles[name], _neighbours(name, titles), about.banner, about.data, int(name[:2]))
        page = staging / PAGES / f"{name}.html"
        page.write_text(notebook_to_html(notebook, head), encoding="utf-8", newline="\n")
        write_notebook(notebook, staging / PAGES / f"{name}.ipynb")
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
