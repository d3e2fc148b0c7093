"""The data dictionary of a REDCap project: names, labels and choices of fields, for raw and for labelled exports."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from kap_analysis.intake.source_table import SourceTable

#: Headers of a data dictionary, as the web page and as the API of REDCap writes them.
_DICTIONARY: Final = ("Variable / Field Name", "field_name")
_LABEL: Final = ("Field Label", "field_label")
_TYPE: Final = ("Field Type", "field_type")
_CHOICES: Final = ("Choices", "select_choices_or_calculations")
_OWN_LABELS: Final = {
    "Event Name": "redcap_event_name",
    "Repeat Instrument": "redcap_repeat_instrument",
    "Repeat Instance": "redcap_repeat_instance",
    "Data Access Group": "redcap_data_access_group",
    "Survey Timestamp": "survey_timestamp",
}


@dataclass(frozen=True)
class _Field:
    name: str
    label: str
    choices: Mapping[str, str]
    is_checkbox: bool


def is_dictionary(table: SourceTable) -> bool:
    """Whether a table is the data dictionary of a project, not data."""
    return _DICTIONARY[0] in table.columns or {_DICTIONARY[1], _LABEL[1], _TYPE[1]} <= set(table.columns)


def with_dictionary(tables: list[SourceTable]) -> list[SourceTable]:
    """Take the data dictionary out, and give the other tables its labels and, where headers are labels, its names."""
    fields = [field for table in tables if is_dictionary(table) for field in _fields(table)]
    if not fields:
        return tables
    labels = {field.name: field.choices for field in fields if field.choices and not field.is_checkbox}
    headings = {
        f"{field.name}___{code.lower()}": f"(choice={label})"
        for field in fields
        if field.is_checkbox
        for code, label in field.choices.items()
    }
    titles = {field.name: field.label for field in fields if field.label and not field.is_checkbox}
    return [
        replace(
            table,
            headings={**table.headings, **titles, **headings},
            labels={**table.labels, **labels},
            names={**table.names, **_names_of_labels(table, fields)},
        )
        for table in tables
        if not is_dictionary(table)
    ]


def _fields(table: SourceTable) -> list[_Field]:
    def column(starts: tuple[str, str]) -> list[str]:
        name = next((name for name in table.columns if name.startswith(starts)), "")
        return list(table.cells[name]) if name else [""] * len(table.lines)

    fields = []
    for name, label, kind, choices in zip(
        column(_DICTIONARY), column(_LABEL), column(_TYPE), column(_CHOICES), strict=True
    ):
        pairs = [part.split(",", 1) for part in choices.split("|") if "," in part]
        coded = {code.strip(): text.strip() for code, text in pairs} if kind != "calc" else {}
        fields.append(_Field(name, _plain(label), coded, kind == "checkbox"))
    return fields


def _plain(label: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", label).split())


def _names_of_labels(table: SourceTable, fields: list[_Field]) -> dict[str, str]:
    """Header -> field of a labelled export, whose columns stand in the order of the dictionary; labels may repeat."""
    if any(field.name in table.columns for field in fields[1:]):
        return {}
    wanted = [
        (f"{field.label} (choice={text})" if field.is_checkbox else field.label, f"{field.name}___{code.lower()}"
         if field.is_checkbox else field.name)
        for field in fields
        for code, text in (field.choices.items() if field.is_checkbox else [("", "")])
    ]  # fmt: skip
    names: dict[str, str] = {}
    at = 0
    for column in table.columns:
        plain = re.sub(r" \(\d+\)$", "", column)
        later = next((n for n, (label, _) in enumerate(wanted[at:], at) if label and label in (column, plain)), None)
        if plain == "Complete?":
            names[column] = f"form_{at}_complete"
        elif plain in _OWN_LABELS:
            names[column] = _OWN_LABELS[plain]
        elif later is not None:
            names[column] = wanted[later][1]
            at = later + 1
    return names
