"""`wordgraft predict`: print the labels and probabilities of texts, or their entities."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wordgraft.cli.shared import Quiet

if TYPE_CHECKING:
    from wordgraft.estimators import SequenceTagger, TextClassifier
    from wordgraft.export.onnx import OnnxModel

_LOG = logging.getLogger(__name__)
_COLORS = ("cyan", "magenta", "yellow", "green", "blue", "red")


def predict(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="Folder of a trained model, or an .onnx file.")
    ],
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT")] = None,
    file: Annotated[
        str | None,
        typer.Option(help="FILE or FILE:COLUMN of texts; a .txt file has one text per line."),
    ] = None,
    json_lines: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per text.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Print one line per text: label, probabilities and text, or the text with entities marked.

    Example: wordgraft predict news.model "Shares soar on record profit"

    Example: wordgraft predict ner.model "Tim Cook spoke in Cupertino"

    Example: wordgraft predict news.onnx --file tweets.csv:text
    """
    if bool(texts) == (file is not None):
        raise typer.BadParameter("give either texts or --file")
    from wordgraft.data.rows import read_texts
    from wordgraft.data.text_files import split_column

    task, trained = _load(model)
    inputs = list(texts or ()) if file is None else list(read_texts(*split_column(file)))
    if task == "tag":
        _print_entities(trained, inputs, json_lines=json_lines)
    else:
        _print_labels(trained, inputs, json_lines=json_lines)
    unknown = getattr(trained, "unknown_", None)
    if unknown is not None and unknown.words:
        _LOG.info("%s", unknown)


def _load(model: Path) -> tuple[str, Any]:
    """Return the task and the model; an .onnx file needs no framework."""
    if model.suffix == ".onnx":
        from wordgraft.export.onnx import OnnxModel

        onnx_model = OnnxModel.load(model)
        return onnx_model.task, onnx_model
    from wordgraft.estimators import SequenceTagger, TextClassifier
    from wordgraft.estimators.saved import task_in

    task = task_in(model)
    return task, (SequenceTagger if task == "tag" else TextClassifier).load(model)


def _print_labels(
    classifier: TextClassifier | OnnxModel, texts: list[str], *, json_lines: bool
) -> None:
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


def _print_entities(
    tagger: SequenceTagger | OnnxModel, texts: list[str], *, json_lines: bool
) -> None:
    from wordgraft.data.word_tokenizer import words_of

    words_per_text = [words_of(text) for text in texts]
    spans = tagger.entities([[word.text for word in words] for words in words_per_text])
    for text, words, text_spans in zip(texts, words_per_text, spans, strict=True):
        entities = [
            {
                "type": span.kind,
                "text": text[words[span.start].start : words[span.end - 1].end],
                "start": words[span.start].start,
                "end": words[span.end - 1].end,
            }
            for span in text_spans
        ]
        if json_lines:
            _echo_json({"text": text, "entities": entities})
        else:
            _highlight(text, entities, tagger)


def _highlight(
    text: str, entities: list[dict[str, Any]], tagger: SequenceTagger | OnnxModel
) -> None:
    """Print the text with its entities marked, as in `[Tim Cook PER] spoke`."""
    from rich.console import Console
    from rich.text import Text

    kinds = sorted({tag[2:] for tag in tagger.tags_[1:]})
    marked, position = Text(), 0
    for entity in entities:
        marked.append(text[position : entity["start"]])
        color = _COLORS[kinds.index(entity["type"]) % len(_COLORS)]
        marked.append(f"[{entity['text']} {entity['type']}]", style=f"bold {color}")
        position = entity["end"]
    marked.append(text[position:])
    Console(highlight=False, soft_wrap=True).print(marked)


def _echo_json(content: dict[str, Any]) -> None:
    typer.echo(json.dumps(content, ensure_ascii=False))
