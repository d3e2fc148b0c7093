"""Pages in a real browser: Debian's Chromium by Playwright. Where there is none, such tests are skipped and say so."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: A telephone held upright.
TELEPHONE = {"width": 390, "height": 844}


@contextmanager
def opened_browser() -> Iterator:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("There is no Chromium on this machine.")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


def faults_of(browser, page: Path) -> list[tuple[str, str]]:
    """What a page logs, throws or asks for on a telephone, and whether it is wider."""
    found: list[str] = []
    tab = browser.new_page(viewport=TELEPHONE)
    tab.on("console", lambda said: found.append(said.text))
    tab.on("pageerror", lambda error: found.append(str(error)))
    tab.on("request", lambda asked: found.append(asked.url) if asked.url.startswith("http") else None)
    tab.goto(page.as_uri())
    over = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    tab.close()
    return [(page.name, fault) for fault in [*found, *([f"{over} px too wide"] if over else [])]]


def violations_of(browser, page: Path, scheme: str) -> list[tuple[str, str, str]]:
    """What axe-core finds in a page, light or dark, on a telephone."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = browser.new_context(viewport=TELEPHONE, color_scheme=scheme)
    tab = context.new_page()
    tab.goto(page.as_uri())
    found = axe.run(tab).response["violations"]
    context.close()
    return [(page.name, one["id"], one["nodes"][0]["html"]) for one in found]


def printed_pages(browser, page: Path, *, style: str = "", **how) -> int:
    """On how many sheets of A4, unless ``how`` says of what, a page is printed, with more style."""
    tab = browser.new_page()
    tab.goto(page.as_uri())
    if style:
        tab.add_style_tag(content=style)
    printed = tab.pdf(**{"format": "A4"} | how)
    tab.close()
    return len(re.findall(rb"/Type\s*/Page\b", printed))
