"""``python -m kap_analysis`` is ``kap``."""

from kap_analysis.cli.main import run

if __name__ == "__main__":
    run()
