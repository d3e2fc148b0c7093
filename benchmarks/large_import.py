"""Import a REDCap project of 50,000 records with repeating instruments: seconds and peak memory.

    python benchmarks/large_import.py [--records 50000]

The limit for map and first import is a minute and 2 GiB. The records are made up.
"""

import argparse
import csv
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from results_files import say, table, versions, write

from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.study_import import import_study

MOST_SECONDS, MOST_GIB = 60, 2
HEADER = [
    "record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "sex", "sess_date",
    "sess_format", "sess_dose", "quest_date", *(f"phq9_{n}" for n in range(1, 10)), "bdi2_total",
]  # fmt: skip


def write_project(path: Path, n_records: int, seed: int = 1) -> int:
    """Write one row per record, three ketamine sessions and three days with questionnaires; return the rows."""
    rng = np.random.default_rng(seed)
    starts = np.datetime64("2022-01-01") + rng.integers(0, 700, n_records)
    answers, totals = rng.integers(0, 4, (n_records, 3, 9)).astype(str), rng.integers(0, 64, (n_records, 3)).astype(str)
    formats, sexes = rng.integers(1, 3, n_records).astype(str), rng.integers(1, 3, n_records).astype(str)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for n in range(n_records):
            key = str(100_000 + n)
            writer.writerow([key, "enrolment_arm_1", "", "", sexes[n], *[""] * 14])
            for k in range(3):
                day = str(starts[n] + 14 * k)
                writer.writerow([key, "course_arm_1", "ketamine_session", k + 1, "", day, formats[n], "80", *[""] * 11])
            for k in range(3):
                day = str(starts[n] - 5 + 35 * k)
                row = [key, "course_arm_1", "questionnaires", k + 1, "", "", "", "", day, *answers[n, k], totals[n, k]]
                writer.writerow(row)
    return 7 * n_records


def filled(text: str) -> str:
    """Fill the lines that the draft of the project's map leaves open."""
    for column, values in {"sex": ("female", "male"), "sess_format": ("individual", "group")}.items():
        head, tail = text.split(f'[table.values."{column}"]', 1)
        for value in values:
            tail = tail.replace('"?"', f'"{value}"', 1)
        text = f'{head}[table.values."{column}"]{tail}'
    return text.replace('cohorts = "?"', 'cohorts = "none"')


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Run; return the result, the seconds of the clock, and those of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    done = work()
    return done, time.perf_counter() - clock, time.process_time() - processor


def peak_gib() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Write a project; draft its map, import it, import it again; write seconds and peak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=50_000)
    n_records = parser.parse_args().records
    steps: list[tuple[int, int, str]] = []

    def progress(done: int, of: int, what: str) -> None:
        steps.append((done, of, what))
        say(f"{done} of {of}: {what}")

    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        n_rows = write_project(place / "data.csv", n_records)
        files = (place / "data.csv", place / "map.toml", place / "study")
        draft, *drafted = timed(lambda: draft_map(files[0], progress=progress))
        files[1].write_text(filled(draft.text), encoding="utf-8")
        first, *imported = timed(lambda: import_study(*files, progress=progress))
        n_steps, peak = len(steps), peak_gib()
        again, *updated = timed(lambda: import_study(*files))
    assert int(first.ledger["n_rows"].sum()) == n_rows and again.changes.empty
    taken = {"kap map": drafted, "kap import, a new study": imported, "kap import, the same again": updated}
    rows = [[work, f"{clock:.0f}", f"{cpu:.0f}"] for work, (clock, cpu) in taken.items()]
    both = drafted[1] + imported[1]
    is_met = both < MOST_SECONDS and peak < MOST_GIB
    text = (
        f"A REDCap project of {n_records:,} records with repeating instruments, {n_rows:,} rows. The CPU time "
        f"is what a busy machine changes least; its load (1 minute) was {os.getloadavg()[0]:.1f}.\n\n"
        f"{table(['work', 'seconds', 'CPU seconds'], rows)}\n\n"
        f"Map and first import: {both:.0f} CPU seconds, a peak of {peak:.2f} GiB, {n_steps} steps of progress; "
        f"required: under {MOST_SECONDS} seconds and {MOST_GIB} GiB. {'Met' if is_met else 'Not met'}."
    )
    write("large_import", {"versions": versions(), "rows": n_rows, "seconds": taken, "peak_gib": peak}, text)


if __name__ == "__main__":
    main()
