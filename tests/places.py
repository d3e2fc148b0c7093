"""Where the tests find files: the checkout, its shipped study, reference values, and the shared folder beside it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHIPPED_STUDY = ROOT / "data" / "three_practices"
PAIRS = ROOT / "tests" / "reference"
"""R scripts with what they gave: the project's own, always there."""
SHARED = ROOT.parent / "shared" / "reference"
"""Reference values that may be absent; tests that read them skip then, saying so."""
