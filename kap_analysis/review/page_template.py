"""What the pages share: their templates, their style, and how a page is written."""

from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kap_analysis.errors import ReportError
from kap_analysis.figures.page.style import THEMES
from kap_analysis.review.glossary import explain_words
from kap_analysis.version import __version__
from kap_analysis.whole_folder import write_whole_file
from kap_analysis.writing.escapes import visible
from kap_analysis.writing.names import isolated
from kap_analysis.writing.numbers import (
    count,
    count_of,
    count_percent,
    interval,
    number,
    percent,
    percent_interval,
    plural,
    rate,
)
from kap_analysis.writing.sentences import full_stop, sentence_case, within_sentence
from kap_analysis.writing.small_numbers import FEWEST


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("kap_analysis", "review/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "count": count,
        "full_stop": full_stop,
        "isolated": isolated,
        "number": number,
        "percent": percent,
        "rate": rate,
        "sentence": sentence_case,
        "within_sentence": within_sentence,
    }
    made.globals |= {
        "count_of": partial(count_of, of=" of "),
        "count_percent": count_percent,
        "fewest": FEWEST,
        "interval": interval,
        "percent_interval": percent_interval,
        "plural": plural,
        "version": __version__,
    }
    return made


def fill_page(template: str, **values: Any) -> str:
    """A page as HTML, at its end the words on it that need explaining."""
    style, script = Markup(read_style()), Markup(read_template("values.js"))
    fill = partial(environment().get_template(template).render, style=style, script=script, **values)
    return visible(fill(glossary=explain_words(fill(glossary=[]))))


def read_template(name: str) -> str:
    return (files("kap_analysis") / "review" / "templates" / name).read_text(encoding="utf-8")


def read_style() -> str:
    """The style of both pages, with the colours of the figures in light and in dark."""
    style = read_template("review.css")
    for name, theme in THEMES.items():
        values = [f"--{arm}: {look.colour}" for arm, look in theme.formats.items()]
        values += [f"--better: {theme.better}", f"--worse: {theme.worse}"]
        style = style.replace(f"/* colours: {name} */", "; ".join(values) + ";")
    return style


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as a template reads them."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def replace_file(path: Path, content: str) -> None:
    """Write a file as a whole, which its owner alone can read."""
    try:
        write_whole_file(path, content, mode=0o600)
    except OSError as error:
        raise ReportError(f"{path} cannot be written ({error.strerror}); nothing was changed.") from error
