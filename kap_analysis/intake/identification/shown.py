"""Names of columns, sheets and files as messages and reports show them: one that looks like an identifier is masked."""

import re
from functools import cache
from itertools import pairwise
from typing import Final

from kap_analysis.intake.identification.columns import holds_identifier
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import pattern
from kap_analysis.study.contract.identifiers import A_NAME, identifier_kinds, mask, name_kind

#: Words with capitals, side by side: a person's name may stand among others in the name of a file.
_CAPITALS: Final = re.compile(r"(?<!\w)[^\W\d_a-z][\w'’-]+(?:[ _][^\W\d_a-z][\w'’-]+)+")


def shown_name(name: str) -> str:
    """Return the name of a column or a text of a map, or its pattern where it could hold an identifier."""
    return f"a column like {pattern(name)}" if could_identify(name) else name


def shown_column(table: SourceTable, name: str) -> str:
    """Return the name of a column, or where it stands (column C) where the name could hold an identifier.

    Two words with capitals could be a person whom no list names; Repeat Instance is taken for one too, and the letter
    says as well which column it is.
    """
    if name not in table.columns:
        return shown_name(name)
    return f"column {_letters(table.columns.index(name))}" if could_identify(name) else name


@cache
def could_identify(name: str) -> bool:
    """Whether a name or a text could hold an identifier: a number of a person, or words that may be a name."""
    words = re.split(r"[^\w'’-]+|_", name)
    pairs = [f"{one} {other}" for one, other in pairwise(words) if one[:1].isupper() and other[:1].isupper()]
    return holds_identifier(name) or any(identifier_kinds([name, *pairs], "code"))


def _letters(at: int) -> str:
    """Return the letters of a column of a spreadsheet: A, ..., Z, AA."""
    before, last = divmod(at, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)


@cache
def shown_file(name: str) -> str:
    """Return the name of a file or sheet, or its first letter and length where it looks like an identifier."""
    stem = re.sub(r"\.[A-Za-z0-9]{2,8}$", "", name)
    pairs = _CAPITALS.findall(stem)
    is_named = bool(name_kind(stem)) or A_NAME in identifier_kinds(pairs, "code")
    return mask(name) if is_named or holds_identifier(stem) else name


def shown_place(table: SourceTable) -> str:
    """Return where a table stands: its file, and its sheet where there is one."""
    return f"{shown_file(table.file)} [{shown_file(table.sheet)}]" if table.sheet else shown_file(table.file)
