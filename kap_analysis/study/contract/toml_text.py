"""Settings back to the text of a ``study.toml``, for studies that the package writes itself."""

import json
from collections.abc import Mapping
from typing import Any

from kap_analysis.study.contract.settings import Settings


def settings_text(settings: Settings) -> str:
    """Return the text of a ``study.toml`` that reads back as the same settings.

    Everything is written out, defaults too: a reader of the folder need not know them.
    """
    blocks = [_lines(_top(settings))]
    blocks += [
        ["[[visits]]", *_lines({"label": v.label, "target_day": v.target_day, "window": [v.first_day, v.last_day]})]
        for v in settings.visits
    ]
    if settings.margin is not None:
        margin = settings.margin
        blocks.append(["[margin]", *_lines({"points": margin.points, "source": margin.source, "date": margin.date})])
    if settings.extra_columns:
        blocks.append(["[extra_columns]", *_lines({table: list(n) for table, n in settings.extra_columns.items()})])
    if settings.not_names:
        blocks.append(["[not_names]", *_lines({table: list(n) for table, n in settings.not_names.items()})])
    blocks += [["[[instrument]]", *_lines(entry)] for entry in settings.own_instruments]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _top(settings: Settings) -> dict[str, Any]:
    return {
        "title": settings.title,
        "practices": list(settings.practices),
        "primary_instrument": settings.primary_instrument,
        "primary_visit": settings.primary_visit,
        "time_zero": settings.time_zero,
        "baseline_window": list(settings.baseline_window),
        "visibility": settings.visibility,
        "provenance": settings.provenance,
        "data_cut": settings.data_cut,
    }


def _lines(entry: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in entry.items()]


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(entry) for entry in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are TOML's, except for the delete character, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return repr(value)
    return str(value)  # a date or time, which TOML writes as ISO does
