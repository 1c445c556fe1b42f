"""`wordgraft train`: train a classifier of texts or a tagger of words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from wordgraft.cli.shared import Force, Output, Quiet, choose, facts, is_first_process
from wordgraft.cli.train_options import (
    TASKS,
    apply_settings,
    check_combinations,
    checked,
    first_layer_of,
    head_init_of,
)


def train(
    data: Annotated[
        str,
        typer.Argument(
            help="Labelled texts: CSV, TSV, JSONL or Parquet. For tagging: CoNLL-style lines, or "
            "lists of words and tags in JSONL, Parquet or dataset:NAME. Files may be compressed."
        ),
    ],
    output: Output,
    table: Annotated[Path | None, typer.Option(help="First layer: the rows of this table.")] = None,
    encoder: Annotated[
        str | None, typer.Option(help="First layer: this pretrained encoder, fine-tuned.")
    ] = None,
    frozen_encoder: Annotated[
        str | None,
        typer.Option(help="First layer: this pretrained encoder's vectors, cached."),
    ] = None,
    task: Annotated[str, typer.Option(help="classify (texts) or tag (words).")] = "classify",
    network: Annotated[
        str | None,
        typer.Option(
            help="Network on top of --table or --frozen-encoder: bag, linear, cnn, bilstm, "
            "transformer, logistic (frozen encoder only); for taggers: cnn, bilstm, transformer, "
            "bilstm-crf.  [default: bag; logistic on a frozen encoder; bilstm-crf for taggers]"
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(help="Column of the texts or words.  [default: text; detected for taggers]"),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(help="Column of the labels or tags.  [default: label; detected for taggers]"),
    ] = None,
    label_separator: Annotated[
        str | None, typer.Option(help="Separator between labels, if a text may have several.")
    ] = None,
    regime: Annotated[
        str | None,
        typer.Option(
            help="Which parts of --encoder are trained: full, lp-ft (the head first), embeddings, "
            "frozen.  [default: full]"
        ),
    ] = None,
    regularizer: Annotated[
        str | None,
        typer.Option(
            help="Regularizers of --encoder, separated by commas: l2sp:0.01, layer_decay:0.9, "
            "lora:8."
        ),
    ] = None,
    layers: Annotated[
        str | None, typer.Option(help="Layers of --frozen-encoder, such as 3,6.  [default: auto]")
    ] = None,
    pooling: Annotated[
        str | None,
        typer.Option(
            help="Pooling of --encoder: mean, cls or attention over a text's tokens; for taggers, "
            "first, last or mean over a word's pieces.  [default: mean; first for taggers]"
        ),
    ] = None,
    head_init: Annotated[
        list[str] | None,
        typer.Option(
            help="Initialization of the last layer: xavier; labels (from their names); or words "
            "that describe a label, as in 'up: gain, rise', repeated for each label.  "
            "[default: xavier]"
        ),
    ] = None,
    oov: Annotated[
        str | None,
        typer.Option(
            help="Method for out-of-vocabulary words of --table; fitted first if the table lacks "
            "it.  [default: the table's own method]"
        ),
    ] = None,
    teacher: Annotated[
        Path | None, typer.Option(help="A trained classifier that labels the --unlabelled texts.")
    ] = None,
    unlabelled: Annotated[
        str | None, typer.Option(help="FILE or FILE:COLUMN of texts for --teacher to label.")
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Maximum passes over the texts.  [default: 60 for bag, linear and taggers; for "
            "cnn, bilstm and transformer 56 with 100 texts, down to 5 with more; for --encoder 40 "
            "with 100 texts, down to 3 with more]",
        ),
    ] = None,
    trials: Annotated[
        int, typer.Option(min=0, help="Search: number of settings to try before training.")
    ] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Any other parameter by its Python name, as in training__head_rate=1e-3 or "
            "hidden=128; may be repeated.",
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="auto or cpu.  [default: auto: a GPU if there is one]")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Random seed.")] = 0,
    resume: Annotated[
        bool, typer.Option(help="Continue an interrupted run from OUTPUT.progress.")
    ] = True,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Train a classifier or a tagger on top of a table or a pretrained encoder.

    Example: wordgraft train train.csv --table news.table -o news.model

    Example: wordgraft train train.conll --task tag --table news.table -o ner.model

    Example: wordgraft train train.csv --encoder bert-base-uncased -o my.model
    """
    choose("--task", task, TASKS)
    if device is not None:
        choose("--device", device, ["auto", "cpu"])
    check_combinations(
        {"table": table, "encoder": encoder, "frozen-encoder": frozen_encoder},
        {
            "encoder": {"regime": regime, "regularizer": regularizer, "pooling": pooling},
            "frozen-encoder": {"layers": layers},
            "table": {"oov": oov},
        },
        network=network,
        task=task,
        texts_only={
            "label-separator": label_separator,
            "head-init": head_init,
            "teacher": teacher,
            "unlabelled": unlabelled,
        },
    )

    from wordgraft.core.atomic_io import check_output
    from wordgraft.core.run_state import discard
    from wordgraft.estimators import SequenceTagger, TextClassifier
    from wordgraft.estimators.saved import MARKER
    from wordgraft.estimators.search import search
    from wordgraft.training import TrainingSettings

    check_output(output, force=force, marker=MARKER)
    first_layer = first_layer_of(
        table, encoder, frozen_encoder, oov=oov, layers=layers, pooling=pooling, regime=regime,
        regularizer=regularizer,
    )  # fmt: skip
    logistic = task == "classify" and frozen_encoder is not None and network in (None, "logistic")
    if logistic and not resume:
        raise typer.BadParameter("--no-resume has no effect on --network logistic")
    progress_folder = output.with_name(f"{output.name}.progress")
    training = TrainingSettings(progress_folder=None if logistic else progress_folder)
    if not resume:
        training.resume = False
    if epochs is not None:
        training.epochs = epochs
    if device is not None:
        training.device = device
    arguments: dict[str, Any] = {
        "network": network or "auto",
        "training": training,
        "random_state": seed,
        "progress": not quiet,
    }
    model: SequenceTagger | TextClassifier
    if task == "tag":
        model = SequenceTagger(first_layer, **arguments)
    else:
        model = TextClassifier(
            first_layer, head_init=head_init_of(head_init), teacher=teacher, **arguments
        )
    apply_settings(model, settings or [])
    checked(model)

    texts, labels, options = _training_data(data, task, text, label, label_separator, unlabelled)
    best = None
    trials_file = output.with_name(f"{output.name}.trials")
    if trials:
        if not resume:
            trials_file.unlink(missing_ok=True)
        best = search(
            model, texts, labels, trials=trials, progress_file=trials_file, progress=not quiet,
            **options,
        )  # fmt: skip
        model = best.model
    model.fit(texts, labels, **options)
    if not is_first_process():
        return
    model.save(output, force=force)
    discard(progress_folder)
    trials_file.unlink(missing_ok=True)
    _report(model, output, None if best is None else f"best of {trials}: {best}")


def _training_data(
    data: str,
    task: str,
    text: str | None,
    label: str | None,
    separator: str | None,
    unlabelled: str | None,
) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """Return texts and labels, or sentences and tags, and the other arguments of `fit`."""
    from wordgraft.data.rows import read_rows, read_texts
    from wordgraft.data.text_files import split_column

    if task == "tag":
        from wordgraft.data.conll import read_tagged

        tagged = read_tagged(data, token=text, tag=label)
        return list(tagged.sentences), list(tagged.tags), {}
    texts, labels = zip(*read_rows(data, [text or "text", label or "label"]), strict=True)
    options: dict[str, Any] = {}
    if unlabelled is not None:
        options["unlabelled"] = list(read_texts(*split_column(unlabelled)))
    if separator is None:
        return list(texts), list(labels), options
    cells = [[part.strip() for part in cell.split(separator)] for cell in labels]
    return list(texts), [[part for part in parts if part] for parts in cells], options


def _report(model: Any, output: Path, settings: str | None) -> None:
    record, scores = model.record_, model.validation_scores_
    kind, names = ("tags", model.tags_) if model.per_word else ("classes", model.classes_)
    rows = [
        ("model", str(output)),
        (kind, ", ".join(map(str, names))),
        ("texts", f"{record.texts:,} for training, {record.validation_texts:,} for validation"),
    ]
    if record.distilled:
        rows.append(("distilled", f"{record.distilled:,} of them, labelled by the teacher"))
    rows += [
        ("epochs", f"{record.epochs}, the best was {record.best_epoch}"),
        ("seconds", f"{record.seconds:.1f}"),
        ("parameters", f"{record.parameters:,} trained"),
    ]
    if record.stopped is not None:
        rows.append(("stopped", f"{record.stopped}: the last good weights are saved"))
    if settings is not None:
        rows.append(("settings", settings))
    if scores is not None:
        figures = (
            f"entity F1 {scores.f1:.3f}"
            if model.per_word
            else f"accuracy {scores.accuracy:.3f}, macro-F1 {scores.macro_f1:.3f}"
        )
        rows.append(
            ("validation", f"{figures} (used to choose the best epoch; test on other texts)")
        )
    facts(rows)
