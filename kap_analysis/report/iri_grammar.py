"""The grammar of Internet addresses, which takes seconds to make, is made when an address is checked and not before.

nbformat imports jsonschema, and that, where it finds ``rfc3987_syntax``, makes the whole grammar of IRIs as it is
imported: 2.8 s of processor time in each kernel and each verb, for a check that no notebook asks for.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Final

_PACKAGE: Final = "rfc3987_syntax"


def make_grammar_later() -> None:
    """Import jsonschema without the grammar; its checks of addresses work as before."""
    if "jsonschema" in sys.modules or _PACKAGE in sys.modules or find_spec(_PACKAGE) is None:
        return
    stand_in = ModuleType(_PACKAGE)
    stand_in.is_valid_syntax = _is_valid_syntax  # type: ignore[attr-defined]
    sys.modules[_PACKAGE] = stand_in
    try:
        import_module("jsonschema")
    finally:
        del sys.modules[_PACKAGE]


def _is_valid_syntax(term: str, value: str) -> bool:
    return bool(import_module(_PACKAGE).is_valid_syntax(term, value))
