"""Text from data is text: what a medium would read as a command is written so that it shows as it is.

A terminal gets its text by ``cli/say.py``, a notebook by ``prose``. HTML has ``html.escape`` of the standard library,
and a whole page passes ``visible``; LaTeX has its own table in ``tables/page/latex.py``; in figures no text is read as
mathematics, and matplotlib escapes what it writes into SVG. The frames of figures and tables pass ``visible`` where
they are checked.
"""

import re
import unicodedata

_UNSEEN = ("Cc", "Cf", "Zl", "Zp")
#: What turns nothing: line breaks, joined letters, and the marks by which ``isolated`` keeps a name to itself.
_KEPT = "\n\t\u200c\u200d\N{SOFT HYPHEN}\N{FIRST STRONG ISOLATE}\N{POP DIRECTIONAL ISOLATE}"


def visible(text: str) -> str:
    """Return a text whose control characters and changes of direction can be read: ``\\x1b`` instead of an escape."""
    if text.isprintable():
        return text
    unseen = {one for one in set(text) if one not in _KEPT and unicodedata.category(one) in _UNSEEN}
    return text.translate({ord(one): one.encode("unicode_escape").decode("ascii") for one in unseen})


def markdown_text(text: str) -> str:
    """Return one line of Markdown that shows the text as it is: no link, picture, emphasis, formula or HTML of it."""
    text = re.sub(r"([\\`*|$\[\]])", r"\\\1", " ".join(visible(text).split("\n")))
    # Between letters an underscore is only itself, and so is a tilde between spaces.
    text = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)
    text = re.sub(r"~(?=\S)|(?<=\S)~", r"\\~", text)
    text = re.sub(r"&(?=[#\w]+;)", "&amp;", text)
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text).replace("://", ":\\//")


def without_links(markdown: str) -> str:
    """Return Markdown in which no brackets make a link or a picture, whoever wrote it; emphasis stays."""
    return re.sub(r"(?<!\\)([\[\]<])", r"\\\1", visible(markdown)).replace("://", ":\\//")


def from_markdown(text: str) -> str:
    """Return the plain text of a line of Markdown: without emphasis, code marks and backslashes before signs."""
    plain = re.sub(r"\*\*|(?<!\\)`", "", text)
    plain = re.sub(r"\\([\\`*|$\[\]_~</])", r"\1", plain)
    return plain.replace("&lt;", "<").replace("&amp;", "&")
