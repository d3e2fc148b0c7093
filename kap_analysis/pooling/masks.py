"""Masks that hide the sums of one practice and cancel in the total of all: nobody reads a single answer.

Each pair of practices shares a secret that nobody else knows (Diffie & Hellman 1976, doi:10.1109/TIT.1976.1055638, in
the 2048-bit group 14 of RFC 3526). From it and the hash of the request both draw the same random whole numbers, which
one adds to its sums and the other subtracts (Bonawitz et al. 2017, doi:10.1145/3133956.3133982, without their recovery
of practices that drop out: the rest are asked again). Sums are whole multiples of a power of 2, counted modulo 2^64: a
masked sum is as random as its mask, and the total is exact.
"""

import hashlib
import hmac
import math
import re
import secrets
from collections.abc import Mapping
from typing import Any

import numpy as np

from kap_analysis.errors import AnalysisError

PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D"
    "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)
GENERATOR = 2
#: Bits of a sum with its sign, one of 64 being left as room.
BITS = 62


def new_secret() -> str:
    """A random secret of 256 bits, as hexadecimal text."""
    return secrets.token_hex(32)


def public_key(secret: str) -> str:
    """What a practice sends of its secret: nobody can work back."""
    return f"{pow(GENERATOR, int(secret, 16), PRIME):0512x}"


def is_secret(found: Any) -> bool:
    """Whether this is a secret as `new_secret` makes them."""
    return isinstance(found, str) and bool(re.fullmatch(r"[0-9a-f]{64}", found)) and int(found, 16) > 1


def is_key(found: Any) -> bool:
    """Whether this can be the public key of somebody: 1 and the number below the prime would make the mask known."""
    return isinstance(found, str) and bool(re.fullmatch(r"[0-9a-f]{512}", found)) and 1 < int(found, 16) < PRIME - 1


def fingerprint(secret: str, rows: bytes) -> str:
    """What tells that rows are the same as before, to those who do not know them."""
    return hmac.new(bytes.fromhex(secret), rows, hashlib.sha256).hexdigest()


def bits_below(bound: float) -> int:
    """Bits behind the point for sums whose total stays below a bound."""
    return max(0, BITS - math.ceil(math.log2(max(bound, 2.0))))


def masked(
    sums: np.ndarray, bits: int, *, practice: str, secret: str, keys: Mapping[str, str], request: str
) -> np.ndarray:
    """The sums (n,) of a practice as whole numbers modulo 2^64, masked against every other practice.

    Parameters
    ----------
    bits : int
        Bits behind the point.
    keys : mapping
        Public keys of all practices that answer the request, the own one among them.
    request : str
        Its hash: the masks of two requests have nothing in common.

    Raises
    ------
    AnalysisError
        When the own key is not among the keys, or a sum is too large.
    """
    if keys.get(practice) != public_key(secret):
        raise AnalysisError(
            f"The request knows another key of practice {practice}: the secret is not the one of the first round. "
            "Give the file of secrets that was written then."
        )
    if not np.isfinite(sums).all() or np.abs(sums).max(initial=0.0) * 2.0**bits * len(keys) >= 2.0**BITS:
        raise AnalysisError("A sum is too large for the exchange: are all scores and covariates in their usual units?")
    out = np.rint(sums * 2.0**bits).astype(np.int64).view(np.uint64).copy()
    for other, key in keys.items():
        if other == practice:
            continue
        mask = _mask(secret, key, request, len(sums))
        out = out + mask if practice < other else out - mask
    return out


def mark(secret: str, key: str, request: str, sums: str) -> str:
    """What shows one other practice, and nobody else, that these sums are the answer to this request."""
    return hmac.new(_shared(secret, key), bytes.fromhex(request) + sums.encode("ascii"), hashlib.sha256).hexdigest()


def _shared(secret: str, key: str) -> bytes:
    """What two practices know alone."""
    if not is_key(key):
        raise AnalysisError("The request holds a key that is none; ask the coordinator for it again.")
    return pow(int(key, 16), int(secret, 16), PRIME).to_bytes(256, "big")


def _mask(secret: str, key: str, request: str, n: int) -> np.ndarray:
    stream = hashlib.shake_256(_shared(secret, key) + bytes.fromhex(request)).digest(8 * n)
    return np.frombuffer(stream, dtype="<u8").astype(np.uint64)


def total(parts: list[np.ndarray], bits: int) -> np.ndarray:
    """The sums over all practices (n,): the masks cancel."""
    whole = np.zeros(len(parts[0]), dtype=np.uint64)
    for part in parts:
        whole = whole + part
    return whole.view(np.int64) / 2.0**bits
