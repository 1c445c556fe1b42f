"""What an encoder can do: word similarity, linear probes of other tasks, masked words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.encoder import load_with_head
from wordgraft.core.optional import require
from wordgraft.core.ragged import Ragged
from wordgraft.errors import DataError
from wordgraft.metrics.forgetting.encoding import LayeredEncoder
from wordgraft.table.similarity import Pair, similarity_of

if TYPE_CHECKING:
    from numpy import ndarray

# The share of pieces that is masked, as in BERT's own training.
_MASKED = 0.15
_FOLDS = 5


@dataclass(frozen=True)
class Ability:
    """One measure before and after fine-tuning.

    Attributes:
        name: such as `similarity simlex.tsv`.
        unit: `spearman`, `accuracy` or `loss`.
        before, after: the values.

    >>> Ability("masked words", "loss", before=2.0, after=2.5).lost
    0.25
    """

    name: str
    unit: str
    before: float
    after: float

    @property
    def lost(self) -> float:
        """Points of correlation or accuracy, or the share by which the loss grew.

        Below 0 if the encoder has improved.
        """
        if self.unit == "loss":
            return self.after / self.before - 1
        return self.before - self.after


def word_spearman(encoder: LayeredEncoder, pairs: Sequence[Pair]) -> float:
    """The rank correlation of the cosines of isolated vectors with human similarity scores."""
    words = sorted({word for pair in pairs for word in pair[:2]})
    return similarity_of(pairs, encoder.words(words).get).spearman


def probe_accuracy(encoder: LayeredEncoder, sequences: Ragged, labels: ndarray) -> float:
    """The accuracy of a logistic regression on each text's mean state, over five folds.

    Raises `DataError` if a label has fewer texts than there are folds.
    """
    _, counts = np.unique(labels, return_counts=True)
    if len(counts) < 2 or counts.min() < _FOLDS:
        raise DataError(
            f"a linear probe needs two labels and {_FOLDS} texts of each; found {len(counts)} "
            f"labels, the rarest with {counts.min()} texts"
        )
    features = encoder.means(sequences)
    model = require("sklearn.linear_model", purpose="a linear probe")
    pipeline = require("sklearn.pipeline", purpose="a linear probe")
    scaling = require("sklearn.preprocessing", purpose="a linear probe")
    choose = require("sklearn.model_selection", purpose="a linear probe")
    folds = choose.StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    # C of 0.1: standardized features of a few hundred texts overfit at scikit-learn's 1.
    probe = pipeline.make_pipeline(
        scaling.StandardScaler(), model.LogisticRegression(C=0.1, max_iter=1_000)
    )
    return float(choose.cross_val_score(probe, features, labels, cv=folds).mean())


class MaskedWords:
    """The loss of predicting masked pieces, for a checkpoint that has the head for it.

    The same pieces are masked at each call.

    Args:
        model: transformers' masked-language model of the checkpoint.
        sequences: complete inputs.
    """

    def __init__(self, model: Any, checkpoint: Checkpoint, sequences: Ragged) -> None:
        self.model = model
        mask = checkpoint.tokenizer.tokenizer.token_to_id(_mask_piece(checkpoint)) or 0
        specials = [id for side in checkpoint.tokenizer.specials for id in side]
        draws = np.random.default_rng(0).random(len(sequences.ids))
        hidden = (draws < _MASKED) & ~np.isin(sequences.ids, specials)
        self.targets = Ragged(np.where(hidden, sequences.ids, -100), sequences.offsets)
        self.inputs = Ragged(np.where(hidden, mask, sequences.ids), sequences.offsets)

    @classmethod
    def of(cls, checkpoint: Checkpoint, sequences: Ragged) -> MaskedWords | None:
        """None for a checkpoint without the head, or without a mask piece."""
        model = load_with_head(checkpoint) if _mask_piece(checkpoint) else None
        return None if model is None else cls(model, checkpoint, sequences)

    def loss(self, encoder: LayeredEncoder, weights: Mapping[str, Any]) -> float:
        """The mean loss per masked piece, with `weights` as the encoder below the head."""
        self.model.to(encoder.device).base_model.load_state_dict(weights, strict=False)
        total, masked = 0.0, 0
        for batch, ids in encoder.batches(self.inputs):
            length = ids.shape[1]
            places = self.inputs.offsets[batch][:, None] + np.arange(length)
            targets = torch.from_numpy(self.targets.ids[places]).to(ids.device)
            with torch.inference_mode():
                logits = self.model(input_ids=ids).logits
            total += float(
                torch.nn.functional.cross_entropy(
                    logits.flatten(0, 1), targets.flatten(), ignore_index=-100, reduction="sum"
                )
            )
            masked += int((targets >= 0).sum())
        return total / max(masked, 1)


def _mask_piece(checkpoint: Checkpoint) -> str:
    tokenizer = checkpoint.tokenizer.tokenizer
    for piece in ("[MASK]", "<mask>"):
        if tokenizer.token_to_id(piece) is not None:
            return piece
    return ""
