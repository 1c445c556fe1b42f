"""`wordgraft train`: a network on top of a table's rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wordgraft.cli.shared import Force, Output, Quiet, choose, facts, start


def train(
    data: Annotated[
        str, typer.Argument(help="Labelled texts: CSV, TSV, JSONL or Parquet, compressed or not.")
    ],
    table: Annotated[
        Path, typer.Option(help="The table whose rows the network starts from.", show_default=False)
    ],
    output: Output,
    text: Annotated[str, typer.Option(help="Column of the texts.")] = "text",
    label: Annotated[str, typer.Option(help="Column of the labels.")] = "label",
    network: Annotated[str, typer.Option(help="Network above the rows: bag.")] = "bag",
    init: Annotated[
        str, typer.Option(help="Start of the rows: table, or random to compare with.")
    ] = "table",
    regime: Annotated[str, typer.Option(help="tuned (rows learn too) or frozen.")] = "tuned",
    hidden: Annotated[int, typer.Option(min=1, help="Width of the hidden layer.")] = 256,
    dropout: Annotated[float, typer.Option(help="Share of values zeroed in training.")] = 0.3,
    rows_rate: Annotated[float, typer.Option(help="Learning rate of the rows.")] = 1e-3,
    head_rate: Annotated[float, typer.Option(help="Learning rate of the other layers.")] = 1e-3,
    batch_size: Annotated[int, typer.Option(min=1, help="Texts a step.")] = 32,
    max_epochs: Annotated[int, typer.Option(min=1, help="Passes over the texts at most.")] = 60,
    patience: Annotated[
        int, typer.Option(min=1, help="Passes without gain before training stops.")
    ] = 8,
    held_out: Annotated[
        str, typer.Option(help="Share of the texts that chooses the best pass, or auto.")
    ] = "auto",
    class_weight: Annotated[
        str, typer.Option(help="balanced (rare classes weigh more) or none.")
    ] = "balanced",
    oov: Annotated[
        str | None,
        typer.Option(
            help="What words without a row get; a method that learns is fitted first, if the "
            "table does not carry it.  [default: the table's own method]"
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto or cpu.")] = "auto",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything random.")] = 0,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Train a text classifier whose first layer is a table.

    Example: wordgraft train train.csv --table news.table -o news.model
    """
    start(quiet=quiet)
    from wordgraft.oov import METHODS
    from wordgraft.reading import read_rows
    from wordgraft.storage import check_output
    from wordgraft.table import EmbeddingTable
    from wordgraft.tasks.classify import INITS, TextClassifier
    from wordgraft.tasks.files import MARKER
    from wordgraft.training import REGIMES

    choose("--init", init, INITS)
    choose("--regime", regime, REGIMES)
    choose("--device", device, ["auto", "cpu"])
    choose("--class-weight", class_weight, ["balanced", "none"])
    if oov is not None:
        choose("--oov", oov, METHODS)
    try:
        share = held_out if held_out == "auto" else float(held_out)
    except ValueError:
        choose("--held-out", held_out, ["auto", "a share from 0 to below 1"])

    check_output(output, force=force, marker=MARKER)
    opened = EmbeddingTable.load(table)
    texts, labels = zip(*read_rows(data, [text, label]), strict=True)
    classifier = TextClassifier(
        opened,
        network=network,
        init=init,
        regime=regime,
        hidden=hidden,
        dropout=dropout,
        rows_rate=rows_rate,
        head_rate=head_rate,
        batch_size=batch_size,
        max_epochs=max_epochs,
        patience=patience,
        held_out=share,
        class_weight=None if class_weight == "none" else class_weight,
        oov=oov,
        device=device,
        random_state=seed,
        progress=not quiet,
    ).fit(texts, labels)
    classifier.save(output, force=force)
    record, scores = classifier.record_, classifier.held_out_scores_
    rows = [
        ("model", str(output)),
        ("classes", ", ".join(map(str, classifier.classes_))),
        ("texts", f"{record.texts:,} to train on, {record.held_out:,} held out"),
        ("epochs", f"{record.epochs}, the best was {record.best_epoch}"),
        ("seconds", f"{record.seconds:.1f}"),
        ("parameters", f"{record.parameters:,} that learn"),
    ]
    if scores is not None:
        rows.append(
            (
                "held out",
                f"accuracy {scores.accuracy:.3f}, macro-F1 {scores.macro_f1:.3f} "
                "(they chose the best epoch: judge on other texts)",
            )
        )
    facts(rows)
