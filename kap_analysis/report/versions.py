"""The versions behind a result."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from kap_analysis.version import __version__

PACKAGES: Final = ("numpy", "scipy", "pandas", "formulaic", "statsmodels", "matplotlib", "seaborn", "great-tables")


def list_versions() -> dict[str, str]:
    """Name -> version: this package, Python, and the libraries behind numbers, figures and tables.

    Examples
    --------
    >>> list(list_versions())[:2]
    ['kap-analysis', 'Python']
    """
    found = {"kap-analysis": __version__, "Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
