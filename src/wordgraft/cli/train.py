"""`wordgraft train`: a network on top of a table's rows, or of the frozen encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from wordgraft.cli.forgetting import forgetting_inputs, show_forgetting
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
        int | None,
        typer.Option(min=1, help="Passes without gain before training stops.  [default: 8]"),
    ] = None,
    held_out: Annotated[
        str, typer.Option(help="Share of the texts that chooses the best pass, or auto.")
    ] = "auto",
    class_weight: Annotated[
        str, typer.Option(help="balanced (rare classes weigh more) or none.")
    ] = "balanced",
    oov: Annotated[
        str | None,
        typer.Option(
            help="Method for out-of-vocabulary words; a method that learns is fitted first, if the "
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
    from wordgraft.core.run_state import discard
    from wordgraft.data.rows import read_texts
    from wordgraft.data.text_files import split_column
    from wordgraft.estimators import SequenceTagger, TextClassifier
    from wordgraft.estimators.argument_checks import HEAD_INITS
    from wordgraft.estimators.first_layers.table_rows import STARTS
    from wordgraft.estimators.forgetting_report import forgetting_report
    from wordgraft.estimators.interpolation import interpolate
    from wordgraft.estimators.io import MARKER
    from wordgraft.estimators.search import search
    from wordgraft.oov import METHODS
    from wordgraft.training import REGIMES, TrainingSettings

    choose("--task", task, _TASKS)
    choose("--init", init, STARTS)
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
        share = None if held_out == "auto" else float(held_out)
    except ValueError:
        choose("--held-out", held_out, ["auto", "a share from 0 to below 1"])
    numbers, told = _layers(layers), _words_of_labels(label_words or [])

    check_output(output, force=force, marker=MARKER)
    first_layer = _first_layer(
        table,
        checkpoint,
        network,
        oov,
        init,
        regime,
        regularizer,
        pooling,
        numbers,
        cache=not no_cache,
    )
    solved = network == "features" and task == "classify" and body in ("auto", "logistic")
    keep = output.with_name(f"{output.name}.progress")
    settings: dict[str, Any] = {
        **{"epochs": max_epochs, "batch_size": batch_size, "schedule": schedule},
        **{"rows_rate": rows_rate, "body_rate": body_rate, "head_rate": head_rate},
        **{"patience": patience, "validation_share": share, "device": device},
        "precision": None if precision == "auto" else precision,
        "progress_folder": None if solved else keep,
        "resume": False if no_resume else None,
    }
    arguments: dict[str, Any] = {
        "network": body if network == "features" else None if network == "encoder" else network,
        "hidden": hidden,
        "dropout": dropout,
        "training": TrainingSettings(**{k: v for k, v in settings.items() if v is not None}),
        "random_state": seed,
        "progress": not quiet,
    }
    arguments = {name: value for name, value in arguments.items() if value is not None}
    texts: list[Any]
    labels: list[Any]
    options: dict[str, Any] = {}
    model: SequenceTagger | TextClassifier
    if task == "tag":
        from wordgraft.data.conll import read_tagged

        tagged = read_tagged(data, token=token_column, tag=tag_column)
        texts, labels = list(tagged.sentences), list(tagged.tags)
        arguments["casing"] = "auto" if casing else False
        model = SequenceTagger(first_layer, letters=letters, **arguments)
    else:
        texts, labels = _labelled(data, text, label, label_separator)
        model = TextClassifier(
            first_layer,
            head_init=told if head_init == "labels" and told else head_init,
            class_weight=None if class_weight == "none" else class_weight,
            teacher=teacher,
            **arguments,
        )
        if unlabelled is not None:
            options["unlabelled"] = [*read_texts(*split_column(unlabelled))]
    found = None
    if tune:
        trials_file = output.with_name(f"{output.name}.trials")
        if no_resume:
            trials_file.unlink(missing_ok=True)
        found = search(
            model,
            texts,
            labels,
            trials=tune,
            progress_file=trials_file,
            progress=not quiet,
            **options,
        )
        model = found.model
    model.fit(texts, labels, **options)
    if not is_first_process():
        return
    report = None
    if report_forgetting or forget_at_most is not None:
        inputs = forgetting_inputs(general_text, pairs or [], probe or [])
        report = forgetting_report(model, texts, labels, **inputs)
        if forget_at_most is not None:
            weight = report.best_weight(forget_at_most=forget_at_most)
            model = interpolate(model, weight)
    model.save(output, force=force)
    if report is not None:
        report.write(output)
    discard(keep)
    if found is not None:
        trials_file.unlink(missing_ok=True)
    _report(model, output, None if found is None else str(found))
    if report is not None:
        show_forgetting(report)
        if forget_at_most is not None:
            facts([("saved", f"weight {weight:.1f}, to lose {forget_at_most} at most")])


def _first_layer(
    table: Path | None,
    checkpoint: str | None,
    network: str | None,
    oov: str | None,
    init: str,
    regime: str | None,
    regularizer: str | None,
    pooling: str | None,
    layers: list[int] | str,
    *,
    cache: bool,
) -> Any:
    from wordgraft.estimators import Encoder, FrozenEncoder, TableRows

    if table is not None:
        trainable: bool | str = "auto" if regime is None else regime != "frozen"
        return TableRows(table, oov=oov, start=init, trainable=trainable)
    assert checkpoint is not None
    if network == "features":
        return FrozenEncoder(checkpoint, layers=layers, cache="auto" if cache else None)
    return Encoder(
        checkpoint, pooling=pooling or "auto", regime=regime or "full", regularizer=regularizer
    )


def _report(model: Any, output: Path, settings: str | None) -> None:
    record, scores = model.record_, model.validation_scores_
    names = ("tags", model.tags_) if model.per_word else ("classes", model.classes_)
    of_teacher = f"{record.distilled:,} of them by the teacher"
    distilled = [("distilled", of_teacher)] if record.distilled else []
    rows = [
        ("model", str(output)),
        (names[0], ", ".join(map(str, names[1]))),
        ("texts", f"{record.texts:,} to train on, {record.validation_texts:,} held out"),
        *distilled,
        ("epochs", f"{record.epochs}, the best was {record.best_epoch}"),
        ("seconds", f"{record.seconds:.1f}"),
        ("parameters", f"{record.parameters:,} that learn"),
    ]
    if record.stopped is not None:
        rows.append(("stopped", f"{record.stopped}: the weights are those before"))
    if settings is not None:
        rows.append(("settings", settings))
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
