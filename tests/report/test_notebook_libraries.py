"""A kernel starts without the grammar of Internet addresses, and an address is checked all the same."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
import {module}
print("nbformat" in sys.modules, "rfc3987_syntax" in sys.modules)
from jsonschema import Draft202012Validator, FormatChecker
checked = Draft202012Validator({{"format": "iri"}}, format_checker=FormatChecker())
print(checked.is_valid("http://example.org/\\u00e4"), checked.is_valid("no address <"))
print("rfc3987_syntax" in sys.modules)
"""


LIGHT = """
import sys
import kap_analysis as kap
kap.open_results
print("nbformat" in sys.modules)
"""


def answered(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.slow
@pytest.mark.parametrize("module", ["kap_analysis.report.execution", "kap_analysis.report.pipeline"])
def test_the_grammar_is_made_when_an_address_is_checked(module):
    assert answered(PROGRAM.format(module=module)) == ["True", "False", "True", "False", "True"]


def test_a_notebook_needs_no_library_that_reads_notebooks():
    assert answered(LIGHT) == ["False"]
