"""A progress bar on standard error, where people look, never in the data on standard output."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kap_analysis.writing.escapes import visible


@contextmanager
def shown_progress(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show a bar while the block runs; give the callable ``(done, total, what)`` that long functions take.

    Where standard error is no terminal, each new ``what`` is one plain line.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True, markup=False, highlight=False)
    if not console.is_terminal:
        seen: list[str] = []

        def say(done: int, total: int, what: str) -> None:
            if what not in seen:
                seen.append(what)
                console.print(visible(f"{title}: {what}"), soft_wrap=True)

        yield say
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    times = (TimeElapsedColumn(), TextColumn("left:"), TimeRemainingColumn())
    with Progress(*columns, *times, console=console, transient=True) as bar:
        task = bar.add_task(visible(title), total=None)
        yield lambda done, total, what: bar.update(
            task, completed=done, total=total, description=visible(f"{title}: {what}")
        )
