"""The differences between the encoders of the BERT family, as data.

To add an architecture, add an entry here and a builder in `tests/tiny.py`; the parity tests in
`tests/checkpoint/` then include it. The Keras encoder supports fewer: `grafts/keras/encoder.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from wordgraft.errors import CheckpointError


@dataclass(frozen=True)
class Architecture:
    """One `model_type`: the names of its tensors and how its encoder is run."""

    model_type: str
    # Prefixes of the tensor names: empty for a bare encoder, the encoder's attribute name if the
    # file was saved with a head.
    prefixes: tuple[str, ...]
    word_embeddings: str = "embeddings.word_embeddings.weight"
    # The part of a tensor name before the layer's number. ALBERT numbers groups of layers that
    # share their weights.
    layer_names: str = "encoder.layer."
    # In RoBERTa and its descendants position ids start after the padding id, so fewer tokens fit.
    reserved_positions: int = 0
    # Whether it has an optional pooling layer, which word vectors never use.
    has_pooler: bool = False
    # A norm after the last layer, which must be skipped if the encoder is cut below that layer.
    final_norm: str | None = None
    # The layer of isolated vectors in a masked language model that was not fine-tuned: BERT-base
    # is best at layers 0 and 1 and near chance at its last (Bommasani et al. 2020, figures of
    # their repository).
    raw_layer: int = 1
    # The same for means over a corpus, which are best at layers 0 to 3.
    raw_contextual_layer: int = 2


ARCHITECTURES = {
    entry.model_type: entry
    for entry in (
        Architecture("bert", ("", "bert."), has_pooler=True),
        Architecture("distilbert", ("", "distilbert."), layer_names="transformer.layer."),
        Architecture("roberta", ("", "roberta."), reserved_positions=2, has_pooler=True),
        Architecture("xlm-roberta", ("", "roberta."), reserved_positions=2, has_pooler=True),
        Architecture(
            "albert",
            ("", "albert."),
            layer_names="encoder.albert_layer_groups.",
            has_pooler=True,
        ),
        Architecture("electra", ("", "electra.")),
        Architecture("mpnet", ("", "mpnet."), reserved_positions=2, has_pooler=True),
        Architecture("deberta-v2", ("", "deberta.")),
        Architecture(
            "modernbert",
            ("", "model."),
            word_embeddings="embeddings.tok_embeddings.weight",
            layer_names="layers.",
            final_norm="final_norm",
        ),
    )
}


def architecture_of(config: dict[str, object], *, where: str) -> Architecture:
    """The entry for a checkpoint's `config.json`. Raises `CheckpointError` for an unknown one."""
    model_type = config.get("model_type")
    if isinstance(model_type, str) and model_type in ARCHITECTURES:
        return ARCHITECTURES[model_type]
    raise CheckpointError(
        f"{where} has model_type {model_type!r}; wordgraft reads {', '.join(ARCHITECTURES)}"
    )
