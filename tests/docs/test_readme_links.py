"""Links and images of the README work wherever it is shown, and what they name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITE = "https://wordgraft.github.io/wordgraft/"
FILES = "https://github.com/wordgraft/wordgraft/blob/main/"


def links_of(markdown: str) -> list[str]:
    """The targets of links and images outside code, in Markdown and in HTML."""
    text = re.sub(r"^```.*?^```|^    .*?$|`[^`\n]+`", "", markdown, flags=re.DOTALL | re.MULTILINE)
    inline = re.findall(r"\]\(\s*<?([^)\s>]+)", text)
    references = re.findall(r"^\[[^\]]+\]:\s*<?(\S+?)>?\s*$", text, re.MULTILINE)
    html = re.findall(r"""\b(?:href|src)\s*=\s*["']([^"']+)""", text)
    return [*inline, *references, *html]


def anchors_of(markdown: str) -> set[str]:
    """The anchors of headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in headings}


def page_of(path: str) -> Path:
    """The file of `docs/` that a page or an image of the site is made of."""
    if path == "" or path.endswith("/"):
        folder = ROOT / "docs" / path
        page = folder.with_suffix(".md")
        return page if path and page.is_file() else folder / "index.md"
    return ROOT / "docs" / path


def test_every_kind_of_link_is_found() -> None:
    markdown = (
        "[a](one) and ![b](two 'title'), `[c](no)`\n\n    [d](no)\n\n```\n[e](no)\n```\n"
        '[f]: three\n<img src="four">\n'
    )
    assert links_of(markdown) == ["one", "two", "three", "four"]
    assert anchors_of("# A `b`\n## Is it, too?\n") == {"a-b", "is-it-too"}


def test_every_link_of_the_readme_is_absolute_and_leads_somewhere() -> None:
    markdown = (ROOT / "README.md").read_text("utf-8")
    links = links_of(markdown)
    assert len(links) >= 5
    wrong = []
    for link in links:
        target, _, anchor = link.partition("#")
        if target.startswith(SITE):
            exists = page_of(target.removeprefix(SITE)).is_file()
        elif target.startswith(FILES):
            exists = (ROOT / target.removeprefix(FILES)).exists()
        elif target == "":
            exists = anchor in anchors_of(markdown)
        else:
            exists = target.startswith("https://")
        if not exists:
            wrong.append(link)
    assert wrong == []


@pytest.mark.parametrize("path", ["", "how-to/frameworks/", "images/explore.png"])
def test_pages_of_the_site_are_found_in_the_folder(path: str) -> None:
    assert page_of(path).is_file()
    assert not page_of("nowhere/" + path).is_file()
