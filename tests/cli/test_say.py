"""What a command prints holds no command to the terminal, whatever the data hold."""

import json
import re

from kap_analysis.cli.say import say, say_json
from tests.places import ROOT

RAW = "a\x1b[31mred\x07 \u202egnp.exe \x85 é − 漢"


def test_control_characters_are_written_out(capsys):
    say(f"{RAW}\nnext")
    assert capsys.readouterr().out == "a\\x1b[31mred\\x07 \\u202egnp.exe \\x85 é − 漢\nnext\n"


def test_json_says_the_same_without_them(capsys):
    say_json({"practice": RAW, "n": [1, None]})
    out = capsys.readouterr().out
    assert json.loads(out) == {"practice": RAW, "n": [1, None]}
    assert all(line.isprintable() for line in out.splitlines())


def test_no_command_prints_in_another_way():
    verbs = [path for path in (ROOT / "kap_analysis" / "cli").glob("*.py") if path.name != "say.py"]
    assert len(verbs) > 15
    assert [path.name for path in verbs if re.search(r"\becho\(|(?<!\.)\bprint\(", path.read_text("utf-8"))] == []
