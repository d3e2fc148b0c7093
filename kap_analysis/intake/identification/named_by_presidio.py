"""Microsoft's Presidio, where it and an English language model are installed: names of persons among words.

Only its language model is asked, and only for persons. Its other recognisers are not: one fetches a list from the web.
"""

from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Final

MOST_ASKED: Final = 1000
#: The share of a column's words that must be names: a language model takes single words for names now and then.
LEAST_NAMES: Final = 0.2
_LONGEST: Final = 300


def installed_model() -> str:
    """Return the largest English model of spaCy that is installed beside Presidio, or an empty text.

    Presidio would fetch a model that is not there; so it is asked only with one that is.
    """
    if find_spec("presidio_analyzer") is None or find_spec("spacy") is None:
        return ""
    names = [one.name for one in entry_points(group="spacy_models") if one.name.startswith("en_core_web_")]
    sizes = ("_lg", "_md", "_sm")
    return min(sorted(names), key=lambda name: next((n for n, size in enumerate(sizes) if size in name), 9), default="")


def n_names(texts: Sequence[str], model: str) -> int:
    """Return how many texts hold a name of a person in the eyes of a model; 0 if too few of them do for a column."""
    asked = [text[:_LONGEST] for text in texts[:MOST_ASKED] if any(c.isalpha() for c in text)]
    names = sum(_asker(model)(text) for text in asked)
    return names if asked and names >= LEAST_NAMES * len(asked) else 0


@cache
def _asker(model: str) -> Callable[[str], bool]:
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    said = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": model}]}
    engine = NlpEngineProvider(nlp_configuration=said).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
    return lambda text: bool(analyzer.analyze(text, language="en", entities=["PERSON"]))
