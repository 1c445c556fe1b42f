"""`wordgraft evaluate`: score a trained model on labelled texts."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wordgraft.cli.shared import (
    LabelColumn,
    LabelSeparator,
    Quiet,
    TextColumn,
    facts,
    grid,
    show,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wordgraft.estimators import SequenceTagger, TextClassifier
    from wordgraft.metrics.classification import ClassScores

_LOG = logging.getLogger(__name__)


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder of a trained model.")],
    data: Annotated[
        str,
        typer.Argument(metavar="DATA", help="Labelled texts that the model was not trained on."),
    ],
    text: TextColumn = None,
    label: LabelColumn = None,
    label_separator: LabelSeparator = "|",
    quiet: Quiet = False,
) -> None:
    """Print accuracy, macro-F1, scores per class and a confusion matrix, or entity scores.

    An entity counts as correct only if its type and both boundaries match. Entities that do
    not occur in the training data are also scored separately.

    Example: wordgraft evaluate news.model valid.csv

    Example: wordgraft evaluate ner.model test.conll
    """
    from wordgraft.estimators import SequenceTagger, TextClassifier
    from wordgraft.estimators.saved import task_in

    trained: Any
    if task_in(model) == "tag":
        trained = SequenceTagger.load(model)
        _entities(trained, data, text, label)
    else:
        trained = TextClassifier.load(model)
        _classes(trained, data, text or "text", label or "label", label_separator)
    if trained.unknown_ is not None and trained.unknown_.words:
        _LOG.info("%s", trained.unknown_)


def _entities(tagger: SequenceTagger, data: str, text: str | None, label: str | None) -> None:
    from wordgraft.data.conll import read_tagged

    tagged = read_tagged(data, token=text, tag=label)
    known = {tag[2:] for tag in tagger.tags_[1:]}
    types = [{tag[2:] for tag in tags if tag != "O"} for tags in tagged.tags]
    _warn_of_unknown(types, known, "entity types")
    scores = tagger.evaluate(tagged.sentences, tagged.tags)
    rows = [
        ("sentences", f"{len(tagged):,}"),
        ("precision", f"{scores.precision:.4f}"),
        ("recall", f"{scores.recall:.4f}"),
        ("F1", f"{scores.f1:.4f}"),
    ]
    if scores.unseen is not None:
        support = scores.unseen.support
        unseen = f"{scores.unseen.f1:.4f} ({support:,} entities not in the training data)"
        rows.append(("F1, unseen", unseen))
    facts(rows)
    typer.echo()
    _show_scores("type", "entities", scores.kinds)


def _classes(classifier: TextClassifier, data: str, text: str, label: str, separator: str) -> None:
    from wordgraft.data.rows import read_rows
    from wordgraft.metrics.classification import Scores

    texts, labels = zip(*read_rows(data, [text, label]), strict=True)
    known = {str(name) for name in classifier.classes_}
    if classifier.multilabel_:
        label_sets = [{part.strip() for part in cell.split(separator)} - {""} for cell in labels]
        _warn_of_unknown(label_sets, known, "labels")
        predicted = classifier.labels_.sets(classifier.predict(texts))
        scores = Scores.of_sets(label_sets, [{str(name) for name in names} for names in predicted])
    else:
        _warn_of_unknown([{label} for label in labels], known, "labels")
        # Labels in a file are strings; those of a model may be numbers.
        scores = Scores.of(labels, [str(name) for name in classifier.predict(texts)])
    facts(
        [
            ("texts", f"{len(texts):,}"),
            ("accuracy", f"{scores.accuracy:.4f}"),
            ("macro-F1", f"{scores.macro_f1:.4f}"),
        ]
    )
    typer.echo()
    _show_scores("class", "texts", scores.classes)
    if scores.confusion is None:
        return
    confusion = grid("true \\ predicted", *scores.classes)
    for name, counts in zip(scores.classes, scores.confusion, strict=True):
        confusion.add_row(name, *(f"{count:,}" for count in counts))
    typer.echo()
    show(confusion)


def _show_scores(kind: str, counted: str, scores_by_name: Mapping[str, ClassScores]) -> None:
    table = grid(kind, "precision", "recall", "F1", counted)
    for name, scores in scores_by_name.items():
        shares = (scores.precision, scores.recall, scores.f1)
        table.add_row(name, *(f"{share:.3f}" for share in shares), f"{scores.support:,}")
    show(table)


def _warn_of_unknown(names_per_text: list[set[str]], known: set[str], kind: str) -> None:
    if unknown := sorted(set().union(*names_per_text) - known):
        _LOG.warning(
            "%s of %s texts have %s that the model does not know (%s; it knows %s); "
            "they count as errors",
            f"{sum(bool(names - known) for names in names_per_text):,}",
            f"{len(names_per_text):,}",
            kind,
            ", ".join(unknown[:5]),
            ", ".join(sorted(known)),
        )
