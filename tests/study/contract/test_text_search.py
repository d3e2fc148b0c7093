"""A few texts are searched by Python and many by Arrow: what is found is the same."""

import numpy as np
import pyarrow as pa
import pytest

from kap_analysis.study.contract import identifiers, text_search
from tests.study.contract.test_identifiers import LABELS, PLANTED, SENTENCES

PATTERNS = [pattern for _, pattern in identifiers._DATED] + [
    identifiers._MAY_BE_ONE,
    identifiers._MAY_BE_A_NAME,
    r"^\P{N}*\p{L}{3}\P{N}*$",
    r"\p{N}",
    "^[A-Za-z0-9_.:;+-]{1,8}$",
]
PIECES = [*"aZ019 .,:-_/@#()+;'$", "Jan", "2024", "555", "street", "www", "tel", "MRN", "weg ", "@b.", "//"]


def drawn(seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    made = ["".join(rng.choice(PIECES, int(rng.integers(0, 9)))) for _ in range(2500)]
    cut = [one[at:] + other[:at] for one, other in zip(PLANTED, LABELS, strict=False) for at in range(1, 8)]
    return [*PLANTED, "51.5074, -0.1278", *LABELS, *SENTENCES, *made, *cut]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_python_and_arrow_find_the_same(pattern):
    texts = drawn(7)
    at_once = text_search.matches(pa.array(texts), pattern)
    in_parts = [text_search.matches(pa.array(texts[at : at + 250]), pattern) for at in range(0, len(texts), 250)]
    assert np.concatenate(in_parts).tolist() == at_once.tolist()
    assert 0 < at_once.sum() < len(texts)


def test_a_missing_text_has_no_match():
    assert text_search.matches(pa.array(["a", None, ""], type=pa.string()), "").tolist() == [True, False, True]
