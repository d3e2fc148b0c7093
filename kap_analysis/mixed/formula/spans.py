"""Stretches of a formula with their brackets: where signs stand, and where an error points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kap_analysis.mixed.errors import MixedModelError

_OPEN, _CLOSE = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the formula without blanks around it, and the depth of brackets at each of its characters."""

    formula: str
    depths: tuple[int, ...]
    start: int
    stop: int

    def __str__(self) -> str:
        return self.formula[self.start : self.stop]

    def cut(self, start: int, stop: int) -> Span:
        """A stretch of this one, by positions in the formula, its blanks taken off."""
        while start < stop and self.formula[start] == " ":
            start += 1
        while stop > start and self.formula[stop - 1] == " ":
            stop -= 1
        return Span(self.formula, self.depths, start, stop)

    def signs(self, signs: str) -> list[int]:
        """Where the signs stand outside all brackets of this stretch, and outside quotes."""
        inside = [self.depths[i] for i in range(self.start, self.stop) if self.depths[i] >= 0]
        level = min(inside, default=0)
        return [i for i in range(self.start, self.stop) if self.depths[i] == level and self.formula[i] in signs]

    def pieces(self, signs: str) -> Iterator[Span]:
        """The stretches between these signs."""
        start = self.start
        for i in [*self.signs(signs), self.stop]:
            yield self.cut(start, i)
            start = i + 1

    def without_brackets(self) -> Span:
        """Without parentheses around the whole."""
        span = self
        while str(span).startswith("(") and str(span).endswith(")") and span.is_one_bracket():
            span = span.cut(span.start + 1, span.stop - 1)
        return span

    def is_one_bracket(self) -> bool:
        """Whether its first and its last character are a pair."""
        first = self.depths[self.start]
        return all(d != first for d in self.depths[self.start + 1 : self.stop - 1])

    def error(self, problem: str, position: int | None = None) -> MixedModelError:
        """An error that points at a character."""
        at = min(self.start if position is None else position, len(self.formula) - 1)
        return MixedModelError(
            f"The formula does not parse at character {at + 1}: {problem}\n  {self.formula}\n  {' ' * at}^"
        )


def whole_span(text: str) -> Span:
    """The formula as a span; unbalanced brackets and open quotes are an error."""
    depths: list[int] = []
    span = Span(text, (), 0, len(text))
    opened: list[int] = []
    quote, quote_at = "", 0
    for i, char in enumerate(text):
        depths.append(-1 if quote or char in "'\"`" else len(opened) - (char in _CLOSE))
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote, quote_at = char, i
        elif char in _OPEN:
            opened.append(i)
        elif char in _CLOSE:
            if not opened or _OPEN.index(text[opened[-1]]) != _CLOSE.index(char):
                raise span.error(f"'{char}' closes nothing.", i)
            opened.pop()
    if quote:
        raise span.error(f"the quote {quote} is never closed.", quote_at)
    if opened:
        raise span.error(f"'{text[opened[-1]]}' is never closed.", opened[-1])
    return Span(text, tuple(depths), 0, len(text))
