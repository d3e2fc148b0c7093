"""Names of columns, sheets and files as messages and reports show them: one that looks like an identifier is masked."""

import re
from typing import Final

from kap_analysis.intake.identification.columns import holds_identifier
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import pattern
from kap_analysis.study.contract.identifiers import A_NAME, identifier_kinds, mask, name_kind

#: Words with capitals, side by side: a person's name may stand among others in the name of a file.
_CAPITALS: Final = re.compile(r"(?<!\w)[^\W\d_a-z][\w'’-]+(?:[ _][^\W\d_a-z][\w'’-]+)+")


def shown_name(name: str, *, placed: bool = False) -> str:
    """Return a column's name, or its pattern where it looks like an identifier.

    A name that the map places is taken for no person's (Event Type reads like one), unless it has a title, a
    given and a family name, or holds more than letters.
    """
    if holds_identifier(name) or identifier_kinds([name], "text" if placed else "code")[0]:
        return f"a column like {pattern(name)}"
    return name


def shown_file(name: str) -> str:
    """Return the name of a file or sheet, or its first letter and length where it looks like an identifier."""
    stem = re.sub(r"\.[A-Za-z0-9]{2,8}$", "", name)
    pairs = _CAPITALS.findall(stem)
    is_named = bool(name_kind(name)) or A_NAME in identifier_kinds(pairs, "code")
    return mask(name) if is_named or holds_identifier(stem) else name


def shown_place(table: SourceTable) -> str:
    """Return where a table stands: its file, and its sheet where there is one."""
    return f"{shown_file(table.file)} [{shown_file(table.sheet)}]" if table.sheet else shown_file(table.file)
