"""Columns that are not loaded lie in the folder all the same: what looks like an identifier in them is counted."""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from kap_analysis.study.contract.identifiers import identifier_kinds, is_free_text


def note_identifiers(file: str, columns: Mapping[str, tuple[np.ndarray, list[str]]]) -> list[str]:
    """Return a note that names the columns and counts what they hold, without a value of it.

    Parameters
    ----------
    file : str
    columns : mapping
        Name -> the position of each cell's text (-1: none), and the distinct texts.
    """
    told = []
    for name, (codes, texts) in columns.items():
        kinds = identifier_kinds(texts)
        kinds[[not kind and is_free_text(text) for kind, text in zip(kinds, texts, strict=True)]] = "free text"
        counts = Counter(kinds[codes[codes >= 0]].tolist())
        counts.pop("", None)
        if counts:
            told.append(f"{name} ({', '.join(f'{kind}: {n:,}' for kind, n in sorted(counts.items()))})")
    if not told:
        return []
    what = "a column that is not loaded holds" if len(told) == 1 else f"{len(told)} columns that are not loaded hold"
    return [f"{file}: {what} what looks like identifiers or free text: {', '.join(told)}. Delete them from the file."]
