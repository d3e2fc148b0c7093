"""How a verb that was stopped ends: with the exit code that the shell expects of its signal."""

import signal
from typing import Final

#: The signals that ended this process so far: what fails after one fails because of it, whatever it calls itself.
stopped_by: Final[list[int]] = []


def stop(number: int, _: object) -> None:
    """Note a signal and end what runs: the handler of Ctrl-C and SIGTERM."""
    stopped_by.append(number)
    raise KeyboardInterrupt


def stopped_code() -> int:
    """128 and the number of the first signal: 130 after Ctrl-C, 143 after SIGTERM."""
    return 128 + (stopped_by[0] if stopped_by else signal.SIGINT)
