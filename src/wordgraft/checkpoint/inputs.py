"""Texts as an encoder's complete inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wordgraft.core.ragged import Ragged

if TYPE_CHECKING:
    from wordgraft.checkpoint.checkpoint import Checkpoint


def sequences_of(checkpoint: Checkpoint, texts: Sequence[str]) -> Ragged:
    """Texts as pieces between special ids, cut where the encoder reads no further."""
    tokenizer = checkpoint.tokenizer
    start, end = tokenizer.specials
    room = checkpoint.max_tokens - len(start) - len(end)
    encodings = tokenizer.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return Ragged.of([encoding.ids[:room] for encoding in encodings]).framed(start, end)
