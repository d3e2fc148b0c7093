"""Which factors lie within others: classes within schools, so that a mean of a school is one over its own classes.

The rules are those of emmeans. A factor is nested in another when each of its levels is seen with one level of the
other only, or when the formula gives it no effect of its own but one within the other, as ``a + a:b`` does to b.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from kap_analysis.mixed.formula.formula import Part

Nests = dict[str, list[str]]


def find_nests(codes: pd.DataFrame, part: Part) -> Nests:
    """The factors that each nested factor lies in.

    Parameters
    ----------
    codes : pandas.DataFrame
        (rows, factors): level codes of the factors with two levels or more, in the order of the formula.
    part : Part
        The fixed part.
    """
    seen = codes.drop_duplicates()
    nests: Nests = {}
    for name in codes.columns:
        others = [other for other in codes.columns if other != name and name not in nests.get(other, [])]
        within = [other for other in others if seen.groupby(name)[other].nunique().max() == 1]
        if within:
            nests[name] = within
    for name, within in _nests_of_formula(list(codes.columns), part).items():
        nests[name] = list(dict.fromkeys([*nests.get(name, []), *within]))
    for name in nests:
        outer = [far for near in nests[name] for far in nests.get(near, [])]
        nests[name] = list(dict.fromkeys([*outer, *nests[name]]))
    return {name: within for name, within in nests.items() if name not in within}


def _nests_of_formula(names: Sequence[str], part: Part) -> Nests:
    """Factors without a main effect: in their terms, the factors that are there without them are what they lie in."""
    terms = [frozenset(factor.text for factor in term) & set(names) for term in part.terms]
    whole = {frozenset(factor.text for factor in term) for term in part.terms}
    found: Nests = {}
    for name in names:
        if not any(name in term for term in terms) or frozenset([name]) in terms:
            continue
        own = [term for term in terms if name in term]
        reduced = [term for term in own if term - {name} in whole]
        within = [frozenset(v for v in term - {name} if term - {v} not in whole) for term in reduced or own]
        fewest = [one for one in within if not any(other < one for other in within)]
        if any(fewest):
            found[name] = [v for v in names if any(v in one for one in fewest)]
    return found


def counts_of(codes: pd.DataFrame, sizes: Mapping[str, int], columns: Sequence[str]) -> np.ndarray:
    """How many rows have each combination of levels: one axis per column."""
    shape = [sizes[column] for column in columns]
    if not columns:
        return np.asarray(len(codes))
    keys = np.ravel_multi_index(tuple(codes[column].to_numpy() for column in columns), shape)
    return np.bincount(keys, minlength=int(np.prod(shape))).reshape(shape)
