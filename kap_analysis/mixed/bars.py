"""Reading a mixed-model formula: the response, the fixed part, the bar terms and the residual covariance.

`score ~ visit*format + (month | patient_id) + us(visit | format/patient_id)` is cut at its top-level plus signs; what has
a bar is taken out, what remains is the fixed part, which formulaic reads later.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from kap_analysis.mixed.errors import MixedModelError

STRUCTURES = ("us", "cs", "csh", "ar1", "ar1h", "toep", "toeph", "exponential")
_NAME = re.compile(r"^(?:[^\W\d]\w*(?:\.\w+)*|`[^`]+`)$")
_OPEN, _CLOSE = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class BarTerm:
    """One `(columns | grouping)` of a formula; `||` and `a/b` are already written out."""

    text: str
    columns: str
    grouping: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResidualTerm:
    """One `us(visit | stratum/subject)` of a formula."""

    text: str
    structure: str
    visit: str
    stratum: str | None
    subject: str


@dataclass(frozen=True, slots=True)
class MixedFormula:
    """A formula, read: `response ~ fixed + bars + residual`."""

    text: str
    response: str
    fixed: str
    bars: tuple[BarTerm, ...]
    residual: ResidualTerm | None


def _fail(text: str, position: int, problem: str) -> MixedModelError:
    return MixedModelError(f"The formula does not parse at character {position + 1}: {problem}\n  {text}\n  {' ' * position}^")


def _depths(text: str) -> list[int]:
    """Depth of brackets at each character, -1 inside quotes and backticks; unbalanced brackets are an error."""
    depths: list[int] = []
    opened: list[int] = []
    quote, quote_at = "", 0
    for i, char in enumerate(text):
        if quote:
            depths.append(-1)
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote, quote_at = char, i
            depths.append(-1)
        elif char in _OPEN:
            depths.append(len(opened))
            opened.append(i)
        elif char in _CLOSE:
            if not opened or _OPEN.index(text[opened[-1]]) != _CLOSE.index(char):
                raise _fail(text, i, f"'{char}' closes nothing.")
            opened.pop()
            depths.append(len(opened))
        else:
            depths.append(len(opened))
    if quote:
        raise _fail(text, quote_at, f"the quote {quote} is never closed.")
    if opened:
        raise _fail(text, opened[-1], f"'{text[opened[-1]]}' is never closed.")
    return depths


def _addends(text: str, depths: list[int], start: int) -> list[tuple[str, int, str]]:
    """The right-hand side as (sign, position, text) of its top-level addends."""
    parts: list[tuple[str, int, str]] = []
    sign, begin = "+", start
    for i in range(start, len(text) + 1):
        if i < len(text) and not (depths[i] == 0 and text[i] in "+-"):
            continue
        piece = text[begin:i]
        if piece.strip():
            parts.append((sign, begin + len(piece) - len(piece.lstrip()), piece.strip()))
        elif i < len(text) and begin > start:
            raise _fail(text, i, f"'{text[i]}' follows another sign.")
        elif i == len(text):
            raise _fail(text, max(i - 1, 0), "a term is missing at the end.")
        if i < len(text):
            sign, begin = text[i], i + 1
    return parts


def _column(text: str, position: int, name: str, what: str) -> str:
    name = name.strip()
    if not _NAME.match(name):
        raise _fail(text, position, f"{what} must be a column, found {name!r}.")
    return name.strip("`")


def _split_bar(text: str, position: int, inner: str) -> tuple[str, bool, str]:
    """`a || g` -> ("a", True, "g")."""
    match = re.fullmatch(r"([^|]*)(\|\|?)([^|]*)", inner, flags=re.S)
    if match is None:
        raise _fail(text, position + inner.find("|") + 1, "one bar is expected between columns and grouping.")
    left, bar, right = match.group(1).strip(), match.group(2), match.group(3).strip()
    if not left or not right:
        side = "columns stand before" if not left else "grouping stands after"
        raise _fail(text, position + inner.find("|") + 1, f"no {side} the bar.")
    return left, bar == "||", right


def _groupings(text: str, position: int, right: str) -> list[tuple[str, ...]]:
    """`a/b` -> [(a,), (a, b)]; `a:b` -> [(a, b)]."""
    nested: list[tuple[str, ...]] = []
    for part in right.strip("() ").split("/"):
        names = tuple(_column(text, position, name, "a grouping") for name in part.split(":"))
        nested.append((nested[-1] if nested else ()) + names)
    return nested if "/" in right else nested[-1:]


def _split_columns(left: str) -> list[str]:
    """The columns of a `||` term, one bar each: `1 + a + b` -> `1`, `0 + a`, `0 + b`."""
    terms = [piece for _, _, piece in _addends(left, _depths(left), 0)]
    pieces = [] if "0" in terms or re.search(r"-\s*1\b", left) else ["1"]
    return pieces + [f"0 + {t}" for t in terms if t not in ("0", "1")]


def _read_bar(text: str, position: int, inner: str) -> list[BarTerm]:
    left, independent, right = _split_bar(text, position, inner)
    bars = []
    for grouping in _groupings(text, position, right):
        for columns in _split_columns(left) if independent else [left]:
            bars.append(BarTerm(f"({columns} | {':'.join(grouping)})", columns, grouping))
    return bars


def _read_residual(text: str, position: int, structure: str, inner: str) -> ResidualTerm:
    left, independent, right = _split_bar(text, position, inner)
    if independent:
        raise _fail(text, position, f"{structure}() takes one bar.")
    parts = right.split("/")
    if len(parts) > 2:
        raise _fail(text, position, f"{structure}() takes subject or stratum/subject after the bar.")
    visit = _column(text, position, left, "the visit")
    names = [_column(text, position, part, "the subject") for part in parts]
    stratum = names[0] if len(names) == 2 else None
    return ResidualTerm(f"{structure}({left} | {right})", structure, visit, stratum, names[-1])


def _loose_bar(text: str, position: int, piece: str) -> MixedModelError:
    bar = position + piece.index("|")
    name = re.match(r"^(\w+)\s*\(", piece)
    if name:
        known = ", ".join(STRUCTURES)
        return _fail(text, position, f"{name.group(1)!r} is not a residual covariance; there are {known}.")
    return _fail(text, bar, "a bar term stands in parentheses and is added with '+': + (month | patient_id).")


@lru_cache(maxsize=256)
def read_formula(text: str) -> MixedFormula:
    """Read a mixed-model formula.

    Parameters
    ----------
    text : str
        `response ~ fixed part + (columns | grouping) + structure(visit | subject)`.

    Raises
    ------
    MixedModelError
        The formula does not parse (the message points at the character), or has two residual covariances.
    """
    if not isinstance(text, str) or not text.strip():
        raise MixedModelError("The formula is empty. Write response ~ columns + (columns | grouping).")
    text = " ".join(text.split())
    depths = _depths(text)
    tildes = [i for i, char in enumerate(text) if char == "~"]
    if len(tildes) != 1:
        where = tildes[1] if tildes else len(text) - 1
        raise _fail(text, where, f"one '~' is expected, found {len(tildes)}.")
    response = text[: tildes[0]].strip()
    if not response:
        raise _fail(text, tildes[0], "no response stands before '~'.")
    fixed: list[str] = []
    bars: list[BarTerm] = []
    residuals: list[ResidualTerm] = []
    for sign, position, piece in _addends(text, depths, tildes[0] + 1):
        match = re.fullmatch(r"(\w*)\s*\((.*)\)", piece, flags=re.S)
        whole = match is not None and all(d != 0 for d in depths[position + piece.index("(") + 1 : position + len(piece) - 1])
        has_bar = "|" in re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"", "", piece)
        if not has_bar:
            fixed.append(f"{sign} {piece}")
            continue
        if match is None or not whole or match.group(1) not in ("", *STRUCTURES):
            raise _loose_bar(text, position, piece)
        if sign == "-":
            raise _fail(text, position, "a term with a bar is added, not taken away.")
        inside = position + piece.index("(") + 1
        if match.group(1):
            residuals.append(_read_residual(text, inside, match.group(1), match.group(2)))
        else:
            bars.extend(_read_bar(text, inside, match.group(2)))
    if len(residuals) > 1:
        raise MixedModelError(f"One residual covariance is possible, found {' and '.join(r.text for r in residuals)}.")
    return MixedFormula(text, response, _fixed_text(fixed), tuple(bars), residuals[0] if residuals else None)


def _fixed_text(pieces: list[str]) -> str:
    text = " ".join(pieces).strip()
    return text.removeprefix("+ ") if text else "1"
