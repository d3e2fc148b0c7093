"""The one door to nbformat, through which a kernel and a verb start quickly.

It imports jsonschema, and that, where it finds ``rfc3987_syntax``, makes the whole grammar of Internet addresses as it
is imported: 2.8 s of processor time in each process, for a check that no notebook asks for. Here the grammar is made
when an address is checked, and not before.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Final

_GRAMMAR: Final = "rfc3987_syntax"


def _make_grammar_later() -> None:
    """Import jsonschema without the grammar; its checks of addresses work as before."""
    if "jsonschema" in sys.modules or _GRAMMAR in sys.modules or find_spec(_GRAMMAR) is None:
        return
    stand_in = ModuleType(_GRAMMAR)
    stand_in.is_valid_syntax = _is_valid_syntax  # type: ignore[attr-defined]
    sys.modules[_GRAMMAR] = stand_in
    try:
        import_module("jsonschema")
    finally:
        del sys.modules[_GRAMMAR]


def _is_valid_syntax(term: str, value: str) -> bool:
    return bool(import_module(_GRAMMAR).is_valid_syntax(term, value))


_make_grammar_later()

import nbformat  # noqa: E402
from nbformat import NotebookNode  # noqa: E402
from nbformat.v4 import new_output  # noqa: E402

__all__ = ["NotebookNode", "nbformat", "new_output"]
