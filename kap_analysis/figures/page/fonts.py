"""Letters that the font does not have: from other fonts of the machine, or numbered with a key where none has them."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.text import Text

from kap_analysis.figures.page.style import FONT

FALLBACKS: Final = (
    "Noto Sans", "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Noto Sans KR",
    "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai", "Source Han Sans",
    "Hiragino Sans", "PingFang SC", "Apple SD Gothic Neo", "Yu Gothic", "Meiryo", "MS Gothic", "Microsoft YaHei",
    "SimHei", "Malgun Gothic", "Arial Unicode MS", "Segoe UI", "Tahoma", "IPAexGothic", "TakaoGothic",
    "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback",
)  # fmt: skip
"""Fonts of many scripts that systems bring along, in the order in which they are asked for a missing letter."""

NUMBERED: Final = (
    "Numbers in brackets stand for names in letters that no font here has; the alternative text tells them. "
    "A font such as Noto Sans CJK writes them."
)


LEFT_TO_RIGHT: Final = "\u200e"
"""The mark after which a line goes on from left to right; it has no width."""

_WORD: Final = r"[^\s,;:()]*[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc][^\s,;:()]*"
RIGHT_TO_LEFT: Final = re.compile(rf"{_WORD}(?: +{_WORD})*")
"""Words in letters from right to left, with what hangs on them, such as the number of a code."""

FAMILY: Final = (FONT, "sans-serif")
"""Families of all text: where an SVG is read without the font, another one without serifs stands in."""


@cache
def letters(name: str) -> frozenset[int]:
    """The characters that a font can write."""
    return frozenset(get_font(fontManager.findfont(FontProperties(family=name))).get_charmap())


@cache
def fallbacks() -> tuple[str, ...]:
    """The fonts of :data:`FALLBACKS` that are installed."""
    installed = {entry.name for entry in fontManager.ttflist}
    return tuple(name for name in FALLBACKS if name in installed)


def families_for(text: str) -> list[str]:
    """The families that a text needs: the usual ones, and before them all fallbacks where the font lacks a letter."""
    missing = _missing(text, FONT)
    if not missing:
        return list(FAMILY)
    return [FONT, *(name for name in fallbacks() if missing & letters(name)), *FAMILY[1:]]


def is_writable(text: str) -> bool:
    """Whether the fonts have every letter of a text between them."""
    missing = _missing(text, FONT)
    for name in fallbacks() if missing else ():
        missing = missing - letters(name)
    return not missing


def _missing(text: str, name: str) -> frozenset[int]:
    if text.isascii():
        return frozenset()
    return frozenset(ord(letter) for letter in text if letter.isprintable()) - letters(name)


def set_scripts(texts: Iterable[Text]) -> None:
    """Give texts the fonts of their letters, few of which have a bold weight, and their parts the order of reading."""
    for text in texts:
        written = in_reading_order(text.get_text())
        if written != text.get_text():
            text.set_text(written)
        if _missing(written, FONT):
            text.set_fontfamily(families_for(written))
            text.set_fontweight("normal")


def in_reading_order(text: str) -> str:
    """A text with marks of direction round its names in letters from right to left.

    Without them numbers and commas between two such names are drawn on the wrong side of these: "1 name; 2 name" as
    "1 2 ;name name".
    """
    if text.isascii():
        return text
    lines = [line.replace(LEFT_TO_RIGHT, "") for line in text.split("\n")]
    marked = [RIGHT_TO_LEFT.sub(rf"\g<0>{LEFT_TO_RIGHT}", line) for line in lines]
    return "\n".join(LEFT_TO_RIGHT + new if new != old else old for new, old in zip(marked, lines, strict=True))


class NameKey:
    """Numbers for words that cannot be written, in the order in which they are met."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def written(self, text: str) -> str:
        """The text with ``[1]`` for the first word that cannot be written, ``[2]`` for the second."""
        return text if is_writable(text) else re.sub(r"\S+", self._number, text)

    def _number(self, found: re.Match[str]) -> str:
        word = found[0]
        core = word.strip("()[],.:;")
        if is_writable(word) or not core:
            return word
        return word.replace(core, f"[{self.numbers.setdefault(core, len(self.numbers) + 1)}]")

    def number_axes(self, ax: Axes) -> None:
        """Write the words and the tick labels of one panel so that they can be read."""
        for axis in (ax.xaxis, ax.yaxis) if ax.axison else ():
            labels = [label.get_text() for label in axis.get_ticklabels()]
            written = [in_reading_order(self.written(label)) for label in labels]
            if written != labels:
                axis.set_ticks(axis.get_majorticklocs(), written)
            set_scripts(axis.get_ticklabels())
        for text in ax.findobj(Text):
            if isinstance(text, Text) and not is_writable(text.get_text()):
                text.set_text(self.written(text.get_text()))

    def sentences(self) -> list[str]:
        """What the numbers stand for, for the alternative text; none where there are none."""
        return [f"[{number}]: {word}." for word, number in self.numbers.items()]
