"""No line of text fills a machine: each bound of a formula has its sentence, and usual formulas are within."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.bounds import MOST_TERMS, terms_of
from kap_analysis.mixed.model import mixedlm

TWELVE = [f"a{i}" for i in range(12)]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(60, 14)), columns=["y", "x", *TWELVE])
    return table.assign(level=[f"l{i}" for i in range(60)])


@pytest.mark.parametrize(
    ("fixed", "sentence"),
    [
        ("bs(x, df=100000)", r"bs\(\) takes at most 100 degrees of freedom"),
        ("bs(x, 100000)", r"bs\(\) takes at most 100 degrees of freedom"),
        ("poly(x, 10*10000)", r"poly\(\) takes at most 100 degrees of freedom"),
        ("I('a'*1000000000)", "a text or a list cannot be calculated with"),
        ("I([1]*1000000000)", "a text or a list cannot be calculated with"),
        (f"I({'+'.join(['x'] * 1000)})", "more than 100 operations stand in one another"),
        (f"{'(' * 50}x{')' * 50}", "brackets stand in more than 20 others here"),
        (f"({'+'.join(TWELVE)})**10", "asks for more than 1,000 terms"),
        (f"({'+'.join(TWELVE)})^10", "asks for more than 1,000 terms"),
        ("*".join(TWELVE), "asks for more than 1,000 terms"),
        ("+".join(["x"] * 1001), "asks for more than 1,000 terms"),
        ("+".join(f"I(x+{n})" for n in range(1500)), "asks for more than 1,000 terms"),
        (f"I({'+'.join(f'x{n}' for n in range(1500))})", "more than 1,000 columns stand in one expression"),
        ("x" * 30_000, r"The formula has 30,002 characters; at most 20,000 are read\."),
    ],
)
def test_each_bound_has_its_sentence(rows: pd.DataFrame, fixed: str, sentence: str) -> None:
    with pytest.raises(MixedModelError, match=sentence):
        mixedlm(f"y~{fixed}", rows)


def test_a_factor_of_too_many_levels_is_sent_to_the_groupings() -> None:
    rows = pd.DataFrame({"y": np.arange(6000.0), "level": [f"l{i // 2}" for i in range(6000)]})
    with pytest.raises(MixedModelError, match=r"asks for 3,000 columns .* write \(1 \| column\)"):
        mixedlm("y ~ level", rows)


@pytest.mark.parametrize(
    ("words", "n"), [("a+b*c", 4), ("(a+b+c)**2", 6), ("(a+b+c)^2 + d", 7), ("a/b", 2), ("a:b", 1), ("0 + a", 2)]
)
def test_terms_are_counted_before_they_are_written_out(words: str, n: int) -> None:
    assert terms_of(words) == n <= MOST_TERMS


def test_usual_formulas_are_within(rows: pd.DataFrame) -> None:
    assert mixedlm("y ~ bs(x, df=5) + a0*a1*a2 + poly(a3, 3)", rows).design.x.shape[1] == 16
