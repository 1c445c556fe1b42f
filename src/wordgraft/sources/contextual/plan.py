"""What a pass is to encode: which words, from which sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.run_state import pack_texts, unpack_texts
from wordgraft.errors import DataError
from wordgraft.sources.contextual.sample import Sample
from wordgraft.sources.contextual.selection import Selection, select_sentences
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from numpy import ndarray


@dataclass(frozen=True, eq=False)
class EncodingPlan:
    """What is to be encoded.

    Attributes:
        vocabulary: the words that get rows.
        selection: the sentences to encode; None for the whole corpus.
        sentences, tokens: how many the corpus has, special tokens included.
    """

    vocabulary: Vocabulary
    selection: Selection | None
    sentences: int
    tokens: int

    @property
    def sentences_to_encode(self) -> int:
        return self.sentences if self.selection is None else len(self.selection.sentences)

    @property
    def tokens_to_encode(self) -> int:
        return self.tokens if self.selection is None else int(self.selection.tokens.sum())

    def mean_length(self, longest: int) -> int:
        """Tokens of an average sentence that is to be encoded, at most `longest`."""
        mean = round(self.tokens_to_encode / max(self.sentences_to_encode, 1))
        return min(max(2, mean), longest)

    def arrays(self) -> tuple[dict[str, ndarray], dict[str, Any]]:
        """Everything `of_arrays` needs: arrays, and plain values."""
        arrays = {
            "words": pack_texts(list(self.vocabulary.words)),
            "counts": self.vocabulary.counts,
        }
        if self.selection is not None:
            arrays["sentences"] = pack_texts(self.selection.sentences)
            arrays["tokens"] = self.selection.tokens
        return arrays, {"sentences": self.sentences, "tokens": self.tokens}

    @classmethod
    def of_arrays(
        cls,
        checkpoint: Checkpoint,
        vocabulary: Vocabulary | None,
        arrays: dict[str, ndarray],
        values: dict[str, Any],
    ) -> EncodingPlan:
        """The inverse of `arrays`; without a vocabulary, that of the corpus is restored."""
        if vocabulary is None:
            pairs = zip(unpack_texts(arrays["words"]), arrays["counts"].tolist(), strict=True)
            counts = {word: count for word, count in pairs if count}
            vocabulary = Vocabulary.from_counts(counts, checkpoint)
        selection = None
        if "sentences" in arrays:
            selection = Selection(unpack_texts(arrays["sentences"]), arrays["tokens"])
        return cls(vocabulary, selection, values["sentences"], values["tokens"])


def make_plan(
    checkpoint: Checkpoint,
    vocabulary: Vocabulary | None,
    sample: Sample,
    *,
    contexts: int | None,
    min_count: int = 1,
    max_words: int | None = None,
    corpus_name: str = "the corpus",
) -> EncodingPlan:
    """Plan what to encode, given the sample of a corpus.

    Args:
        vocabulary: None takes the words of the corpus, by `min_count` and `max_words`.
        contexts: sentences per word; None plans the whole corpus.
        corpus_name: for error messages.

    Raises `DataError` if the corpus holds no sentences, or none of the vocabulary's words.
    """
    if not sample.seen:
        raise DataError(f"{corpus_name} holds no sentences")
    if vocabulary is None:
        vocabulary = sample.vocabulary(checkpoint, min_count=min_count, max_words=max_words)
        sample = sample.only(vocabulary)
    elif not len(sample.numbers):
        raise DataError(
            f"none of the {len(vocabulary) - len(vocabulary.roles):,} words occurs in the "
            f"{sample.seen:,} sentences of {corpus_name}; give a corpus that uses them"
        )
    selection = None
    if contexts is not None:
        selection = select_sentences(sample, checkpoint, vocabulary, contexts=contexts)
    special_tokens = sum(map(len, checkpoint.tokenizer.specials))
    tokens = sample.tokens + special_tokens * sample.seen
    return EncodingPlan(vocabulary, selection, sample.seen, tokens)
