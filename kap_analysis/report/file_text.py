"""What can be read in a file of results: its text, and the text in what is compressed or embedded in it."""

import base64
import binascii
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PDF_STREAM: Final = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
#: A picture inside a page or a notebook.
EMBEDDED: Final = re.compile(rb"[A-Za-z0-9+/]{200,}={0,2}")
PNG_START: Final = b"\x89PNG\r\n\x1a\n"
#: A stream of a PDF is text if nearly all of it is printable; fonts and pictures are not.
PRINTABLE: Final = 0.9


def text_parts(path: Path) -> Iterator[bytes]:
    """The readable bytes of a file, one part after the other.

    Parameters
    ----------
    path : path
        PNG (its descriptions), PDF (its pages and properties), Word (its members); of any other file all bytes, and
        the descriptions of pictures inside it.
    """
    data = path.read_bytes()
    if data.startswith(PNG_START):
        yield from _png_texts(data)
    elif path.suffix == ".pdf":
        yield PDF_STREAM.sub(b"", data)
        yield from _pdf_texts(data)
    elif path.suffix == ".docx":
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    else:
        yield EMBEDDED.sub(b" ", data)
        for run in EMBEDDED.findall(data):
            yield from _embedded_texts(run)


def _png_texts(data: bytes) -> Iterator[bytes]:
    """Every chunk of a PNG that is no picture; a compressed text is read."""
    at = len(PNG_START)
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        chunk = data[at + 8 : at + 8 + size]
        if kind in (b"zTXt", b"iTXt") and b"\x78" in chunk:
            yield _inflated(chunk[chunk.index(b"\x78") :])
        if kind != b"IDAT":
            yield chunk
        at += size + 12


def _pdf_texts(data: bytes) -> Iterator[bytes]:
    for stream in PDF_STREAM.findall(data):
        text = _inflated(stream)
        printable = sum(32 <= byte < 127 or byte in b"\r\n\t" for byte in text)
        if printable > PRINTABLE * len(text):
            yield text


def _embedded_texts(run: bytes) -> Iterator[bytes]:
    try:
        picture = base64.b64decode(run[: len(run) // 4 * 4])
    except (binascii.Error, ValueError):
        return
    if picture.startswith(PNG_START):
        yield from _png_texts(picture)


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data)
    except zlib.error:
        return b""
