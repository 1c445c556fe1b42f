"""How docstrings become Markdown: examples become code, and names of the reference become links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import griffe

_REFERENCE = Path(__file__).resolve().parent / "reference"


def documented() -> dict[str, str]:
    """The path of every object that a page of the reference shows, by its last name."""
    pages = sorted(_REFERENCE.glob("*.md"))
    paths = [
        path
        for page in pages
        for path in re.findall(r"^::: (\S+)$", page.read_text("utf-8"), re.MULTILINE)
    ]
    return {path.rpartition(".")[2]: path for path in reversed(paths)} | {p: p for p in paths}


class Docstrings(griffe.Extension):
    """Rewrites every docstring that is read."""

    def __init__(self) -> None:
        self._paths = documented()

    def on_object(self, *, obj: griffe.Object | griffe.Alias, **_: Any) -> None:
        """Called for each object that griffe has read."""
        if obj.docstring is not None:
            obj.docstring.value = markdown_of(obj.docstring.value, self._paths, obj.path)


def markdown_of(docstring: str, paths: dict[str, str], own: str = "") -> str:
    """The docstring with its examples as blocks of code and its known names as links.

    An argument list such as `texts, labels: ...` becomes one entry for each name.
    """
    paragraphs = []
    for paragraph in re.split(r"\n\s*\n", docstring.replace("::\n", ":\n")):
        text, indent, example = _parted(paragraph)
        if text and paragraphs and paragraphs[-1].endswith(":") and text.startswith("    "):
            paragraphs.append(text)  # a block of code after "Example::"
        elif text:
            paragraphs.append(_one_each(_linked(text, paths, own)))
        if example:
            paragraphs.append(f"{indent}```pycon\n{example}\n{indent}```")
    return "\n\n".join(paragraphs)


def _parted(paragraph: str) -> tuple[str, str, str]:
    """The text before the paragraph's example, the example's indent, and the example."""
    match = re.search(r"^( *)>>>", paragraph, re.MULTILINE)
    if match is None:
        return paragraph, "", ""
    return paragraph[: match.start()].rstrip("\n"), match[1], paragraph[match.start() :].rstrip()


def _one_each(text: str) -> str:
    """`a, b: what they are` as two entries of a section of arguments or attributes."""

    def entries(match: re.Match[str]) -> str:
        names = match[2].split(", ")
        return "\n".join(f"{match[1]}{name}: {match[3]}" for name in names)

    pattern = r"^(    )(\w+(?:, \w+)+): (.*(?:\n {8}.*)*)"
    return re.sub(pattern, entries, text, flags=re.MULTILINE)


def _linked(text: str, paths: dict[str, str], own: str) -> str:
    def link(match: re.Match[str]) -> str:
        name, rest = match[1], match[2]
        path = paths.get(name)
        if path is None or path.rpartition(".")[2] == own.rpartition(".")[2]:
            return match[0]
        return f"[`{name}{rest}`][{path}]"

    return re.sub(r"(?<![`\[])`([A-Za-z_][\w.]*)(\(\)|s?)`(?![`\]])", link, text)
