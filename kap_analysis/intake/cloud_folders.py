"""Whether a path lies in a folder that a program copies to a cloud service."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_SERVICES: Final = (
    ("OneDrive", r"onedrive"),
    ("Dropbox", r"dropbox"),
    ("iCloud", r"icloud|mobile documents"),
    ("Google Drive", r"google ?drive|googledrive|my drive|drivefs"),
)


def cloud_warning(paths: Sequence[Path]) -> str:
    """Return a sentence if one of the paths lies in OneDrive, Dropbox, iCloud or Google Drive, else an empty text."""
    parts = " / ".join(part for path in paths for part in path.resolve().parts)
    found = [name for name, fits in _SERVICES if re.search(fits, parts, re.IGNORECASE)]
    if not found:
        return ""
    return (
        f"Warning: a path lies in {' and '.join(found)}, which copies it elsewhere; no patient file should lie there."
    )
