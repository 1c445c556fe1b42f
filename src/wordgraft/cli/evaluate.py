"""`wordgraft evaluate`: how good a trained model is on labelled texts."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wordgraft.cli.shared import Quiet, facts, grid, show, start

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wordgraft.estimators import SequenceTagger, TextClassifier
    from wordgraft.metrics.classification import ClassScores

_LOG = logging.getLogger(__name__)


def evaluate(
    model: Annotated[Path, typer.Argument(help="A trained model's folder.")],
    data: Annotated[str, typer.Argument(help="Labelled texts it was not trained on.")],
    text: Annotated[str, typer.Option(help="Column of the texts.")] = "text",
    label: Annotated[str, typer.Option(help="Column of the labels.")] = "label",
    label_separator: Annotated[
        str, typer.Option(help="What stands between the labels of one text, where it has several.")
    ] = "|",
    token_column: Annotated[
        str | None, typer.Option(help="Column of the words.  [default: found by itself]")
    ] = None,
    tag_column: Annotated[
        str | None, typer.Option(help="Column of the tags.  [default: found by itself]")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Print accuracy, macro-F1, scores of each class and the confusion matrix; or entity scores.

    Entities count when kind, first and last word are right; those unseen in training are counted
    apart.

    Example: wordgraft evaluate news.model valid.csv

    Example: wordgraft evaluate ner.model test.conll
    """
    start(quiet=quiet)
    from wordgraft.estimators import SequenceTagger, TextClassifier
    from wordgraft.estimators.io import task_in

    opened: Any
    if task_in(model) == "tag":
        opened = SequenceTagger.load(model)
        _entities(opened, data, token_column, tag_column)
    else:
        opened = TextClassifier.load(model)
        _classes(opened, data, text, label, label_separator)
    if opened.unknown_ is not None and opened.unknown_.words:
        _LOG.info("%s", opened.unknown_)


def _entities(
    tagger: SequenceTagger, data: str, token_column: str | None, tag_column: str | None
) -> None:
    from wordgraft.data.conll import read_tagged

    tagged = read_tagged(data, token=token_column, tag=tag_column)
    known = {tag[2:] for tag in tagger.tags_[1:]}
    _warn_of_strangers(
        [{tag[2:] for tag in each if tag != "O"} for each in tagged.tags], known, "entity types"
    )
    scores = tagger.evaluate(tagged.sentences, tagged.tags)
    rows = [
        ("sentences", f"{len(tagged):,}"),
        ("precision", f"{scores.precision:.4f}"),
        ("recall", f"{scores.recall:.4f}"),
        ("F1", f"{scores.f1:.4f}"),
    ]
    if scores.unseen is not None:
        unseen = f"{scores.unseen.f1:.4f} ({scores.unseen.support:,} entities not in training)"
        rows.append(("F1, unseen", unseen))
    facts(rows)
    typer.echo()
    _show_each("type", "entities", scores.kinds)


def _classes(classifier: TextClassifier, data: str, text: str, label: str, separator: str) -> None:
    from wordgraft.data.text_files import read_rows
    from wordgraft.metrics.classification import Scores

    texts, labels = zip(*read_rows(data, [text, label]), strict=True)
    known = {str(name) for name in classifier.classes_}
    if classifier.multilabel_:
        sets = [{part.strip() for part in each.split(separator)} - {""} for each in labels]
        _warn_of_strangers(sets, known, "labels")
        predicted = classifier.labels_.sets(classifier.predict(texts))
        scores = Scores.of_sets(sets, [{str(name) for name in each} for each in predicted])
    else:
        _warn_of_strangers([{each} for each in labels], known, "labels")
        # Labels in a file are strings, those of a model may be numbers.
        scores = Scores.of(labels, [str(name) for name in classifier.predict(texts)])
    facts(
        [
            ("texts", f"{len(texts):,}"),
            ("accuracy", f"{scores.accuracy:.4f}"),
            ("macro-F1", f"{scores.macro_f1:.4f}"),
        ]
    )
    typer.echo()
    _show_each("class", "texts", scores.classes)
    if scores.confusion is None:
        return
    confusion = grid("true \\ predicted", *scores.classes)
    for name, counts in zip(scores.classes, scores.confusion, strict=True):
        confusion.add_row(name, *(f"{count:,}" for count in counts))
    typer.echo()
    show(confusion)


def _show_each(what: str, counted: str, each: Mapping[str, ClassScores]) -> None:
    table = grid(what, "precision", "recall", "F1", counted)
    for name, found in each.items():
        shares = (found.precision, found.recall, found.f1)
        table.add_row(name, *(f"{share:.3f}" for share in shares), f"{found.support:,}")
    show(table)


def _warn_of_strangers(found: list[set[str]], known: set[str], what: str) -> None:
    if strange := sorted(set().union(*found) - known):
        _LOG.warning(
            "%s of %s texts have %s the model does not know (%s; it knows %s): all count wrong",
            f"{sum(bool(each - known) for each in found):,}",
            f"{len(found):,}",
            what,
            ", ".join(strange[:5]),
            ", ".join(sorted(known)),
        )
