"""Text from data shows as it is in every medium."""

import pytest

from kap_analysis.report.notebook_page import answer_to_html, markdown_to_html
from kap_analysis.writing.escapes import from_markdown, markdown_text, visible, without_links

INJECTED = [
    "![A](http://x.example/a.png)",
    "[B](javascript:alert(1))",
    "<script>alert(1)</script>",
    "<http://x.example>",
    "**bold** _it_ `code` $x^2$ ~~out~~",
    "&lt;b&gt; a|b",
    "a\\[b",
    "[ref]: http://x.example",
]


@pytest.mark.parametrize("text", INJECTED)
def test_markdown_shows_a_text_as_it_is(text):
    html = markdown_to_html(markdown_text(text))
    assert not any(tag in html for tag in ("<img", "<a ", "<script", "<strong", "<em", "<code", "<del"))
    assert from_markdown(markdown_text("a [1] and b_c, 5 < 6 & d")) == "a [1] and b_c, 5 < 6 & d"


@pytest.mark.parametrize("text", INJECTED)
def test_what_a_cell_gave_makes_no_link_and_no_picture(text):
    html = answer_to_html(f"Practice {text} has 3 patients. **Kept.**")
    assert not any(tag in html for tag in ("<img", "<a ", "<script"))
    assert "<strong>Kept.</strong>" in html


def test_escapes_and_changes_of_direction_become_readable():
    assert visible("a\x1b[31m\u202eb\n\N{LATIN SMALL LETTER E WITH ACUTE}") == "a\\x1b[31m\\u202eb\né"
    assert without_links("see [a](b)\x1b") == "see \\[a\\](b)\\x1b"
