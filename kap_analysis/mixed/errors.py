"""What goes wrong in a mixed model, said in one sentence."""

import difflib
from collections.abc import Iterable


class MixedModelError(ValueError):
    """The model cannot be built or fitted as it was asked for; the message says what to change."""


class MixedModelWarning(UserWarning):
    """The model was fitted, and something about it should be known."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that offers the known name closest to `name`, or lists the known ones."""
    names = [str(k) for k in known]
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    if close:
        return f"Did you mean {close[0]!r}?"
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f"There are: {shown}."
