"""What indexes and citation managers read: pyproject.toml and CITATION.cff, and that they agree."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from wordgraft import __version__

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# The fields of a citation file (format 1.2.0) that this one may have, and the type of each.
FIELDS: dict[str, type] = {
    **dict.fromkeys(["cff-version", "message", "title", "version", "license", "type"], str),
    **dict.fromkeys(["abstract", "repository-code", "url", "doi"], str),
    **dict.fromkeys(["authors", "keywords"], list),
    "date-released": date,
}
NEEDED = {"cff-version", "message", "title", "authors", "version", "license"}


def faults_of(citation: dict[str, Any]) -> list[str]:
    """What is wrong with a citation file, in words."""
    faults = [f"lacks {name}" for name in sorted(NEEDED - citation.keys())]
    for name, value in citation.items():
        if name not in FIELDS:
            faults.append(f"{name} is unknown")
        elif not isinstance(value, FIELDS[name]):
            faults.append(f"{name} is {value!r}")
    for author in citation.get("authors", []):
        person = {"family-names", "given-names"} <= author.keys()
        if not person and "name" not in author:
            faults.append(f"author {author} has no name")
    return faults


@pytest.fixture(scope="module")
def citation() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    return content


def test_the_citation_is_valid_and_agrees_with_the_package(citation: dict[str, Any]) -> None:
    assert faults_of(citation) == []
    assert citation["cff-version"] == "1.2.0"
    assert citation["title"] == PROJECT["name"] == "wordgraft"
    assert citation["version"] == __version__
    assert citation["license"] == PROJECT["license"]
    assert [author["name"] for author in citation["authors"]] == [
        author["name"] for author in PROJECT["authors"]
    ]
    assert citation["repository-code"] == PROJECT["urls"]["Source"]
    assert citation["url"] == PROJECT["urls"]["Documentation"]


def test_a_release_date_stands_in_the_citation_and_the_changelog_or_in_neither(
    citation: dict[str, Any],
) -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    (heading,) = re.findall(rf"^## \[{re.escape(__version__)}\] - (.+)$", changelog, re.MULTILINE)
    assert heading == str(citation.get("date-released", "Unreleased"))


def test_a_wrong_citation_is_noticed(citation: dict[str, Any]) -> None:
    assert faults_of({**citation, "version": 0.1}) == ["version is 0.1"]
    assert faults_of({**citation, "licence": "MIT"}) == ["licence is unknown"]
    assert faults_of({**citation, "authors": [{"family-names": "Doe"}]}) != []
    del citation["license"]
    assert faults_of(citation) == ["lacks license"]


def test_what_an_index_shows() -> None:
    assert {*PROJECT["urls"]} == {"Homepage", "Documentation", "Source", "Issues", "Changelog"}
    assert all(url.startswith("https://") for url in PROJECT["urls"].values())
    classifiers = PROJECT["classifiers"]  # building the wheel refuses one that does not exist
    assert classifiers == sorted(classifiers)
    # A licence is named once, by its SPDX expression.
    assert not [name for name in classifiers if name.startswith("License")]
    versions = [name.rsplit(" ", 1)[1] for name in classifiers if re.search(r":: 3\.\d+$", name)]
    assert PROJECT["requires-python"] == f">={versions[0]}"


def test_the_site_has_the_addresses_of_the_project() -> None:
    site = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert f"site_url: {PROJECT['urls']['Documentation']}\n" in site
    assert f"repo_url: {PROJECT['urls']['Source']}\n" in site
