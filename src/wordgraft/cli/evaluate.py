"""`wordgraft evaluate`: how good a trained model is on labelled texts."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from wordgraft.cli.shared import Quiet, facts, grid, show, start

_LOG = logging.getLogger(__name__)


def evaluate(
    model: Annotated[Path, typer.Argument(help="A trained model's folder.")],
    data: Annotated[str, typer.Argument(help="Labelled texts it was not trained on.")],
    text: Annotated[str, typer.Option(help="Column of the texts.")] = "text",
    label: Annotated[str, typer.Option(help="Column of the labels.")] = "label",
    quiet: Quiet = False,
) -> None:
    """Print accuracy, macro-F1, scores of each class and the confusion matrix.

    Example: wordgraft evaluate news.model valid.csv
    """
    start(quiet=quiet)
    from wordgraft.reading import read_rows
    from wordgraft.tasks import Scores, TextClassifier

    classifier = TextClassifier.load(model)
    texts, labels = zip(*read_rows(data, [text, label]), strict=True)
    known = [str(name) for name in classifier.classes_]
    if strange := sorted({*labels} - {*known}):
        _LOG.warning(
            "%s of %s texts have labels the model does not know (%s; it knows %s): all count wrong",
            f"{sum(name not in known for name in labels):,}",
            f"{len(labels):,}",
            ", ".join(strange[:5]),
            ", ".join(known),
        )
    # Labels in a file are strings, those of a model may be numbers.
    scores = Scores.of(labels, [str(name) for name in classifier.predict(texts)])
    if classifier.unknown_.words:
        _LOG.info("%s", classifier.unknown_)
    facts(
        [
            ("texts", f"{len(texts):,}"),
            ("accuracy", f"{scores.accuracy:.4f}"),
            ("macro-F1", f"{scores.macro_f1:.4f}"),
        ]
    )
    per_class = grid("class", "precision", "recall", "F1", "texts")
    for name, found in scores.classes.items():
        shares = (found.precision, found.recall, found.f1)
        per_class.add_row(name, *(f"{share:.3f}" for share in shares), f"{found.support:,}")
    confusion = grid("true \\ predicted", *scores.classes)
    for name, counts in zip(scores.classes, scores.confusion, strict=True):
        confusion.add_row(name, *(f"{count:,}" for count in counts))
    typer.echo()
    show(per_class)
    typer.echo()
    show(confusion)
