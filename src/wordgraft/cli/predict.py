"""`wordgraft predict`: labels and probabilities of texts, or the entities in them."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wordgraft.cli.shared import Quiet, start

if TYPE_CHECKING:
    from wordgraft.estimators import SequenceTagger, TextClassifier
    from wordgraft.export.onnx import OnnxModel

_LOG = logging.getLogger(__name__)
_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")


def predict(
    model: Annotated[
        Path, typer.Argument(help="A trained model's folder, or the .onnx file of one.")
    ],
    texts: Annotated[list[str] | None, typer.Argument(metavar="[TEXT]...")] = None,
    file: Annotated[
        str | None, typer.Option(help="FILE or FILE:COLUMN of texts; of a .txt, one a line.")
    ] = None,
    json_lines: Annotated[bool, typer.Option("--json", help="A JSON object a text.")] = False,
    quiet: Quiet = False,
) -> None:
    """Print a line a text: label, probabilities and the text; or the text, its entities marked.

    Example: wordgraft predict news.model "Shares soar on record profit"

    Example: wordgraft predict ner.model "Tim Cook spoke in Cupertino"

    Example: wordgraft predict news.onnx --file tweets.csv:text
    """
    start(quiet=quiet)
    if bool(texts) == (file is not None):
        raise typer.BadParameter("give texts, or --file, and not both")
    from wordgraft.data.text_files import read_texts, split_column

    task, opened = _opened(model)
    found = list(texts or ()) if file is None else list(read_texts(*split_column(file)))
    if task == "tag":
        _entities(opened, found, json_lines=json_lines)
    else:
        _labels(opened, found, json_lines=json_lines)
    unknown = getattr(opened, "unknown_", None)
    if unknown is not None and unknown.words:
        _LOG.info("%s", unknown)


def _opened(model: Path) -> tuple[str, Any]:
    """The task and the model of a folder, or of a file that needs no framework to run."""
    if model.suffix == ".onnx":
        from wordgraft.export.onnx import OnnxModel

        written = OnnxModel.load(model)
        return written.task, written
    from wordgraft.estimators import SequenceTagger, TextClassifier
    from wordgraft.estimators.io import task_in

    task = task_in(model)
    return task, (SequenceTagger if task == "tag" else TextClassifier).load(model)


def _labels(classifier: TextClassifier | OnnxModel, texts: list[str], *, json_lines: bool) -> None:
    probabilities = classifier.predict_proba(texts)
    chosen = classifier.labels_.chosen(probabilities)
    names = [str(name) for name in classifier.classes_]
    if not json_lines:
        typer.echo("\t".join(["label", *names, "text"]))
    for text, row, label in zip(texts, probabilities, chosen, strict=True):
        shown = [str(name) for name in label] if classifier.multilabel_ else str(label)
        if json_lines:
            shares = {name: round(float(value), 6) for name, value in zip(names, row, strict=True)}
            _echo_json({"text": text, "label": shown, "probabilities": shares})
        else:
            values = (f"{value:.4f}" for value in row)
            first = ",".join(shown) if isinstance(shown, list) else shown
            typer.echo("\t".join([first, *values, " ".join(text.split())]))


def _entities(tagger: SequenceTagger | OnnxModel, texts: list[str], *, json_lines: bool) -> None:
    from wordgraft.data.word_tokenizer import words_of

    cut = [words_of(text) for text in texts]
    spans = tagger.entities([[word.text for word in words] for words in cut])
    for text, words, found in zip(texts, cut, spans, strict=True):
        entities = [
            {
                "type": span.kind,
                "text": text[words[span.start].start : words[span.end - 1].end],
                "start": words[span.start].start,
                "end": words[span.end - 1].end,
            }
            for span in found
        ]
        if json_lines:
            _echo_json({"text": text, "entities": entities})
        else:
            _highlight(text, entities, tagger)


def _highlight(
    text: str, entities: list[dict[str, Any]], tagger: SequenceTagger | OnnxModel
) -> None:
    """Print the text with each entity marked: `[Tim Cook PER] spoke`, in colours on a terminal."""
    from rich.console import Console
    from rich.text import Text

    kinds = sorted({tag[2:] for tag in tagger.tags_[1:]})
    shown, at = Text(), 0
    for entity in entities:
        shown.append(text[at : entity["start"]])
        colour = _COLOURS[kinds.index(entity["type"]) % len(_COLOURS)]
        shown.append(f"[{entity['text']} {entity['type']}]", style=f"bold {colour}")
        at = entity["end"]
    shown.append(text[at:])
    Console(highlight=False, soft_wrap=True).print(shown)


def _echo_json(content: dict[str, Any]) -> None:
    typer.echo(json.dumps(content, ensure_ascii=False))
