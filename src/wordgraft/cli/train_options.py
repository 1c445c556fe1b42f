"""What the options of `wordgraft train` mean in Python; options without effect are refused."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from wordgraft.estimators import SequenceTagger, TextClassifier
    from wordgraft.estimators.first_layers import FirstLayer

TASKS = ("classify", "tag")
# Parameters that have an option of their own, which --set would contradict.
_OPTION_OF = {
    "network": "--network",
    "head_init": "--head-init",
    "teacher": "--teacher",
    "random_state": "--seed",
    "first_layer__oov": "--oov",
    "first_layer__layers": "--layers",
    "first_layer__pooling": "--pooling",
    "first_layer__regime": "--regime",
    "first_layer__regularizer": "--regularizer",
    "training__epochs": "--epochs",
    "training__device": "--device",
    "training__resume": "--resume",
    "training__progress_folder": "--output",
    "progress": "--quiet",
}
_NOT_SETTABLE = {"first_layer", "training", "first_layer__table", "first_layer__checkpoint"}
_NAMES = {"none": None, "true": True, "false": False}


def check_combinations(
    first_layers: Mapping[str, Any],
    layer_options: Mapping[str, Mapping[str, Any]],
    *,
    network: str | None,
    task: str,
    texts_only: Mapping[str, Any],
) -> None:
    """Refuse options that have no effect with the chosen first layer or task.

    Args:
        first_layers: the value of each option that names a first layer; exactly one is given.
        layer_options: for each of these, the options that only it reads.
        texts_only: options that a tagger does not read.
    """
    given = [name for name, value in first_layers.items() if value is not None]
    if len(given) != 1:
        raise typer.BadParameter("give exactly one of --table, --encoder and --frozen-encoder")
    (layer,) = given
    for owner, options in layer_options.items():
        for name, value in options.items():
            if value is not None and owner != layer:
                raise typer.BadParameter(
                    f"--{name} has no effect with --{layer}, only with --{owner}"
                )
    if network is not None and layer == "encoder":
        raise typer.BadParameter(
            "--network has no effect with --encoder, only with --table and --frozen-encoder"
        )
    if task == "tag":
        for name, value in texts_only.items():
            if value:
                raise typer.BadParameter(f"--{name} has no effect with --task tag")
    if (texts_only["teacher"] is None) != (texts_only["unlabelled"] is None):
        raise typer.BadParameter("--teacher and --unlabelled need each other: give both or neither")


def first_layer_of(
    table: Path | None,
    encoder: str | None,
    frozen_encoder: str | None,
    *,
    oov: str | None,
    layers: str | None,
    pooling: str | None,
    regime: str | None,
    regularizer: str | None,
) -> FirstLayer:
    """Return the first layer that the options describe."""
    from wordgraft.estimators import Encoder, FrozenEncoder, TableRows

    if table is not None:
        return TableRows(table, oov=oov)
    if frozen_encoder is not None:
        return FrozenEncoder(frozen_encoder, layers=_layers(layers))
    assert encoder is not None  # `check_combinations` made sure of it
    return Encoder(
        encoder, pooling=pooling or "auto", regime=regime or "full", regularizer=regularizer
    )


def head_init_of(values: list[str] | None) -> str | dict[str, list[str]]:
    """Return `head_init` as `TextClassifier` takes it.

    >>> head_init_of(["up: gain, rise", "down: fall"])
    {'up': ['gain', 'rise'], 'down': ['fall']}
    """
    if not values:
        return "xavier"
    if values in (["xavier"], ["labels"]):
        return values[0]
    words_of = {}
    for value in values:
        label, colon, listed = value.partition(":")
        words = [word.strip() for word in listed.split(",") if word.strip()]
        if not colon or not words:
            raise typer.BadParameter(
                f"{value!r} is not xavier, labels or 'label: word, word'",
                param_hint="'--head-init'",
            )
        words_of[label.strip()] = words
    return words_of


def apply_settings(model: SequenceTagger | TextClassifier, settings: list[str]) -> None:
    """Set parameters of a model from NAME=VALUE; an unknown name is refused."""
    known = sorted(set(model.get_params()) - set(_OPTION_OF) - _NOT_SETTABLE)
    for setting in settings:
        name, equals, value = setting.partition("=")
        name = name.strip()
        if not equals:
            raise typer.BadParameter(f"{setting!r} is not NAME=VALUE", param_hint="'--set'")
        if name in _OPTION_OF:
            raise typer.BadParameter(f"use {_OPTION_OF[name]} for {name}", param_hint="'--set'")
        if name not in known:
            raise typer.BadParameter(
                f"{name!r} is not a parameter of this model; expected one of {', '.join(known)}",
                param_hint="'--set'",
            )
        model.set_params(**{name: value_of(value.strip())})


def value_of(text: str) -> Any:
    """Return the Python value of a text: a number, a list, true, false, none, or the text.

    >>> [value_of(text) for text in ("1e-3", "3,6", "none", "linear")]
    [0.001, [3, 6], None, 'linear']
    """
    if text.lower() in _NAMES:
        return _NAMES[text.lower()]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return list(value) if isinstance(value, tuple) else value


def checked(model: SequenceTagger | TextClassifier) -> None:
    """Refuse arguments that make no sense or have no effect, under the names of their options."""
    from wordgraft.errors import SettingsError
    from wordgraft.estimators.argument_checks import check_arguments

    try:
        check_arguments(model)
    except SettingsError as error:
        raise typer.BadParameter(in_options(str(error))) from error


def in_options(message: str) -> str:
    """Replace the names of parameters at the start of each fault by those of the options.

    >>> in_options("training.epochs has no effect; hidden is 0, expected more")
    '--epochs has no effect; --set hidden is 0, expected more'
    """
    pattern = re.compile(r"(^|; )([a-z_]+(?:\.[a-z_]+)?)(?= (?:is|has) )")
    return pattern.sub(lambda match: f"{match[1]}{_option_name(match[2])}", message)


def _option_name(parameter: str) -> str:
    name = parameter.replace(".", "__")
    return _OPTION_OF.get(name, f"--set {name}")


def _layers(text: str | None) -> list[int] | str:
    if text is None or text == "auto":
        return "auto"
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not a list of layers such as 3,6", param_hint="'--layers'"
        ) from error
