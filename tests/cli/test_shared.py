"""What the commands share: checked values and aligned facts."""

from __future__ import annotations

import pytest
import typer

from wordgraft.cli.shared import choose, counted, facts


def test_a_value_must_be_one_of_the_names() -> None:
    assert choose("--task", "tag", ("classify", "tag")) == "tag"
    with pytest.raises(typer.BadParameter, match="'sing' is not one of classify, tag"):
        choose("--task", "sing", ("classify", "tag"))


def test_values_are_aligned_in_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    facts([("a", "1"), ("longer", "2")])
    assert capsys.readouterr().out == "a       1\nlonger  2\n"


def test_counting_passes_every_text_on() -> None:
    assert list(counted(iter(["a", "b"]), "reading", quiet=True)) == ["a", "b"]
