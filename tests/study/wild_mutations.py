"""Another mutator, which shares nothing with `mutations`: it changes files as text, as bytes, as Parquet, as files.

Each kind says whether a folder with it must be refused, must at least be told of, or must be let through.
``python -m tests.study.wild_mutations 1000`` tries so many and prints what was judged wrongly.
"""

import os
import random
import re
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from kap_analysis.simulation.simulate import simulate_study
from kap_analysis.simulation.write import write_study
from kap_analysis.study.load import check_study

REFUSED, TOLD, PASSED = "refused", "told", "passed"
Kind = Callable[[Path, random.Random], str]
OPTIONAL = ("items", "diagnoses", "cohorts", "session_measures", "treatments", "adverse_events")
TABLES = ("patients", "sessions", "assessments", *OPTIONAL)
ADDRESS = "jane.doe@mailbox.org"


def lines_of(folder: Path, table: str) -> list[str]:
    return (folder / f"{table}.csv").read_text(encoding="utf-8").splitlines()


def put(folder: Path, table: str, lines: list[str], end: str = "\n") -> None:
    (folder / f"{table}.csv").write_bytes((end.join(lines) + end).encode("utf-8"))


def cell(folder: Path, rng: random.Random, table: str, column: str, text: str) -> None:
    lines = lines_of(folder, table)
    at, row = lines[0].split(",").index(column), rng.randrange(1, len(lines))
    cells = lines[row].split(",")
    cells[at] = text
    put(folder, table, [*lines[:row], ",".join(cells), *lines[row + 1 :]])


def a_quote_swallows_rows(folder, rng):
    table = rng.choice(TABLES)
    lines = lines_of(folder, table)
    row = rng.randrange(1, len(lines) - 1) if len(lines) > 2 else 1
    cells = lines[row].split(",")
    at = rng.randrange(len(cells))
    cells[at] = f'"{cells[at]}'
    put(folder, table, [*lines[:row], ",".join(cells), *lines[row + 1 :]])
    return REFUSED


def two_quotes_hide_rows(folder, rng):
    table = rng.choice(("sessions", "assessments"))
    lines = lines_of(folder, table)
    row = rng.randrange(1, len(lines) - 4)
    first, last = lines[row].split(","), lines[row + 3].split(",")
    first[-1], last[0] = f'"{first[-1]}', f'{last[0]}"'
    put(folder, table, [*lines[:row], ",".join(first), *lines[row + 1 : row + 3], ",".join(last), *lines[row + 4 :]])
    return REFUSED


def a_number_that_is_none(folder, rng):
    text = rng.choice(["1;5", "twelve", "1e400", "9" * 400, "0x10", "--3", "½", "1 2", "2024-01-05"])
    cell(folder, rng, *rng.choice([("sessions", "day"), ("assessments", "day"), ("assessments", "score")]), text)
    return REFUSED


def a_score_beyond_its_range(folder, rng):
    cell(folder, rng, "assessments", "score", rng.choice(["1000", "-1", "99999999", "inf", "nan ", "1e9"]))
    return REFUSED


def a_word_that_is_not_listed(folder, rng):
    cell(folder, rng, *rng.choice([("sessions", "format"), ("sessions", "kind")]), rng.choice(["grp", "?", "0"]))
    return REFUSED


def a_patient_twice(folder, rng):
    lines = lines_of(folder, "patients")
    put(folder, "patients", [*lines, rng.choice(lines[1:])])
    return REFUSED


def rows_of_nobody(folder, rng):
    table = rng.choice([name for name in TABLES if name not in ("patients", "cohorts")])
    cell(folder, rng, table, "patient_id", "ZZ999")
    return REFUSED


def an_address_in_a_cell(folder, rng):
    table = rng.choice(("patients", "sessions", "assessments"))
    cell(folder, rng, table, "patient_id", ADDRESS)
    return REFUSED


def an_address_in_a_column_that_is_not_read(folder, rng):
    table = rng.choice(TABLES)
    head, *rows = lines_of(folder, table)
    told = rng.randrange(len(rows))
    put(folder, table, [f"{head},remark", *(f"{row},{ADDRESS if at == told else ''}" for at, row in enumerate(rows))])
    return TOLD


def no_file_in_the_place_of_a_table(folder, rng):
    path = folder / f"{rng.choice(OPTIONAL)}{rng.choice(['.csv', '.parquet'])}"
    path.unlink(missing_ok=True)
    what = rng.randrange(4)
    if what == 0:
        path.mkdir()
    elif what == 1:
        os.mkfifo(path)
    elif what == 2:
        path.symlink_to(folder / "gone.csv")
    else:
        place = Path.cwd()
        os.chdir(folder)  # the path of a socket is short
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
        os.chdir(place)
    return REFUSED


def a_table_as_parquet(folder, rng):
    name = rng.choice(TABLES)
    to_parquet(folder, name)
    return PASSED


def a_nested_column_in_parquet(folder, rng):
    name = rng.choice(TABLES)
    table = to_parquet(folder, name)
    n = table.num_rows
    hidden = rng.choice(
        [
            pa.array([{"who": ADDRESS}] * n),
            pa.array([[ADDRESS]] * n),
            pa.array([ADDRESS.encode()] * n, pa.binary()),
            pa.array([[("who", ADDRESS)]] * n, pa.map_(pa.string(), pa.string())),
            pa.array([[{"who": [ADDRESS]}]] * n),
        ]
    )
    pq.write_table(table.append_column("remark", hidden), folder / f"{name}.parquet")
    return TOLD


def a_declared_column_is_nested(folder, rng):
    table = to_parquet(folder, "patients")
    at = table.column_names.index("patient_id")
    nested = pa.array([[value] for value in table.column("patient_id").to_pylist()])
    pq.write_table(table.set_column(at, "patient_id", nested), folder / "patients.parquet")
    return REFUSED


def parquet_cut_or_flipped(folder, rng):
    name = rng.choice(TABLES)
    to_parquet(folder, name)
    path = folder / f"{name}.parquet"
    content = bytearray(path.read_bytes())
    if rng.random() < 0.5:
        path.write_bytes(content[: rng.randrange(len(content))])
        return REFUSED
    for _ in range(rng.randrange(1, 20)):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    return ""  # a flipped bit may be a value that is allowed


def to_parquet(folder: Path, name: str) -> pa.Table:
    path = folder / f"{name}.csv"
    header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    codes = [name for name in header if name.endswith(("_id", "_ids"))]
    as_text = pacsv.ConvertOptions(column_types=dict.fromkeys(codes, pa.string()), strings_can_be_null=True)
    table = pacsv.read_csv(path, convert_options=as_text)
    path.unlink()
    pq.write_table(table, folder / f"{name}.parquet")
    return table


def a_setting_out_of_range(folder, rng):
    changed = rng.choice(
        [
            (r"^title = .*$", "title = 7"),
            (r"^title = .*$", 'title = ""'),
            (r"^primary_visit = .*$", 'primary_visit = "month 99"'),
            (r"^primary_instrument = .*$", "primary_instrument = []"),
            (r"^day = .*$", "day = 1e9"),
            (r"^day = .*$", f"day = {'9' * 30}"),
            (r"^day = .*$", "day = true"),
            (r"^day = .*$", "day = nan"),
            (r"^first_day = .*$", "first_day = 36501"),
            (r"^visibility = .*$", 'visibility = "secret"'),
            (r"^provenance = .*$", "provenance = false"),
            (r"^points = .*$", "points = -4"),
            (r"^points = .*$", "points = inf"),
            (r"^points = .*$", 'points = "4"'),
            (r"\A", "baseline_window = [5, -5]\n"),
            (r"\A", "baseline_window = [1]\n"),
            (r"\A", 'data_cut = "whenever"\ncolour = "red"\n'),
            (r"\A", f"x = {'[' * 500}{']' * 500}\n"),
            (r"\Z", '\n[[instrument]]\nname = "A"\ntotal_range = [0, inf]\nhigher_is_better = false\n'),
            (r"\Z", '\n[[instrument]]\nname = "A"\ntotal_range = [9, 0]\nhigher_is_better = false\n'),
            (r"\Z", '\n[[instrument]]\nname = "A"\ntotal_range = [0, 9]\nhigher_is_better = "no"\n'),
            (r"\Z", '\n[[instrument]]\nname = "A"\nn_items = 1000000000\nhigher_is_better = false\n'),
        ]
    )
    path = folder / "study.toml"
    text = path.read_text(encoding="utf-8")
    new, n = re.subn(changed[0], lambda _, new=changed[1]: new, text, count=1, flags=re.MULTILINE)
    path.write_text(new, encoding="utf-8")
    return REFUSED if n else PASSED


def bytes_that_are_no_text(folder, rng):
    path = folder / f"{rng.choice(TABLES)}.csv"
    content = path.read_bytes()
    at = rng.randrange(len(content))
    path.write_bytes(content[:at] + rng.choice([b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80"]) + content[at:])
    return REFUSED


def a_header_that_is_wrong(folder, rng):
    table = rng.choice(("patients", "sessions", "assessments"))
    head, *rows = lines_of(folder, table)
    names = head.split(",")
    new = rng.choice(
        [[*names, names[0]], [names[1], *names[1:]], [names[0], "\ufeff" + names[0], *names[2:]], ["", *names[1:]]]
    )
    rows = [f"{row},x" for row in rows] if len(new) > len(names) else rows
    put(folder, table, [",".join(new), *rows])
    return REFUSED


def a_row_cut_short(folder, rng):
    table = rng.choice(TABLES)
    lines = lines_of(folder, table)
    lines[-1] = lines[-1][: lines[-1].rindex(",")]
    put(folder, table, lines)
    return REFUSED


def rows_and_columns_in_another_order(folder, rng):
    table = rng.choice([name for name in TABLES if '"' not in (folder / f"{name}.csv").read_text(encoding="utf-8")])
    head, *rows = (line.split(",") for line in lines_of(folder, table))
    order = rng.sample(range(len(head)), len(head))
    rng.shuffle(rows)
    put(folder, table, [",".join(row[at] for at in order) for row in (head, *rows)])
    return PASSED


def written_by_another_program(folder, rng):
    table = rng.choice(TABLES)
    path = folder / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    changed = rng.choice(
        [text.replace("\n", "\r\n"), "\ufeff" + text, text.rstrip("\n"), text + "\n", text + "\r\n\r\n"]
    )
    path.write_bytes(changed.encode("utf-8"))
    return PASSED


def what_does_not_matter(folder, rng):
    what = rng.randrange(3)
    if what == 0:
        (folder / "codebook_2024.xlsx").write_bytes(b"PK")
    elif what == 1:
        path = folder / "study.toml"
        path.write_text("# a remark\n\n" + path.read_text(encoding="utf-8") + "\n# the end\n", encoding="utf-8")
    else:
        table = rng.choice(TABLES)
        head, *rows = lines_of(folder, table)
        put(folder, table, [f"{head},wave", *(f"{row},{rng.randrange(9)}" for row in rows)])
    return PASSED


KINDS: tuple[Kind, ...] = (
    a_quote_swallows_rows, two_quotes_hide_rows, a_number_that_is_none, a_score_beyond_its_range,
    a_word_that_is_not_listed, a_patient_twice, rows_of_nobody, an_address_in_a_cell,
    an_address_in_a_column_that_is_not_read, no_file_in_the_place_of_a_table, a_table_as_parquet,
    a_nested_column_in_parquet, a_declared_column_is_nested, parquet_cut_or_flipped, a_setting_out_of_range,
    bytes_that_are_no_text, a_header_that_is_wrong, a_row_cut_short, rows_and_columns_in_another_order,
    written_by_another_program, what_does_not_matter,
)  # fmt: skip


def write_sound_study(folder: Path) -> Path:
    write_study(simulate_study(12, seed=7), folder)
    (folder / "truth.json").unlink()
    return folder


def judged_wrongly(sound: Path, folder: Path, seed: int) -> str:
    """Make the mutation of this seed; say what was judged wrongly, or nothing."""
    rng = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    folder.mkdir()
    for path in sound.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    expected = kind(folder, rng)
    what = f"{seed} {kind.__name__}"
    try:
        check = check_study(folder)
    except Exception as error:
        return f"{what}: {type(error).__name__}: {error}"[:300]
    said = " ".join([*check.lines(), *check.notes])
    if ADDRESS in said:
        return f"{what}: the address is quoted"
    if expected == REFUSED and check.ok:
        return f"{what}: accepted"
    if expected == TOLD and check.ok and "remark" not in said:
        return f"{what}: not told of"
    return f"{what}: refused: {check.lines()[:2]}" if expected == PASSED and not check.ok else ""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        basis = write_sound_study(root / "sound")
        wrong = [line for seed in range(int(sys.argv[1])) if (line := judged_wrongly(basis, root / f"s{seed}", seed))]
        sys.stdout.write("\n".join([*wrong, f"{len(wrong)} of {sys.argv[1]} judged wrongly\n"]))
