"""What the README shows of notebook 00: run this file to renew the answer and the picture."""

import base64
import json
import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
TRUTH = ROOT / "data" / "three_practices" / "truth.json"
PICTURE = ROOT / "docs" / "images" / "format_differences.png"
BLOCK = re.compile(r"(?<=<!-- answer -->\n).*?(?=\n<!-- /answer -->)", re.DOTALL)


def kept_by_the_quickstart() -> tuple[str, bytes]:
    """The answer in words with the truth beside it, and the one picture, as the outputs of notebook 00 hold them."""
    notebook = nbformat.read(ROOT / "notebooks" / "00_quickstart.ipynb", as_version=4)
    data = [output.data for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    answers = [shown["text/markdown"] for shown in data if "text/markdown" in shown]
    pictures = [shown["image/png"] for shown in data if "image/png" in shown]
    return f"> {answers[0]}\n>\n> {_truth()}", base64.b64decode(pictures[0])


def _truth() -> str:
    effects = json.loads(TRUTH.read_text(encoding="utf-8"))["group_effect"]
    true = next(one["estimate"] for one in effects if (one["instrument"], one["visit"]) == ("BDI-II", "month 3"))
    return (
        f"The true difference of this simulation is {true:.1f} points. Chance adds much in a study of this size: "
        "look at the interval before the estimate."
    )


if __name__ == "__main__":
    answer, picture = kept_by_the_quickstart()
    text = BLOCK.sub(lambda _: answer, README.read_text(encoding="utf-8"))
    README.write_text(text, encoding="utf-8", newline="\n")
    PICTURE.write_bytes(picture)
    sys.stdout.write("README.md and its picture are renewed\n")
