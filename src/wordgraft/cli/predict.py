"""`wordgraft predict`: labels and probabilities of texts."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from wordgraft.cli.shared import Quiet, start

_LOG = logging.getLogger(__name__)


def predict(
    model: Annotated[Path, typer.Argument(help="A trained model's folder.")],
    texts: Annotated[list[str] | None, typer.Argument(metavar="[TEXT]...")] = None,
    file: Annotated[
        str | None, typer.Option(help="FILE or FILE:COLUMN of texts; of a .txt, one a line.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Print a line a text: label, the probability of each class, and the text, between tabs.

    Example: wordgraft predict news.model "Shares soar on record profit"
    """
    start(quiet=quiet)
    if bool(texts) == (file is not None):
        raise typer.BadParameter("give texts, or --file, and not both")
    from wordgraft.reading import read_texts, split_column
    from wordgraft.tasks import TextClassifier

    classifier = TextClassifier.load(model)
    found = list(texts or ()) if file is None else list(read_texts(*split_column(file)))
    probabilities = classifier.predict_proba(found)
    if classifier.unknown_.words:
        _LOG.info("%s", classifier.unknown_)
    typer.echo("\t".join(["label", *map(str, classifier.classes_), "text"]))
    for text, row in zip(found, probabilities, strict=True):
        label = classifier.classes_[row.argmax()]
        values = (f"{value:.4f}" for value in row)
        typer.echo("\t".join([str(label), *values, " ".join(text.split())]))
