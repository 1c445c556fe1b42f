"""Options of `wordgraft table` that a source does not use are refused by name."""

from __future__ import annotations

import pytest
import typer

from wordgraft.cli.table_options import refuse_with_file, used_options

OPTIONS = {"isolated": {"layer": "3"}, "contextual": {"resume": None}, "isolated contextual": {}}


def test_only_given_options_are_used() -> None:
    assert used_options("isolated", OPTIONS) == {"layer": "3"}


def test_an_option_of_another_source_is_refused() -> None:
    with pytest.raises(typer.BadParameter, match="--layer: no effect with --source contextual"):
        used_options("contextual", OPTIONS)
    with pytest.raises(typer.BadParameter, match="--no-resume: no effect with --source lookup"):
        used_options("lookup", {"contextual": {"resume": False}})


def test_a_file_of_vectors_needs_no_encoder() -> None:
    refuse_with_file({"source": None}, {"device": None})
    with pytest.raises(typer.BadParameter, match="--source, --device: no effect with --from-file"):
        refuse_with_file({"source": "lookup"}, {"device": "cpu"})
