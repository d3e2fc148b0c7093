"""Import a REDCap project of 50,000 records with repeating instruments: seconds and peak memory, on standard output.

    python benchmarks/large_import.py [--records 50000]

The limit is a minute and 2 GiB. The records are made up.
"""

import argparse
import csv
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.study_import import import_study

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


def main() -> None:
    """Write, draft, fill and import; print rows, seconds of the processor and of the clock, and the peak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=50_000)
    n_records = parser.parse_args().records
    with tempfile.TemporaryDirectory() as name:
        place, told = Path(name), []
        rows = write_project(place / "data.csv", n_records)
        clock, processor = time.perf_counter(), time.process_time()
        text = draft_map(place / "data.csv").text
        for column, values in {"sex": ("female", "male"), "sess_format": ("individual", "group")}.items():
            head, tail = text.split(f'[table.values."{column}"]', 1)
            for value in values:
                tail = tail.replace('"?"', f'"{value}"', 1)
            text = f'{head}[table.values."{column}"]{tail}'
        (place / "map.toml").write_text(text.replace('cohorts = "slot"', 'cohorts = "none"'), encoding="utf-8")
        made = import_study(place / "data.csv", place / "map.toml", place / "study", progress=lambda *s: told.append(s))
        seconds, cpu = time.perf_counter() - clock, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    found = {"records": n_records, "rows": rows, "placed": int(made.ledger["n_rows"].sum()), "steps": len(told)}
    found |= {"seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1), "peak_gib": round(peak, 2)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
