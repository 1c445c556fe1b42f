"""Runs an encoder: the model of transformers, cut to the layers needed, on batches of sequences of
equal length. Without masks and padding, this was faster than any padded or hand-written loop.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from wordgraft.checkpoint.checkpoint import Checkpoint
from wordgraft.core.optional import require
from wordgraft.core.parallel import map_in_parallel
from wordgraft.core.ragged import Ragged
from wordgraft.errors import CheckpointError, first_line

if TYPE_CHECKING:
    import torch
    from jaxtyping import Int64
    from numpy import ndarray

    # The sequences of a batch, and their hidden states by layer.
    _Encoded: TypeAlias = tuple[Int64[ndarray, " batch"], dict[int, torch.Tensor]]

# Tokens per batch. MiniLM was fastest with 500 to 800 on 2 CPU cores, and with 65,000 on an H100.
CPU_TOKENS, CUDA_TOKENS = 768, 65_536
# Precisions that the encoder can compute in.
DTYPES = ("float32", "bfloat16", "float16")


class EncoderModel:
    """A checkpoint's transformer, loaded to compute the hidden states of chosen layers.

    Args:
        layers: the layers whose hidden states to return; 0 is the output of the embeddings. The
            layers above the highest are not loaded.
        device: `auto` (CUDA if available) or a torch device.
        dtype: `auto` (bfloat16 on CUDA, float32 elsewhere) or one of `DTYPES`.

    Raises `CheckpointError` for layers that the encoder does not have, incomplete weights, and an
    unknown or unavailable device or dtype.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        layers: Sequence[int],
        device: str = "auto",
        dtype: str = "auto",
    ) -> None:
        outside = [layer for layer in layers if not 0 <= layer <= checkpoint.layers]
        if outside or not layers:
            raise CheckpointError(
                f"{checkpoint.name} has layers 0 to {checkpoint.layers}; asked for {list(layers)}"
            )
        _check_groups(checkpoint, layers)
        torch = require("torch", purpose="running the encoder")
        self.device = device_of(device)
        on_cuda = self.device.type == "cuda"
        if dtype == "auto":
            dtype = "bfloat16" if on_cuda else "float32"
        self.checkpoint = checkpoint
        self.layers = tuple(layers)
        self.tokens_per_batch = CUDA_TOKENS if on_cuda else CPU_TOKENS
        if dtype not in DTYPES:
            raise CheckpointError(
                f"encoder dtype is {dtype!r}, expected one of auto, {', '.join(DTYPES)}"
            )
        self.model = load_model(checkpoint, max(layers), getattr(torch, dtype)).to(self.device)

    @property
    def dims(self) -> int:
        """The size of the hidden states, the same in every layer."""
        return int(self.model.config.hidden_size)

    @property
    def at_once(self) -> int:
        """How many batches are encoded in parallel, each with one of PyTorch's threads.

        On 2 cores, two batches in parallel took 0.6 to 0.9 times as long as one after the other
        with two threads each: the shorter the sequences, the more a second thread waits.
        """
        import torch

        return torch.get_num_threads() if self.device.type == "cpu" else 1

    def encode(self, sequences: Ragged) -> Iterator[_Encoded]:
        """Yield batches: which sequences, and by layer their states (batch, length, hidden).

        Sequences are complete inputs with special tokens, no longer than the checkpoint's
        `max_tokens`. Each is encoded exactly once, the longest first.
        """
        import torch

        def encoded(batch: Int64[ndarray, " batch"]) -> _Encoded:
            with torch.inference_mode():
                return batch, self._hidden_states(self._ids(sequences, batch))

        batches = [*equal_length_batches(sequences.lengths, self.tokens_per_batch)]
        if self.at_once > 1:
            return map_in_parallel(encoded, batches, fewest=self.at_once)
        return map(encoded, batches)

    def batches(self, sequences: Ragged) -> Iterator[tuple[Int64[ndarray, " batch"], torch.Tensor]]:
        """The batches of `encode` without encoding: which sequences, and their ids as a tensor."""
        for batch in equal_length_batches(sequences.lengths, self.tokens_per_batch):
            yield batch, self._ids(sequences, batch)

    def _ids(self, sequences: Ragged, batch: Int64[ndarray, " batch"]) -> torch.Tensor:
        import torch

        length = int(sequences.lengths[batch[0]])
        places = sequences.offsets[batch][:, None] + np.arange(length)
        return torch.from_numpy(sequences.ids[places]).to(self.device)

    def _hidden_states(self, ids: torch.Tensor) -> dict[int, torch.Tensor]:
        top = max(self.layers)
        if self.layers == (top,) and top > 0:
            return {top: self.model(input_ids=ids).last_hidden_state}
        states = self.model(input_ids=ids, output_hidden_states=True).hidden_states
        return {layer: states[layer] for layer in self.layers}


def mean_of_layers(hidden: dict[int, torch.Tensor]) -> torch.Tensor:
    """The mean of the layers' states: float32 (batch, length, hidden)."""
    layers = [states.float() for states in hidden.values()]
    return layers[0] if len(layers) == 1 else sum(layers[1:], layers[0]) / len(layers)


def equal_length_batches(
    lengths: Int64[ndarray, " sequences"], tokens_per_batch: int
) -> Iterator[Int64[ndarray, " batch"]]:
    """Yield the indices of sequences of equal length, at most `tokens_per_batch` tokens together.

    The longest come first, so that a lack of memory shows at the start.
    """
    order = np.argsort(-lengths, kind="stable")
    borders = np.flatnonzero(np.diff(lengths[order])) + 1
    for group in np.split(order, borders):
        if len(group) and (length := int(lengths[group[0]])):
            size = max(1, tokens_per_batch // length)
            for start in range(0, len(group), size):
                yield group[start : start + size]


def device_of(name: str) -> torch.device:
    """The device for `auto` (CUDA if available) or a torch device. Raises `CheckpointError`."""
    library = require("torch", purpose="running the encoder")
    if name == "auto":
        name = "cuda" if library.cuda.is_available() else "cpu"
    try:
        return cast("torch.device", library.empty(0, device=name).device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise CheckpointError(
            f"device {name!r} cannot be used by this torch ({first_line(error):.120}); "
            "expected auto, cpu, or an available accelerator such as cuda"
        ) from error


def _check_groups(checkpoint: Checkpoint, layers: Sequence[int]) -> None:
    """Refuse to cut an ALBERT with several groups of layers: the cut would change the groups."""
    for setting in ("num_hidden_groups", "inner_group_num"):
        groups = int(checkpoint.config.get(setting, 1))
        if groups > 1 and set(layers) != {checkpoint.layers}:
            raise CheckpointError(
                f"{checkpoint.name} has {setting} {groups}, expected 1 to read single layers; only "
                f"its last layer, {checkpoint.layers}, is available"
            )


def load_model(checkpoint: Checkpoint, layers: int, dtype: torch.dtype) -> Any:
    """The model that transformers makes from a checkpoint, cut above `layers`, without gradients.

    Raises `CheckpointError` if weights are missing or do not fit the configuration.
    """
    transformers = require("transformers", purpose="running the encoder")
    architecture = checkpoint.architecture
    _ = checkpoint.tensors.files  # raises our own errors for pickles and damaged files
    options: dict[str, Any] = {"add_pooling_layer": False} if architecture.has_pooler else {}
    with quiet(transformers), _explained(checkpoint):
        config = transformers.AutoConfig.from_pretrained(
            checkpoint.folder, local_files_only=True, trust_remote_code=False
        )
        cut = layers < config.num_hidden_layers
        # Some architectures refuse a model without layers; one layer costs little.
        config.num_hidden_layers = max(layers, 1)
        if getattr(config, "layer_types", None) is not None:
            config.layer_types = config.layer_types[: config.num_hidden_layers]
        model, report = transformers.AutoModel.from_pretrained(
            checkpoint.folder,
            config=config,
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=not checkpoint.allow_pickle or None,
            output_loading_info=True,
            **options,
        )
    if missing := sorted(report["missing_keys"]):
        raise CheckpointError(
            f"{checkpoint.name} lacks {len(missing)} of its encoder's weights ({missing[0]}, ...); "
            "the file is incomplete: download it again"
        )
    if cut and architecture.final_norm:
        import torch

        setattr(model, architecture.final_norm, torch.nn.Identity())
    return model.eval().requires_grad_(False)


def load_with_head(checkpoint: Checkpoint) -> Any:
    """The masked language model of a checkpoint, or None if the checkpoint has no such head."""
    transformers = require("transformers", purpose="running the encoder")
    _ = checkpoint.tensors.files
    with quiet(transformers), _explained(checkpoint):
        model, report = transformers.AutoModelForMaskedLM.from_pretrained(
            checkpoint.folder,
            dtype="float32",
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=not checkpoint.allow_pickle or None,
            output_loading_info=True,
        )
    return None if report["missing_keys"] else model.eval().requires_grad_(False)


@contextmanager
def _explained(checkpoint: Checkpoint) -> Iterator[None]:
    """Turn what transformers raises for a bad configuration or weights into a `CheckpointError`."""
    from huggingface_hub.errors import StrictDataclassError

    try:
        yield
    except (StrictDataclassError, RuntimeError, TypeError, ValueError) as error:
        cause = " ".join(str(error).split())
        raise CheckpointError(
            f"{checkpoint.folder}: transformers cannot load its weights with its config.json "
            f"({cause:.200}); they may belong to different checkpoints: download both again"
        ) from error


@contextmanager
def quiet(transformers: Any) -> Iterator[None]:
    """Silence transformers' progress bar and its note about unused head weights."""
    settings = transformers.utils.logging
    level, had_bar = settings.get_verbosity(), settings.is_progress_bar_enabled()
    settings.set_verbosity(logging.ERROR)
    settings.disable_progress_bar()
    try:
        yield
    finally:
        settings.set_verbosity(level)
        if had_bar:
            settings.enable_progress_bar()
