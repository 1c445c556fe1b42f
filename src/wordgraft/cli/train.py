"""`wordgraft train`: a network on top of a table's rows, or of the frozen encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from wordgraft.cli.forgetting import asked_of, show_forgetting
from wordgraft.cli.shared import Force, Output, Quiet, choose, facts, is_first_process, start

_TASKS = ("classify", "tag")
_ELSE = "  [default: the task's own]"


def train(
    data: Annotated[
        str,
        typer.Argument(
            help="Labelled texts: CSV, TSV, JSONL or Parquet. To tag: CoNLL-style lines, or lists "
            "of words and tags in JSONL, Parquet or dataset:NAME. Compressed or not."
        ),
    ],
    output: Output,
    table: Annotated[
        Path | None, typer.Option(help="The table whose rows the network starts from.")
    ] = None,
    task: Annotated[str, typer.Option(help="classify texts, or tag words.")] = "classify",
    checkpoint: Annotated[
        str | None,
        typer.Option(help="The encoder of networks features and encoder, instead of a table."),
    ] = None,
    text: Annotated[str, typer.Option(help="Column of the texts.")] = "text",
    label: Annotated[str, typer.Option(help="Column of the labels.")] = "label",
    label_separator: Annotated[
        str | None,
        typer.Option(help="What stands between the labels of a text that may have several."),
    ] = None,
    token_column: Annotated[
        str | None, typer.Option(help="Column of the words to tag.  [default: found by itself]")
    ] = None,
    tag_column: Annotated[
        str | None, typer.Option(help="Column of the tags.  [default: found by itself]")
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            help="bag, linear (texts alone), cnn, bilstm, transformer, bilstm-crf (tags alone), or "
            "features (the frozen encoder), or encoder (itself, fine-tuned).  [default: bag, or "
            "bilstm-crf]"
        ),
    ] = None,
    body: Annotated[
        str,
        typer.Option(help="Network above features: logistic (texts alone), or one of the others."),
    ] = "auto",
    layers: Annotated[
        str, typer.Option(help="The encoder's layers for features, as in 3,6; or auto.")
    ] = "auto",
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Do not keep the frozen encoder's vectors.")
    ] = False,
    init: Annotated[
        str, typer.Option(help="Start of the rows: table, or random to compare with.")
    ] = "table",
    regime: Annotated[
        str | None,
        typer.Option(
            help="What learns: frozen (the head alone), embeddings, full, lp-ft (the head first).  "
            "[default: embeddings; frozen to tag; full for encoder]"
        ),
    ] = None,
    regularizer: Annotated[
        str | None,
        typer.Option(
            help="Against forgetting: layer_decay, lora, or both, as in layer_decay:0.9,lora:8."
        ),
    ] = None,
    pooling: Annotated[
        str | None,
        typer.Option(
            help="Of network encoder: mean, cls or attention of a text's tokens; to tag, the "
            "first, last or mean of a word's pieces.  [default: mean; first]"
        ),
    ] = None,
    head_init: Annotated[
        str, typer.Option(help="Start of the last layer: xavier, or labels (from their words).")
    ] = "xavier",
    label_words: Annotated[
        list[str] | None,
        typer.Option(help="Words of a label, as in 'bullish: gain, rise'; may be repeated."),
    ] = None,
    casing: Annotated[bool, typer.Option(help="To tag: join how a word is written.")] = True,
    letters: Annotated[
        bool, typer.Option(help="To tag: join a network over the word's letters.")
    ] = False,
    hidden: Annotated[
        int | None, typer.Option(min=1, help="Width of the network's layers." + _ELSE)
    ] = None,
    dropout: Annotated[
        float | None, typer.Option(help="Share of values zeroed in training." + _ELSE)
    ] = None,
    rows_rate: Annotated[
        float | None,
        typer.Option(help="Learning rate of the rows.  [default: 1e-3; 1e-4 for encoder]"),
    ] = None,
    body_rate: Annotated[
        float | None, typer.Option(help="Learning rate of the body.  [default: the head's]")
    ] = None,
    head_rate: Annotated[
        float | None,
        typer.Option(
            help="Learning rate of the last layer.  [default: 1e-3; 2e-3 for texts by bilstm]"
        ),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            help="Of the rates: constant or linear.  [default: constant; linear for encoder]"
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Texts a step.  [default: 32; 16 for encoder]")
    ] = None,
    max_epochs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Passes over the texts at most.  [default: 60; for encoder, 40 of 100 texts to 3]",
        ),
    ] = None,
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
    teacher: Annotated[
        Path | None,
        typer.Option(help="Of texts: a trained model whose answers stand for missing labels."),
    ] = None,
    unlabelled: Annotated[
        str | None,
        typer.Option(help="FILE or FILE:COLUMN of texts without labels, for the teacher."),
    ] = None,
    tune: Annotated[
        int, typer.Option(min=0, help="Settings to try first, on held-out training texts.")
    ] = 0,
    report_forgetting: Annotated[
        bool,
        typer.Option(
            "--report-forgetting", help="Of network encoder: measure what it lost, and print it."
        ),
    ] = False,
    general_text: Annotated[
        str | None, typer.Option(help="For that report: FILE or FILE:COLUMN of other texts.")
    ] = None,
    pairs: Annotated[
        list[Path] | None,
        typer.Option(help="For that report: word1 TAB word2 TAB score; may be repeated."),
    ] = None,
    probe: Annotated[
        list[str] | None,
        typer.Option(help="For that report: FILE:TEXT:LABEL of another task; may be repeated."),
    ] = None,
    forget_at_most: Annotated[
        float | None,
        typer.Option(min=0, help="Keep the best mix of start and end that loses no more, as 0.02."),
    ] = None,
    no_resume: Annotated[
        bool,
        typer.Option("--no-resume", help="Start over instead of going on from OUTPUT.progress."),
    ] = False,
    precision: Annotated[
        str, typer.Option(help="float32, bfloat16, or auto: the latter on CUDA.")
    ] = "auto",
    device: Annotated[str, typer.Option(help="auto or cpu.")] = "auto",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything random.")] = 0,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Train a classifier of texts or a tagger of words whose first layer is a table.

    Example: wordgraft train train.csv --table news.table -o news.model

    Example: wordgraft train train.conll --task tag --table news.table -o ner.model

    Example: wordgraft train train.csv --network encoder --checkpoint bert-base-uncased -o my.model
    """
    start(quiet=quiet)
    from wordgraft.core.atomic_io import check_output
    from wordgraft.data.rows import read_texts
    from wordgraft.data.text_files import split_column
    from wordgraft.estimators import SequenceTagger, TextClassifier
    from wordgraft.estimators.base import INITS, discard
    from wordgraft.estimators.classifier import HEAD_INITS
    from wordgraft.estimators.io import MARKER
    from wordgraft.oov import METHODS
    from wordgraft.table import EmbeddingTable
    from wordgraft.training import REGIMES

    choose("--task", task, _TASKS)
    choose("--init", init, INITS)
    choose("--head-init", head_init, HEAD_INITS)
    if regime is not None:
        choose("--regime", regime, REGIMES)
    choose("--device", device, ["auto", "cpu"])
    choose("--class-weight", class_weight, ["balanced", "none"])
    if oov is not None:
        choose("--oov", oov, METHODS)
    if (table is None) == (checkpoint is None):
        raise typer.BadParameter(
            "give --table, or --checkpoint with --network features or --network encoder"
        )
    if (general_text or pairs or probe) and not report_forgetting:
        raise typer.BadParameter(
            "--general-text, --pairs and --probe are what --report-forgetting looks at: give it too"
        )
    if (teacher is None) != (unlabelled is None):
        raise typer.BadParameter("--teacher and --unlabelled go together: give both, or neither")
    if teacher is not None and task == "tag":
        raise typer.BadParameter("--teacher is for --task classify: a tagger has none")
    try:
        share = held_out if held_out == "auto" else float(held_out)
    except ValueError:
        choose("--held-out", held_out, ["auto", "a share from 0 to below 1"])
    numbers, told = _layers(layers), _words_of_labels(label_words or [])

    check_output(output, force=force, marker=MARKER)
    arguments: dict[str, Any] = {
        "checkpoint": checkpoint,
        "body": body,
        "layers": numbers,
        "cache": None if no_cache else "auto",
        "init": init,
        "patience": patience,
        "held_out": share,
        "oov": oov,
        "regularizer": regularizer,
        "tune": tune,
        "forget_at_most": forget_at_most,
        "keep": (keep := output.with_name(f"{output.name}.progress")),
        "resume": not no_resume,
        "precision": precision,
        "device": device,
        "random_state": seed,
        "progress": not quiet,
    }
    asked = {
        **{"network": network, "regime": regime, "pooling": pooling, "hidden": hidden},
        **{"dropout": dropout, "rows_rate": rows_rate, "body_rate": body_rate},
        **{"head_rate": head_rate, "schedule": schedule, "batch_size": batch_size},
        **{"max_epochs": max_epochs},
    }
    arguments |= {name: value for name, value in asked.items() if value is not None}
    if report_forgetting:
        arguments["forgetting"] = asked_of(general_text, pairs or [], probe or [])
    opened = None if table is None else EmbeddingTable.load(table)
    model: SequenceTagger | TextClassifier
    if task == "tag":
        from wordgraft.data.conll import read_tagged

        tagged = read_tagged(data, token=token_column, tag=tag_column)
        tagger = SequenceTagger(opened, casing=casing, letters=letters, **arguments)
        model = tagger.fit(tagged.sentences, tagged.tags)
    else:
        texts, labels = _labelled(data, text, label, label_separator)
        classifier = TextClassifier(
            opened,
            head_init=head_init,
            label_words=told or None,
            class_weight=None if class_weight == "none" else class_weight,
            teacher=teacher,
            **arguments,
        )
        more = None if unlabelled is None else [*read_texts(*split_column(unlabelled))]
        model = classifier.fit(texts, labels, unlabelled=more)
    if not is_first_process():
        return
    model.save(output, force=force)
    discard(keep)
    _report(model, output)
    if hasattr(model, "forgetting_"):
        show_forgetting(model.forgetting_)


def _report(model: Any, output: Path) -> None:
    record, scores = model.record_, model.held_out_scores_
    names = ("tags", model.tags_) if model.per_word else ("classes", model.classes_)
    rows = [
        ("model", str(output)),
        (names[0], ", ".join(map(str, names[1]))),
        ("texts", f"{record.texts:,} to train on, {record.held_out:,} held out"),
        *([("taught", f"{record.taught:,} of them by the teacher")] if record.taught else []),
        ("epochs", f"{record.epochs}, the best was {record.best_epoch}"),
        ("seconds", f"{record.seconds:.1f}"),
        ("parameters", f"{record.parameters:,} that learn"),
    ]
    if record.stopped is not None:
        rows.append(("stopped", f"{record.stopped}: the weights are those before"))
    if hasattr(model, "tuned_"):
        rows.append(("settings", f"best of {len(model.tuned_.scores)}: {model.tuned_}"))
    if scores is not None:
        figures = (
            f"entity F1 {scores.f1:.3f}"
            if model.per_word
            else f"accuracy {scores.accuracy:.3f}, macro-F1 {scores.macro_f1:.3f}"
        )
        chose = "(they chose the best epoch: judge on other texts)"
        rows.append(("held out", f"{figures} {chose}"))
    facts(rows)


def _labelled(
    data: str, text: str, label: str, separator: str | None
) -> tuple[list[str], list[Any]]:
    from wordgraft.data.rows import read_rows

    texts, labels = zip(*read_rows(data, [text, label]), strict=True)
    if separator is None:
        return list(texts), list(labels)
    parts = [[part.strip() for part in each.split(separator)] for each in labels]
    return list(texts), [[part for part in each if part] for each in parts]


def _layers(text: str) -> list[int] | str:
    if text == "auto":
        return text
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no list of layers such as 3,6", param_hint="'--layers'"
        ) from error


def _words_of_labels(given: list[str]) -> dict[str, list[str]]:
    found = {}
    for each in given:
        label, colon, words = each.partition(":")
        found[label.strip()] = [word.strip() for word in words.split(",") if word.strip()]
        if not colon or not found[label.strip()]:
            raise typer.BadParameter(
                f"{each!r} names no words; write 'label: word, word'", param_hint="'--label-words'"
            )
    return found
