"""Masks hide single answers, and cancel in the total."""

import numpy as np
import pytest

from kap_analysis.errors import AnalysisError
from kap_analysis.pooling.masks import PRIME, bits_below, fingerprint, masked, new_secret, public_key, total

REQUEST = "ab" * 32


def probably_prime(n):
    """Miller and Rabin's test with twelve bases."""
    d, twos = n - 1, 0
    while d % 2 == 0:
        d, twos = d // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(base, d, n)
        if x not in (1, n - 1) and not any((x := x * x % n) == n - 1 for _ in range(twos - 1)):
            return False
    return True


def test_the_group_is_that_of_rfc_3526():
    assert PRIME.bit_length() == 2048
    assert f"{PRIME:X}".startswith("FFFFFFFFFFFFFFFFC90FDAA22168C234")  # 64 ones, then the digits of pi
    assert f"{PRIME:X}".endswith("15728E5A8AACAA68FFFFFFFFFFFFFFFF")
    assert probably_prime(PRIME)
    assert probably_prime((PRIME - 1) // 2)


def answers(sums, bits, request=REQUEST, secrets=None):
    secrets = secrets or {name: new_secret() for name in sums}
    keys = {name: public_key(secret) for name, secret in secrets.items()}
    return {
        name: masked(one, bits, practice=name, secret=secrets[name], keys=keys, request=request)
        for name, one in sums.items()
    }


def test_masks_cancel_in_the_total():
    sums = {"A": np.array([1.5, -2.25, 0.0]), "B": np.array([4.0, 1e5, -7.0]), "Ü ber": np.array([0.5, 0.25, 3.0])}
    found = total(list(answers(sums, 40).values()), 40)
    assert found == pytest.approx([6.0, 1e5 - 2.0, -4.0], abs=1e-11)


def test_one_answer_alone_is_noise():
    n = 4_000
    one = answers({"A": np.zeros(n), "B": np.zeros(n)}, 40)["A"] / 2.0**64
    assert abs(one.mean() - 0.5) < 5 * np.sqrt(1 / 12 / n)
    assert abs(one.var() - 1 / 12) < 0.01


def test_the_masks_of_two_requests_have_nothing_in_common_and_a_repeated_round_gives_the_same():
    secrets = {name: new_secret() for name in "AB"}
    sums = {name: np.zeros(50) for name in "AB"}
    first, again = (answers(sums, 40, secrets=secrets)["A"] for _ in range(2))
    other = answers(sums, 40, request="cd" * 32, secrets=secrets)["A"]
    assert np.array_equal(first, again)
    assert not (first == other).any()


def test_a_sum_that_does_not_fit_and_a_key_that_is_not_ones_own_are_refused():
    with pytest.raises(AnalysisError, match="too large"):
        answers({"A": np.array([2.0**30]), "B": np.zeros(1)}, 40)
    with pytest.raises(AnalysisError, match="too large"):
        answers({"A": np.array([np.nan]), "B": np.zeros(1)}, 40)
    keys = {name: public_key(new_secret()) for name in "AB"}
    with pytest.raises(AnalysisError, match="another key of practice A"):
        masked(np.zeros(1), 40, practice="A", secret=new_secret(), keys=keys, request=REQUEST)
    secret = new_secret()
    with pytest.raises(AnalysisError, match="a key that is none"):
        masked(np.zeros(1), 40, practice="A", secret=secret, keys={"A": public_key(secret), "B": "1"}, request=REQUEST)


def test_bits_leave_room_for_the_bound():
    assert bits_below(2.0**22) == 40
    assert bits_below(0.0) == 61


def test_a_fingerprint_tells_the_same_rows_and_only_to_its_owner():
    one, other = new_secret(), new_secret()
    assert fingerprint(one, b"rows") == fingerprint(one, b"rows")
    assert len({fingerprint(one, b"rows"), fingerprint(one, b"row"), fingerprint(other, b"rows")}) == 3
