"""How alike patients are: k and l against their definitions, and the steps to a target k."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from kap_analysis.intake.identification.anonymity import classes_of, diversity_of, steps_to

NAMES = ["practice", "age", "sex"]


def drawn(seed: int, n: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    columns = {
        "practice": ["A", "B", ""],
        "age": ["34", "35", "61"],
        "sex": ["female", "male"],
        "diagnosis": list("xyz"),
    }
    return pd.DataFrame({name: rng.choice(values, n) for name, values in columns.items()})


@pytest.mark.parametrize("seed", range(5))
def test_k_and_l_are_those_of_their_definitions(seed):
    """k: the fewest patients who share all values; l: the fewest distinct sensitive values among such patients."""
    patients = drawn(seed)
    rows = patients.to_dict("records")
    alike = [[r for r in rows if all(r[n] == one[n] for n in NAMES)] for one in rows]
    k = min(len(group) for group in alike)
    distinct = min(len({r["diagnosis"] for r in group}) for group in alike)
    classes = classes_of(patients, NAMES)
    assert classes["n_patients"].min() == k and classes["n_patients"].sum() == len(rows)
    assert diversity_of(patients, NAMES, ["diagnosis"]).to_records(index=False).tolist() == [("diagnosis", distinct)]


@pytest.mark.parametrize(("seed", "k"), list(product(range(3), (2, 5, 10))))
def test_the_steps_reach_the_target(seed, k):
    """After the last step every class that is left has at least k patients."""
    patients = drawn(seed, n=60)
    steps = steps_to(patients, NAMES, k)
    assert steps["n_in_smaller_classes"].iloc[-1] == 0 and steps["smallest_class"].iloc[-1] >= k
    at_first = classes_of(patients, NAMES)["n_patients"]
    assert steps.iloc[0].to_list() == ["as it is", at_first.min(), at_first[at_first < k].sum()]


def test_without_quasi_identifiers_all_patients_are_alike():
    patients = drawn(0)
    assert classes_of(patients, [])["n_patients"].to_list() == [len(patients)]
    assert diversity_of(patients, [], ["diagnosis"])["l"].to_list() == [3]
