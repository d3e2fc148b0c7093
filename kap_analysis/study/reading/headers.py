"""The header of a table: which columns are declared, which are extra, and which say that they hold identifiers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kap_analysis.study.contract.dictionary import TableSpec
from kap_analysis.study.contract.identifiers import identifier_kinds, is_identifying_name, mask
from kap_analysis.study.contract.problems import Problems
from kap_analysis.suggestions import nearest_name

_COLUMNS_NAMED: Final = 100
#: Each column is looked through for identifiers, which takes milliseconds: of more columns a study is not made.
MOST_COLUMNS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Header:
    """Columns by what becomes of them.

    Attributes
    ----------
    declared, wanted, ignored : dict
        Name -> position: columns of the dictionary, extra columns named in study.toml, all others.
    notes : tuple of str
        What was not loaded, in words.
    """

    declared: dict[str, int]
    wanted: dict[str, int]
    ignored: dict[str, int]
    notes: tuple[str, ...]


def read_header(
    file: str, names: Sequence[str], spec: TableSpec, wanted: Sequence[str], problems: Problems, *, row: int = 1
) -> Header:
    """Sort the columns of a table; what is missing, doubled or identifying goes to ``problems``.

    A declared column is known by its exact name. A name that differs only in case, spaces or hyphens is a problem, not
    an extra column: leaving ``Score`` aside without stopping would lose a column that somebody filled.
    """
    if len(names) > MOST_COLUMNS:
        problems.add(
            file, f"{len(names):,} columns", f"at most {MOST_COLUMNS:,}; leave out what is not needed", row=row
        )
        return Header({name: names.index(name) for name in spec.columns if name in names}, {}, {}, ())
    declared: dict[str, int] = {}
    extra: dict[str, int] = {}
    ignored: dict[str, int] = {}
    counts = Counter(names)
    same_letters = {_letters(name): name for name in (*spec.columns, *wanted)}
    kinds = identifier_kinds(names, "text")
    for position, (name, kind) in enumerate(zip(names, kinds.tolist(), strict=True)):
        meant = same_letters.get(_letters(name), "")
        if kind and name not in spec.columns:
            expected = "names of columns: is the header missing?"
            problems.add(file, f"a column {mask(name)}, which looks like {kind}", expected, row=row)
        elif not name.isprintable():
            problems.add(file, f"the column name {name!r}, with an unprintable character", "a plain name", row=row)
        elif is_identifying_name(name) and name not in spec.columns:
            found = f"a column {mask(name)} whose name is that of an identifier"
            problems.add(file, found, "no identifiers of persons: delete the column", row=row)
        elif counts[name] > 1 and (name in spec.columns or name in wanted):
            problems.add(file, f"{counts[name]} columns of this name", "one", row=row, column=name)
        elif name in spec.columns:
            declared[name] = position
        elif name in wanted:
            extra[name] = position
        elif meant:
            problems.add(file, f"the column name {name!r}", f"{meant}, written exactly so", row=row, column=meant)
        else:
            ignored[name or f"(column {position + 1}, without a name)"] = position
    _report_absent(file, names, spec, wanted, problems, row)
    absent = [name for name in spec.columns if name not in declared]
    return Header(declared, extra, ignored, tuple(_notes(file, ignored, absent)))


def _report_absent(
    file: str, names: Sequence[str], spec: TableSpec, wanted: Sequence[str], problems: Problems, row: int
) -> None:
    letters = {_letters(name) for name in names}
    for required in spec.required_columns:
        if required in names or _letters(required) in letters:
            continue
        others = [name for name in names if name and name not in spec.columns]
        near = nearest_name(required, others)
        if not near and required == "patient_id":
            near = next((name for name in others if name.casefold().endswith("id")), "")
        expected = "a column of this name" + (f" (is it {near!r}?)" if near and not is_identifying_name(near) else "")
        problems.add(file, "no such column", expected, row=row, column=required)
    for name in wanted:
        if name not in names:
            problems.add(file, "no such column", "a column of this name: extra_columns of study.toml asks for it",
                         row=row, column=name)  # fmt: skip


def _notes(file: str, ignored: dict[str, int], absent: Sequence[str]) -> list[str]:
    if not ignored:
        return []
    shown = []
    for name in list(ignored)[:_COLUMNS_NAMED]:
        near = nearest_name(name, absent)
        shown.append(f"{name} (did you mean {near}?)" if near else name)
    if len(ignored) > len(shown):
        shown.append(f"and {len(ignored) - len(shown):,} more")
    noun = "column is" if len(ignored) == 1 else "columns are"
    return [f"{file}: {len(ignored):,} {noun} not in the dictionary and not loaded: {', '.join(shown)}."]


def _letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
