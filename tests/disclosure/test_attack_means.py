"""What means tell of withheld numbers of patients, by trying every number in their place."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.disclosure.attack import attack_frames
from kap_analysis.disclosure.attack_means import rows_told_by_means


def scored(n_individual: int, n_group: int, seed: int) -> pd.DataFrame:
    """Whole scores of both formats and of all, at baseline, where nobody is missing, and at month 3."""
    rng = np.random.default_rng(seed)
    whole = {"individual": rng.integers(10, 45, 33), "group": rng.integers(5, 40, 22)}
    later = {"individual": rng.integers(0, 30, n_individual), "group": rng.integers(0, 20, n_group)}
    rows = []
    for visit, by_format in (("baseline", whole), ("month 3", later)):
        for name, values in {"all": np.concatenate([*by_format.values()]), **by_format}.items():
            rows.append([visit, name, len(values), values.mean(), values.std(ddof=1)])
    return pd.DataFrame(rows, columns=["visit", "format", "n_patients", "mean", "sd"])


def without(frame: pd.DataFrame, *, of_all: bool) -> pd.DataFrame:
    """As a gate would show it that withholds the numbers of month 3, with or without the mean of all."""
    later = frame["visit"] == "month 3"
    shown = frame.round({"mean": 1, "sd": 1}).assign(n_patients=frame["n_patients"].where(~later).astype(float))
    lost = later & (frame["format"] == "all") & (not of_all)
    shown.loc[lost, ["mean", "sd"]] = np.nan
    return shown


def test_the_mean_of_all_tells_that_somebody_is_left_out_and_the_means_of_the_formats_do_not():
    told = [rows_told_by_means(f, without(f, of_all=True))[1] for f in (scored(26, 12, seed) for seed in range(20))]
    kept = [rows_told_by_means(f, without(f, of_all=False)) for f in (scored(26, 12, seed) for seed in range(20))]
    assert sum(map(bool, told)) > 5
    assert [rows for _, rows in kept] == [[]] * 20
    assert {tried for tried, _ in kept} == {5}


def test_the_attack_on_all_frames_counts_them():
    frame = next(f for f in (scored(26, 12, s) for s in range(20)) if rows_told_by_means(f, without(f, of_all=True))[1])
    found = attack_frames([(frame, without(frame, of_all=True))])
    assert found.n_found > 0 and found.found_in == (0,) and found.n_means == 6


@pytest.mark.parametrize(("decimals", "is_told"), [(1, False), (3, True)])
def test_a_mean_with_all_its_digits_tells_its_number(decimals, is_told):
    frame = pd.DataFrame({"format": ["individual"], "n_patients": [23], "mean": [297 / 23], "sd": [7.9]})
    shown = frame.round({"mean": decimals}).assign(n_patients=np.nan)
    assert rows_told_by_means(frame, shown) == (1, [0] if is_told else [])


def test_numbers_that_are_shown_are_not_told_by_means():
    frame = scored(26, 12, 1)
    assert rows_told_by_means(frame, frame) == (6, [])
