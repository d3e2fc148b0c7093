"""Exports and maps with seeded damage: cells, lines, bytes, files, keys and values of the map."""

import random
import re
from pathlib import Path

from tests.intake.small_export import PATIENTS, SCORES, SESSIONS

ODD = (
    "", " ", "?", '"', "'", ",", ";;", "\t", "\x00", "-99", "NaN", "1e999", "-0", "99999999999999999999", "13/45/2024",
    "01/02/03", "2024-02-30", "0001-01-01", "9999-12-31", "1970-01-01", "é", "漢字", "\u202e", "=1+1", "Total", "group",
    "same", "1001", "3,5", "0x10", "TRUE", "٣", "²", "x" * 3000,
)  # fmt: skip
FILES = {"sessions.csv": SESSIONS, "scores.csv": SCORES, "patients.csv": PATIENTS}


def mutate_export(folder: Path, rng: random.Random) -> None:
    """Write the small export with one to four faults."""
    folder.mkdir(parents=True)
    contents = {name: text.encode() for name, text in FILES.items()}
    for _ in range(rng.randint(1, 4)):
        name = rng.choice(list(contents))
        contents[name] = rng.choice(_OF_FILES)(contents[name], rng)
    if rng.random() < 0.05:
        contents.pop(rng.choice(list(contents)))
    if rng.random() < 0.05:
        contents["more.xlsx"] = b"PK\x03\x04" + rng.randbytes(50)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def _lines(content: bytes) -> list[bytes]:
    return content.split(b"\n")


def _change_cell(content: bytes, rng: random.Random) -> bytes:
    lines = _lines(content)
    at = rng.randrange(len(lines))
    cells = lines[at].split(b",")
    cells[rng.randrange(len(cells))] = rng.choice(ODD).encode("utf-8", "surrogatepass")
    lines[at] = b",".join(cells)
    return b"\n".join(lines)


def _lose_line(content: bytes, rng: random.Random) -> bytes:
    lines = _lines(content)
    lines.pop(rng.randrange(len(lines)))
    return b"\n".join(lines)


def _repeat_line(content: bytes, rng: random.Random) -> bytes:
    lines = _lines(content)
    lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    return b"\n".join(lines)


def _shuffle(content: bytes, rng: random.Random) -> bytes:
    lines = _lines(content)
    rng.shuffle(lines)
    return b"\n".join(lines)


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _flip(content: bytes, rng: random.Random) -> bytes:
    if not content:
        return content
    at = rng.randrange(len(content))
    return content[:at] + rng.randbytes(1) + content[at + 1 :]


def _other_encoding(content: bytes, rng: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(rng.choice(["utf-16", "cp1252", "utf-8-sig"]), "replace")


def _other_delimiter(content: bytes, rng: random.Random) -> bytes:
    return content.replace(b",", rng.choice([b";", b"\t", b"|", b",,"]))


def _lose_column(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(6)
    return b"\n".join(b",".join(c for n, c in enumerate(line.split(b",")) if n != at) for line in _lines(content))


_OF_FILES = (
    *[_change_cell] * 5, _lose_line, _repeat_line, _shuffle, _cut, _flip, _other_encoding, _other_delimiter,
    _lose_column,
)  # fmt: skip


def mutate_map(text: str, rng: random.Random) -> str:
    """Return a map with one to three faults."""
    for _ in range(rng.randint(1, 3)):
        lines = text.splitlines()
        at = rng.randrange(len(lines))
        kind = rng.randrange(7)
        if kind == 0:
            lines.pop(at)
        elif kind == 1:
            lines.insert(at, rng.choice(lines))
        elif kind == 2:
            words = re.findall(r'"[^"]*"', lines[at]) or ['"']
            lines[at] = lines[at].replace(rng.choice(words), f'"{rng.choice(ODD)}"', 1)
        elif kind == 3:
            lines[at] = re.sub(r'is = "[\w.]+"', f'is = "{rng.choice(ROLES)}"', lines[at])
        elif kind == 4:
            lines[at] = re.sub(r"= .*", f"= {rng.choice(VALUES)}", lines[at], count=1)
        elif kind == 5:
            lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
        else:
            lines[at] = lines[at].replace("PHQ-9", rng.choice(["GAD-7", "BDI-II", "PHQ9", "C-SSRS", "QIDS-SR16"]))
        text = "\n".join(lines) or " "
    return text


ROLES = (
    "patient_id", "date", "day", "date_of_birth", "score", "item", "instrument", "item_number", "answer", "drop",
    "extra", "sessions.kind", "sessions.format", "sessions.cohort_id", "sessions.dose_mg", "patients.age",
    "patients.sex",
    "diagnoses.diagnosis", "treatments.kind", "adverse_events.event", "assessments.rater", "no.such", "",
)  # fmt: skip
VALUES = (
    "1",
    "-1",
    "true",
    "[]",
    "{}",
    '""',
    "[1, 2]",
    "{ is = 3 }",
    "2024-01-01",
    "1e400",
    '"?"',
    "nan",
    "{ is = [] }",
)
