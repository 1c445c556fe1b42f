"""`bag`: the mean of a text's rows, then a perceptron with one hidden layer."""

from __future__ import annotations

from copy import copy

from torch import Generator, Tensor, nn
from torch.nn.utils import skip_init

from wordgraft.networks.initialize import start


class Bag(nn.Module):
    """Logits of a text from the mean of its words' rows; word order plays no part.

    Args:
        rows: the grafted layer, mean over each bag.
        classes: number of logits.
        hidden: width of the hidden layer.
        dropout: share of the mean's and the hidden layer's values set to zero in training.
        seed: of the head's start, He before the ReLU and Xavier before the logits.
    """

    def __init__(
        self, rows: nn.EmbeddingBag, classes: int, *, hidden: int, dropout: float, seed: int
    ) -> None:
        super().__init__()
        self.rows = rows
        # Not drawn twice: torch's own start would also move the caller's random state.
        into: nn.Linear = skip_init(nn.Linear, rows.embedding_dim, hidden)  # type: ignore[no-untyped-call]
        out: nn.Linear = skip_init(nn.Linear, hidden, classes)  # type: ignore[no-untyped-call]
        generator = Generator().manual_seed(seed)
        start(into, activation="relu", generator=generator)
        start(out, activation="none", generator=generator)
        self.head = nn.Sequential(nn.Dropout(dropout), into, nn.ReLU(), nn.Dropout(dropout), out)

    def forward(self, ids: Tensor, offsets: Tensor) -> Tensor:
        """(tokens,) ids and (texts,) starts of each text to (texts, classes) logits."""
        logits: Tensor = self.head(self.rows(ids, offsets))
        return logits

    def without_rows(self) -> Bag:
        """This network with no first layer, for keeping; the rows live in a table."""
        return self.regrafted(nn.Identity())

    def regrafted(self, rows: nn.Module) -> Bag:
        """This network with another first layer; the head is shared, not copied."""
        other = copy(self)
        other._modules = {**self._modules, "rows": rows}
        return other
