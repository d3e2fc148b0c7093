"""A kernel starts without the grammar of Internet addresses, and an address is checked all the same."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
import kap_analysis.report.execution
print("nbformat" in sys.modules, "rfc3987_syntax" in sys.modules)
from jsonschema import Draft202012Validator, FormatChecker
checked = Draft202012Validator({"format": "iri"}, format_checker=FormatChecker())
print(checked.is_valid("http://example.org/\\u00e4"), checked.is_valid("no address <"))
print("rfc3987_syntax" in sys.modules)
"""


@pytest.mark.slow
def test_the_grammar_is_made_when_an_address_is_checked():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "True", "False", "True"]
