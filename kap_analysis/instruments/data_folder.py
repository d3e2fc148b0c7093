"""The data files of the registry: one per instrument, found in the folder ``data``."""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType

from kap_analysis.errors import InstrumentError

#: A whole file takes 2 ms to read as TOML; a load needs all names, but few of the instruments.
_FIRST_LINES = re.compile(rb'name = "([^"\n]+)"\r?\nlisted_at = (\d+)\r?\n')
_LONGEST_START = 200


@cache
def data_files() -> Mapping[str, Traversable]:
    """Return instrument name -> data file, in the order in which instruments are listed: by ``listed_at``, then name.

    Raises
    ------
    InstrumentError
        If a file does not begin with its name and its place in the list, or two files have one name.
    """
    return in_listed_order(resources.files(__package__).joinpath("data"))


def in_listed_order(folder: Traversable) -> Mapping[str, Traversable]:
    """Return the data files of a folder as :func:`data_files` does."""
    found: dict[str, tuple[int, Traversable]] = {}
    for file in folder.iterdir():
        if not file.name.endswith(".toml"):
            continue
        name, place = _name_and_place(file)
        if name in found:
            both = " and ".join(sorted((file.name, found[name][1].name)))
            raise InstrumentError(f"{both} both hold the instrument {name!r}; expected one file for each.")
        found[name] = place, file
    order = sorted(found, key=lambda name: (found[name][0], name))
    return MappingProxyType({name: found[name][1] for name in order})


def _name_and_place(file: Traversable) -> tuple[str, int]:
    with file.open("rb") as opened:
        start = _FIRST_LINES.match(opened.read(_LONGEST_START))
    if start is None:
        raise InstrumentError(
            f'{file.name} does not begin with the lines name = "..." and listed_at = ...: the name of the instrument, '
            "and a number that says where it stands in lists."
        )
    return start[1].decode("utf-8"), int(start[2])
