"""``kap instruments``: the names that may stand in the column ``instrument``."""

from typing import Annotated

import typer

from kap_analysis.cli.say import say, say_json


def instruments(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list instead of lines.")] = False,
) -> None:
    """List the instruments of the registry, by the names that data may use."""
    from kap_analysis.instruments.registry import list_instruments

    shown: list[dict[str, str]] = [
        {
            "name": row["name"],
            "measures": row["measures"],
            "role": row["role"],
            "range": f"{row['low']} to {row['high']}",
            "better": "higher" if row["higher_is_better"] else "lower",
        }
        for row in list_instruments().to_dict("records")
    ]
    if as_json:
        say_json(shown)
        return
    wide = {key: max(len(row[key]) for row in [*shown, {key: key}]) for key in shown[0]}
    for row in [{key: key for key in shown[0]}, *shown]:
        say("  ".join(row[key].ljust(wide[key]) for key in wide).rstrip())
    say("An instrument of your own: [[instrument]] in study.toml; docs/extending.md has its keys.", err=True)
