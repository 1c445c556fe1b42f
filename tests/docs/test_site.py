"""The site builds, asks no other site for anything, and its reference is complete."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import wordgraft as wg
from wordgraft.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
# What a browser loads by itself. A link is only followed when someone clicks on it.
LOADED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(https?:)?//"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preconnect|icon|preload))[^>]*\bhref=["']?"""
    r"""(?:https?:)?//|url\(["']?(?:https?:)?//"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_pages_load_nothing_from_other_sites(site: Path) -> None:
    files = [file for kind in ("html", "css") for file in site.rglob(f"*.{kind}")]
    assert len(files) > 10
    loading = [file.name for file in files if LOADED.search(file.read_text("utf-8"))]
    assert loading == []
    assert 'data-md-component="source"' not in (site / "index.html").read_text("utf-8")


def test_the_reference_shows_every_public_name(site: Path) -> None:
    pages = [file.read_text("utf-8") for file in (site / "reference").rglob("index.html")]
    shown = set(re.findall(r'id="wordgraft\.(\w+)"', "".join(pages)))
    assert {*wg.__all__} - shown == {"__version__"}


def test_examples_and_names_in_docstrings_become_code_and_links(site: Path) -> None:
    page = (site / "reference" / "tables" / "index.html").read_text("utf-8")
    assert '<span class="gp">&gt;&gt;&gt; </span>' in page
    assert "<blockquote>" not in page
    assert 'href="../sources/#wordgraft.Contextual"' in page


def test_the_command_line_page_has_every_option(site: Path) -> None:
    page = (site / "reference" / "command-line" / "index.html").read_text("utf-8")
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert len(commands) > 10
    for name, command in commands.items():
        section = page.split(f'<h2 id="{name}"')[1].split("<h2 ")[0]
        for parameter in command.params:
            for option in parameter.opts:
                assert not option.startswith("--") or option in section, (name, option)


def test_a_notebook_becomes_text_code_and_output() -> None:
    hooks = runpy.run_path(str(ROOT / "docs" / "hooks.py"))
    output = {"data": {"text/plain": ["3"]}}
    assert hooks["_output"](output) == "```text\n3\n```"
    shown = {"data": {"text/plain": ["<table>"], "text/html": ["<b>3</b>"]}}
    assert hooks["_output"](shown) == '<div class="output"><b>3</b></div>'
