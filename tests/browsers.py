"""A page in a real browser, with what it complains of and requests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

# A screen and a phone.
WIDTHS = [1280, 390]
SCREENSHOTS = Path(__file__).resolve().parents[1] / "test-out" / "pages"
_ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


@contextmanager
def chromium() -> Iterator[Any]:
    """Chromium without a window; skips the test if it is not installed."""
    playwright = pytest.importorskip("playwright.sync_api")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as started:
        arguments = list(_ARGUMENTS)
        with started.chromium.launch(executable_path=path, args=arguments, timeout=0) as browser:
            yield browser


class Opened:
    """A page at a width."""

    def __init__(self, browser: Any, file: Path, width: int, **options: Any) -> None:
        self.page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        self.page.set_default_timeout(0)  # no limit: a machine may be slow
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def wait_for(self, expression: str) -> None:
        """Wait until a JavaScript expression is true; fail if the page complains."""
        while not self.page.evaluate(expression):
            assert self.complaints == []
            self.page.wait_for_timeout(20)

    def check(self, file: Path, width: int) -> None:
        assert self.complaints == []
        requested = [url for url in self.requests if not url.startswith("data:")]
        assert requested == [file.as_uri()]
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width

    def screenshot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def wait_for_charts(self) -> None:
        self.wait_for("document.querySelectorAll('.chart:not([data-drawn])').length === 0")
