"""Sentences as a notebook shows them: text from data is text."""

from dataclasses import dataclass, field

import pandas as pd

from kap_analysis.writing.escapes import markdown_text


@dataclass(frozen=True, slots=True, repr=False)
class Prose:
    """Paragraphs and small tables: ``str()`` gives them as they are, a notebook shows them set."""

    plain: str
    markdown: str = field(repr=False)

    def __str__(self) -> str:
        return self.plain

    def __repr__(self) -> str:
        return self.plain

    def _repr_markdown_(self) -> str:
        return self.markdown


def prose(first: object, *more: object) -> Prose:
    """Show sentences in a notebook as they are: no name in the data becomes a link, a picture, emphasis or a formula.

    Parameters
    ----------
    first, *more : object
        Each becomes a paragraph: a text, or a result, of which it is the ``paragraph``. A frame becomes a table
        without its index.

    Returns
    -------
    Prose
        What a notebook shows as paragraphs one below the other; ``str()`` gives the plain text.

    Examples
    --------
    >>> import kap_analysis as kap
    >>> shown = kap.prose("Practice [North](http://example.org) has 3 patients.")
    >>> print(shown)
    Practice [North](http://example.org) has 3 patients.
    """
    both = [_table(part) if isinstance(part, pd.DataFrame) else _paragraph(part) for part in (first, *more)]
    return Prose(*("\n\n".join(texts) for texts in zip(*both, strict=True)))


def _paragraph(part: object) -> tuple[str, str]:
    plain = str(getattr(part, "paragraph", part))
    return plain, "\n\n".join(markdown_text(one) for one in plain.split("\n\n"))


def _table(frame: pd.DataFrame) -> tuple[str, str]:
    shown = frame.rename(columns=lambda name: markdown_text(str(name)))
    cells = shown.map(lambda cell: markdown_text(cell) if isinstance(cell, str) else cell)
    return frame.to_string(index=False), cells.to_markdown(index=False)
