"""200 identifiers of all 18 kinds of Safe Harbor, planted in headers, values, text, sheet names, metadata."""

import csv
import random
from pathlib import Path

from pyreadstat import write_sav
from stdnum import iban, luhn

from tests.intake.small_export import PATIENTS, SCORES, SESSIONS

GIVEN = ("Margaret", "Theodore", "Priscilla", "Bartholomew", "Gwendolyn", "Cornelius", "Josephine", "Montgomery")
FAMILY = ("Abernathy", "Kowalczyk", "Featherstone", "Villanueva", "Okonkwo", "Lindqvist", "Ramaswamy", "Castellanos")
N_OF_A_KIND = 11


def identifiers(seed: int = 11) -> dict[str, list[str]]:
    """Kind (a letter) -> planted texts, each of them distinct."""
    rng = random.Random(seed)

    def digits(n: int) -> str:
        return str(rng.randint(1, 9)) + "".join(str(rng.randint(0, 9)) for _ in range(n - 1))

    def person() -> str:
        return f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}"

    makers = {
        "A": person,
        "B": lambda: f"{digits(4)} {rng.choice(FAMILY)} Street",
        "C": lambda: f"{rng.randint(1, 12):02d}/{rng.randint(13, 28)}/20{rng.randint(18, 23)}",
        "D": lambda: f"+1 303 {rng.randint(220, 989)} {digits(4)}",
        "E": lambda: f"Fax: (720) {rng.randint(220, 989)}-{digits(4)}",
        "F": lambda: f"{rng.choice(GIVEN).lower()}.{digits(5)}@mailbox-{digits(3)}.org",
        "G": lambda: f"{rng.randint(100, 665)}-{rng.randint(10, 99)}-{digits(4)}",
        "H": lambda: f"MRN {digits(8)}",
        "I": lambda: f"Member ID W{digits(9)}",
        "J": lambda: _iban(rng),
        "K": lambda: f"License no. {digits(8)}",
        "L": lambda: f"Plate {digits(3)}-ABX{digits(2)}",
        "M": lambda: f"SN: {digits(6)}-K{digits(4)}",
        "N": lambda: f"https://www.pages.example/{rng.choice(FAMILY).lower()}{digits(4)}",
        "O": lambda: f"10.{rng.randint(10, 250)}.{rng.randint(10, 250)}.{rng.randint(10, 250)}",
        "P": lambda: f"Fingerprint template {digits(9)}",
        "Q": lambda: f"IMG_{digits(8)}.jpg",
        "R": lambda: "-".join(f"{rng.getrandbits(4 * n):0{n}x}" for n in (8, 4, 4, 4, 12)),
    }
    planted: dict[str, list[str]] = {}
    for kind, make in makers.items():
        texts: dict[str, None] = {}
        while len(texts) < N_OF_A_KIND + (kind in "AD"):
            texts[make()] = None
        planted[kind] = list(texts)
    return planted


def _iban(rng: random.Random) -> str:
    account = "".join(str(rng.randint(0, 9)) for _ in range(18))
    return f"DE{iban.calc_check_digits('DE00' + account)}{account}"


def card_number(rng: random.Random) -> str:
    """A number of a card that its check digit allows."""
    start = "4" + "".join(str(rng.randint(0, 9)) for _ in range(14))
    return start + luhn.calc_check_digit(start)


def plant(folder: Path, planted: dict[str, list[str]]) -> Path:
    """Write the small export with identifiers: four rows of values and text a kind, headers, names, metadata."""
    folder.mkdir(parents=True)
    (folder / "sessions.csv").write_text(SESSIONS, encoding="utf-8")
    (folder / "scores.csv").write_text(SCORES, encoding="utf-8")
    rows = list(csv.reader(PATIENTS.splitlines()))
    for kind, texts in planted.items():
        rows[0].append(f"Field {kind}")
        for row, text in zip(rows[1:], texts[:4], strict=True):
            row.append(text)
        rows[0].append(f"Remark {kind}")
        for row, text in zip(rows[1:], texts[4:8], strict=True):
            row.append(f"The patient said that we should use {text} for all of the letters.")
        rows[0].append(texts[8])
        for row in rows[1:]:
            row.append("7")
    with (folder / "patients.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


def plant_in_spss(path: Path, planted: dict[str, list[str]]) -> None:
    """Write an SPSS file whose labels, notes and values hold identifiers."""
    import pandas as pd

    texts = [one[9] for one in planted.values()]
    frame = pd.DataFrame({"patient_id": [1001.0, 1002.0], "memo": [texts[0], texts[1]]})
    write_sav(frame, str(path), file_label=texts[2][:60], note=[texts[3], texts[4]],
              column_labels={"memo": texts[5], "patient_id": texts[6]})  # fmt: skip
