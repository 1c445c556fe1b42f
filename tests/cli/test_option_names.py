"""The library's errors name Python's arguments, the command's errors its options."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import typer

import wordgraft
from wordgraft.cli.app import app
from wordgraft.cli.option_names import OptionNames

SOURCE = Path(wordgraft.__file__).parent
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
# Programs that are not wordgraft's command, and whose options a message names.
OTHER_PROGRAMS = re.compile(r"pip install --upgrade|ray start --head|wordgraft export --to")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def test_no_message_of_the_library_names_an_option() -> None:
    named = []
    for path in sorted(SOURCE.rglob("*.py")):
        if path.is_relative_to(SOURCE / "cli"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = OTHER_PROGRAMS.sub("", node.value)
                named += [(path.name, node.lineno, option) for option in OPTION.findall(text)]
    assert named == []


def test_the_scan_finds_options() -> None:
    assert OPTION.findall("give --force, or (--no-resume); a--b, ---, --{name}") == [
        "--force",
        "--no-resume",
    ]


@pytest.mark.parametrize(
    ("command", "message", "expected"),
    [
        ("table", "replace it with force=True", "replace it with --force"),
        ("table", "start over with resume=False.", "start over with --no-resume."),
        ("table", "give allow_pickle=True if", "give --allow-pickle if"),
        ("table", "leave them out with skip_bad=True", "leave them out with --skip-bad"),
        ("table", "try encoder_dtype='float32'", "try --encoder-dtype float32"),
        ("table", "give its format=..., or", "give its --from-format, or"),
        ("table", "make it with Vocabulary.from_texts", "make it with --texts"),
        ("table", "run with address='auto',", "run with --address auto,"),
        ("train", "with Vocabulary.from_texts", "with 'wordgraft table --texts'"),
        ("train", "with oov='blend'; or", "with --oov blend; or"),
        ("train", "TrainingSettings(precision='auto')", "--set training__precision=auto"),
        ("train", "(first_layer__cache=None)", "(--set first_layer__cache=none)"),
        ("train", "name the column: tag=3", "name the column: --label 3"),
        ("train", "with token=...", "with --text"),
        (
            "train",
            "name some: head_init={'up': ['gain', 'rise']}",
            "name some: --head-init 'up: gain, rise'",
        ),
        ("matrix", "pass dims=50 to fit", "pass --dims 50 to fit"),
        ("matrix", "name it with special={'<s>': 'unk'} if", "name it with --special <s>=unk if"),
        ("matrix", "special={...: 'unk'}", "--special ...=unk"),
        ("compare", "continue with resume=True, or", "continue with --resume FOLDER, or"),
        ("compare", "it needs checkpoint=... or vectors=...", "it needs --checkpoint or --vectors"),
        ("compare", "give it with MethodSettings(vectors=...)", "give it with --vectors"),
        ("compare", "out with drop_duplicates=True", "out with --drop-duplicates"),
    ],
)
def test_arguments_become_options(command: str, message: str, expected: str) -> None:
    assert OptionNames.of(COMMANDS[command].params).translate(message) == expected


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("evaluate", "read it with allow_pickle=True"),  # it has no such option
        ("train", "blend has epochs=0; expected more"),  # a figure
        ("matrix", "rows=12 is too few"),  # a figure, not an argument
        ("compare", "start over with resume=False"),  # a folder cannot be turned off
        ("train", "row 3: 'force=Trueish' and x.force=12"),
    ],
)
def test_what_is_no_argument_of_the_command_stays(command: str, message: str) -> None:
    assert OptionNames.of(COMMANDS[command].params).translate(message) == message
