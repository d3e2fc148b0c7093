"""An empty study folder to fill: headers, two made-up rows per table, study.toml and the dictionary."""

import csv
import io
from pathlib import Path
from typing import Final

from kap_analysis.errors import StudyError
from kap_analysis.study.contract.dictionary import TABLES, TableSpec
from kap_analysis.study.contract.documentation import dictionary_csv, documentation_text
from kap_analysis.study.contract.settings import Settings
from kap_analysis.study.contract.settings_file import SETTINGS_FILE
from kap_analysis.study.contract.toml_text import settings_text
from kap_analysis.whole_folder import write_whole_folder

_HEADING: Final = """\
# The settings of this study. The tables hold two made-up rows each: delete them, fill in yours, and
# change provenance to "real". Then: kap validate on this folder. All keys are explained in dictionary.md.

"""


def write_blank_study(folder: str | Path) -> tuple[Path, ...]:
    """Write an empty study folder; it loads as it stands.

    Parameters
    ----------
    folder : str or Path
        A new or empty folder.

    Returns
    -------
    tuple of Path
        The files written: ``study.toml``, one CSV per table, ``dictionary.md`` and ``dictionary.csv``.

    Raises
    ------
    StudyError
        If the folder holds anything, or a file has its name.
    """
    target = Path(folder)
    _refuse_others(target)
    settings = Settings(
        title="Our study",
        primary_instrument="BDI-II",
        primary_visit="month 3",
        practices=("A",),
        provenance="made_up",
    )
    contents = {SETTINGS_FILE: _HEADING + settings_text(settings)}
    contents |= {f"{name}.csv": blank_table(spec) for name, spec in TABLES.items()}
    contents |= {"dictionary.md": documentation_text(), "dictionary.csv": dictionary_csv()}
    place = target.absolute()
    with write_whole_folder(place, check=_refuse_others, is_ours=_is_blank, error=StudyError) as new:
        for name, text in contents.items():
            (new / name).write_text(text, encoding="utf-8", newline="\n")
    return tuple(target / name for name in contents)


def _refuse_others(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise StudyError(f"Found a file at {target}; expected a new or empty folder.")
    if target.is_dir() and any(target.iterdir()):
        raise StudyError(f"Found files in {target}; expected a new or empty folder. Nothing was written.")


def _is_blank(folder: Path) -> bool:
    """Only an empty folder can have stood where a blank study was written."""
    return not any(folder.iterdir())


def blank_table(spec: TableSpec) -> str:
    """Return a table as CSV: the header with all declared columns, and the two made-up rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(spec.columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(spec.example)
    return text.getvalue()
