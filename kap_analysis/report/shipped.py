"""The notebooks and the simulated study, in an installed wheel or in a checkout, and how to copy them out."""

import shutil
from pathlib import Path
from typing import Final

from kap_analysis.errors import ReportError
from kap_analysis.whole_folder import write_whole_folder

PACKAGE: Final = Path(__file__).resolve().parent.parent
SHIPPED: Final = PACKAGE / "shipped"
STUDY_NAME: Final = "three_practices"


def shipped_notebooks() -> Path:
    """The folder of the numbered notebooks that came with the package."""
    return _first_that_exists(SHIPPED / "notebooks", PACKAGE.parent / "notebooks")


def shipped_study() -> Path:
    """The folder of the simulated three-practice study that came with the package."""
    return _first_that_exists(SHIPPED / STUDY_NAME, PACKAGE.parent / "data" / STUDY_NAME)


def example_export(name: str = "record_system") -> Path:
    """The folder of a made-up export that came with the package; its finished map lies beside it.

    Parameters
    ----------
    name : str
        record_system, redcap_raw, redcap_labelled, workbook or spss_wide.

    Returns
    -------
    Path
        The folder; its map is the file of the same name that ends in ``.toml``.

    Raises
    ------
    ReportError
        If there is no example of that name.
    """
    examples = _first_that_exists(SHIPPED / "examples", PACKAGE.parent / "data" / "examples")
    names = sorted(path.stem for path in examples.glob("*.toml"))
    if name not in names:
        raise ReportError(f"Found no example {name!r}; expected one of {', '.join(names)}.")
    return examples / name


def list_notebooks(folder: Path) -> list[Path]:
    """The numbered notebooks of a folder (``00_quickstart.ipynb``), in the order of their numbers."""
    found = sorted(p for p in folder.glob("[0-9][0-9]_*.ipynb") if p.is_file())
    if not found:
        raise ReportError(f"{folder} holds no numbered notebook; expected names such as 00_quickstart.ipynb.")
    return found


def lay_out_demo(folder: str | Path) -> Path:
    """Copy the notebooks and the simulated study to a new folder, ready to run.

    Parameters
    ----------
    folder : path
        Made when it is missing; an existing one must be empty.

    Returns
    -------
    The folder, with ``notebooks/`` and ``data/three_practices/`` in it.

    Raises
    ------
    ReportError
        If the folder holds anything, or is a file.
    """
    target = Path(folder)
    _refuse_others(target)
    study, notebooks = shipped_study(), shipped_notebooks()
    leave_out = shutil.ignore_patterns("__pycache__", ".*")
    with write_whole_folder(target.absolute(), check=_refuse_others, is_ours=_is_empty, error=ReportError) as new:
        shutil.copytree(study, new / "data" / STUDY_NAME, ignore=leave_out, dirs_exist_ok=True)
        (new / "notebooks").mkdir(parents=True)
        for notebook in list_notebooks(notebooks):
            shutil.copyfile(notebook, new / "notebooks" / notebook.name)
    return target


def _refuse_others(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise ReportError(f"{target} is a file; name a new folder.")
    if target.is_dir() and any(target.iterdir()):
        raise ReportError(f"{target} is not empty; name a new folder, so that nothing of yours is overwritten.")


def _is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


def _first_that_exists(*candidates: Path) -> Path:
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    looked = ", ".join(str(candidate.parent) for candidate in candidates)
    raise ReportError(
        f"The package came without its {candidates[0].name} (looked in {looked}); "
        "install it again from a wheel or a checkout."
    )
