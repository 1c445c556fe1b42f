"""`wordgraft predict`."""

from __future__ import annotations

import json
from pathlib import Path

from commands import run


def test_predict_prints_a_line_a_text(texts_folder: Path) -> None:
    (texts_folder / "texts.txt").write_text("the warm sun\na cold rain\n")
    by_file = run("predict", "m.model", "--file", "texts.txt", cwd=texts_folder)
    by_hand = run("predict", "m.model", "the warm sun", "a cold rain", cwd=texts_folder)
    assert by_file.stdout == by_hand.stdout
    header, *lines = (line.split("\t") for line in by_file.stdout.splitlines())
    assert header == ["label", "bad", "good", "text"]
    assert [(line[0], line[3]) for line in lines] == [
        ("good", "the warm sun"),
        ("bad", "a cold rain"),
    ]
    assert all(abs(float(line[1]) + float(line[2]) - 1) < 1e-3 for line in lines)


def test_predict_marks_entities(tags_folder: Path) -> None:
    done = run("predict", "m.model", "Anna  walked to Berlin", "", cwd=tags_folder)
    assert done.stdout == "[Anna PER]  walked to [Berlin LOC]\n\n", done.stderr


def test_predict_gives_json_lines_with_places_in_the_text(tags_folder: Path) -> None:
    text = "So: Weber walked to London"
    done = run("predict", "m.model", "--json", text, cwd=tags_folder)
    found = json.loads(done.stdout)
    assert found["text"] == text
    kinds = {entity["text"]: entity["type"] for entity in found["entities"]}
    assert kinds["London"] == "LOC"
    for entity in found["entities"]:
        assert text[entity["start"] : entity["end"]] == entity["text"]
