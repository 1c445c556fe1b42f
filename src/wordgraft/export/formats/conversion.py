"""Word vectors of a file as a table: the rule that splits text, and rows for the roles."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.tokenizer import PieceTokenizer
from wordgraft.core.atomic_io import sha256
from wordgraft.core.versions import library_versions
from wordgraft.errors import DataError
from wordgraft.export.formats.protocol import PAD_WORDS, ROLES, UNK_WORDS, WordVectors
from wordgraft.table import EmbeddingTable, Provenance
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.segmentation import normalize, piece_tokenizer, word_tokenizer
from wordgraft.vocabulary.vocabulary import PAD, UNK

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

_LOG = logging.getLogger(__name__)
# Words count as lowercased, or as free of accents, if at most this share of them is not: of GloVe's
# 400,000 lowercased words, the rule would change a handful.
_MAX_EXCEPTIONS = 0.01
_ROWS_AT_ONCE = 65_536
_WORDS_AT_ONCE = 4_096


def table_of(
    word_vectors: WordVectors,
    *,
    path: Path | None = None,
    format: str,
    checkpoint: Checkpoint | None = None,
) -> EmbeddingTable:
    """A table of the word vectors that a format's reader returned. Raises `DataError`."""
    where = "the vectors" if path is None else str(path)
    if word_vectors.repeated:
        _LOG.warning(
            "%s: %s words are repeated; the first vector of each is used",
            where,
            f"{word_vectors.repeated:,}",
        )
    recipe: dict[str, Any] = {"source": "file", "format": format}
    if path is not None:
        recipe["file"] = path.name
        if path.is_file():
            recipe["file_sha256"] = sha256(path)
    if checkpoint is not None:
        recipe |= {"checkpoint": checkpoint.name}
    recipe |= {
        "made_by": dict(word_vectors.recipe),
        "versions": library_versions(),
    }
    if not word_vectors.recipe:
        del recipe["made_by"]
    if word_vectors.tokenizer is not None:
        if checkpoint is not None:
            raise DataError(
                f"{where}: its tokenizer.json already says how to split text; give no checkpoint"
            )
        return _with_its_tokenizer(word_vectors, recipe)
    if checkpoint is None:
        rule = WordRule.of_words(word_vectors.words)
        recipe["segmentation"] = str(rule)
        return _with_words(word_vectors, recipe, rule.tokenizer(), (PAD_WORDS[0], UNK_WORDS[0]))
    pieces = checkpoint.tokenizer
    return _with_words(word_vectors, recipe, pieces.tokenizer, (pieces.pad, pieces.unk), pieces)


@dataclass(frozen=True)
class WordRule:
    """How text is split for a file that does not say: as BERT does, in the file's spelling."""

    lowercase: bool
    strip_accents: bool

    @classmethod
    def of_words(cls, words: Sequence[str]) -> WordRule:
        """The rule that leaves the words of a file unchanged, with few exceptions."""
        max_exceptions = _MAX_EXCEPTIONS * len(words)
        accents = normalizers.BertNormalizer(
            clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False
        )
        accented = sum(not word.isascii() and accents.normalize_str(word) != word for word in words)
        return cls(
            lowercase=sum(word != word.lower() for word in words) <= max_exceptions,
            strip_accents=accented <= max_exceptions / 10,
        )

    def tokenizer(self) -> Tokenizer:
        """The rule, without words as yet. Chinese text is not split into characters."""
        rule = Tokenizer(models.WordLevel({UNK_WORDS[0]: 0}, UNK_WORDS[0]))
        rule.normalizer = normalizers.BertNormalizer(
            clean_text=True,
            handle_chinese_chars=False,
            strip_accents=self.strip_accents,
            lowercase=self.lowercase,
        )
        rule.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        return rule

    def __str__(self) -> str:
        case = "lowercased" if self.lowercase else "cased"
        return f"BERT words, {case}, {'without' if self.strip_accents else 'with'} accents"


def _with_words(
    word_vectors: WordVectors,
    recipe: Mapping[str, Any],
    rule: Tokenizer,
    roles: tuple[str, str],
    pieces: PieceTokenizer | None = None,
) -> EmbeddingTable:
    words, vectors, counts = _folded(word_vectors, rule, roles)
    if not word_vectors.unk:
        vectors[1] = _mean(vectors[ROLES:])
    vectors[0] = 0
    every = (*roles, *words)
    lengths = np.ones(len(every), np.int32)
    if pieces is not None:
        lengths[ROLES:] = pieces.word_pieces(words).lengths
    sources = ["padding", "file" if word_vectors.unk else "unk", *["file"] * len(words)]
    tokenizer = _of_words(rule, every, roles[1])
    if cut := _cut(tokenizer, words):
        _LOG.info(
            "the rule for text splits %s of the %s words: table[...] finds their rows, "
            "running text does not reach them",
            f"{cut:,}",
            f"{len(words):,}",
        )
    vocabulary = Vocabulary(
        every,
        np.concatenate([np.zeros(ROLES, np.int64), counts]),
        "words",
        tokenizer,
        {PAD: 0, UNK: 1},
    )
    provenance = Provenance.of(sources, lengths)
    return EmbeddingTable(vectors, vocabulary, provenance, {**recipe, "words_cut": cut})


def _cut(tokenizer: Tokenizer, words: Sequence[str]) -> int:
    """The number of words that the rule splits."""
    cut = 0
    for start in range(0, len(words), _WORDS_AT_ONCE):
        block = [word for word in words[start : start + _WORDS_AT_ONCE] if not _plain(word)]
        encodings = tokenizer.encode_batch_fast(block, add_special_tokens=False)
        cut += sum(len(encoding) != 1 for encoding in encodings)
    return cut


def _of_words(rule: Tokenizer, words: Sequence[str], unk: str) -> Tokenizer:
    row_of = {word: row for row, word in enumerate(words)}
    if isinstance(rule.pre_tokenizer, pre_tokenizers.BertPreTokenizer):
        # The same as below, without writing a million words as JSON.
        tokenizer = Tokenizer(models.WordLevel(row_of, unk))
        if rule.normalizer is not None:
            tokenizer.normalizer = rule.normalizer
        tokenizer.pre_tokenizer = rule.pre_tokenizer
        return tokenizer
    return word_tokenizer(rule, row_of, unk)


def _folded(
    word_vectors: WordVectors, rule: Tokenizer, roles: tuple[str, str]
) -> tuple[Sequence[str], Float32[ndarray, "rows dims"], ndarray]:
    """Words as the rule spells them, each once, with their vectors and counts."""
    counts = word_vectors.counts
    if counts is None:
        counts = np.zeros(len(word_vectors.words), np.int64)
    words = word_vectors.words
    folded = _changed(words, rule)
    wanted = {*folded.values(), *roles}
    unchanged = {word for place, word in enumerate(words) if word in wanted and place not in folded}
    taken, dropped = unchanged | set(roles), set()
    for place, word in folded.items():
        if word in taken:
            dropped.add(place)
        taken.add(word)
    # A word of the file that is spelled like a role would clash with the role.
    dropped |= {place for place, word in enumerate(words) if word in roles}
    if not folded and not dropped:
        return words, word_vectors.vectors, counts
    if dropped:
        _LOG.warning(
            "%s of %s words become equal to another word when text is split, and were left out",
            f"{len(dropped):,}",
            f"{len(words):,}",
        )
    remaining = np.setdiff1d(np.arange(len(words)), np.fromiter(dropped, np.int64, len(dropped)))
    rows = np.concatenate([np.arange(ROLES), remaining + ROLES])
    vectors = word_vectors.vectors
    if dropped:
        # Rows only move towards the start, so they can be moved in place, block by block.
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            block = vectors[rows[start : start + _ROWS_AT_ONCE]]
            vectors[start : start + len(block)] = block
        vectors = vectors[: len(rows)]
    remaining_words = [folded.get(place, words[place]) for place in remaining.tolist()]
    return remaining_words, vectors, counts[remaining]


def _changed(words: Sequence[str], rule: Tokenizer) -> dict[int, str]:
    """The words that the rule spells differently, by position; few, given how rules are chosen."""
    changed = {}
    for place, word in enumerate(words):
        if _plain(word):
            continue
        written = " ".join(normalize(rule, word).split()) or word
        if written != word:
            changed[place] = written
    return changed


def _plain(word: str) -> bool:
    """Whether a word is lowercase ASCII letters alone, which every rule leaves unchanged."""
    return word.isascii() and word.isalpha() and word.islower()


def _with_its_tokenizer(word_vectors: WordVectors, recipe: Mapping[str, Any]) -> EmbeddingTable:
    pieces = word_vectors.tokenizer
    assert pieces is not None
    pad, unk = pieces.pad_id, pieces.unk_id
    vectors, rule = word_vectors.vectors, pieces.tokenizer
    order = [pad, *(id for id in range(len(vectors)) if id != pad)]
    kind = "words" if isinstance(rule.model, models.WordLevel) else "pieces"
    if pad != 0:
        vectors = vectors[order]
    words, counts = word_vectors.words, word_vectors.counts
    counts = np.zeros(len(words), np.int64) if counts is None else counts[order]
    vectors[0] = 0
    # A row of zeros is not a vector.
    sources = np.where(vectors.any(axis=1), "file", "zero").tolist()
    sources[0] = "padding"
    vocabulary = Vocabulary(
        tuple(words[id] for id in order),
        counts,
        kind,  # type: ignore[arg-type]
        piece_tokenizer(rule, order),
        {PAD: 0, UNK: order.index(unk)},
    )
    provenance = Provenance.of(sources, np.ones(len(words), np.int32))
    return EmbeddingTable(vectors, vocabulary, provenance, dict(recipe))


def _mean(vectors: Float32[ndarray, "words dims"]) -> Float32[ndarray, " dims"]:
    """The mean of all rows, computed in blocks, since a float64 copy would be large."""
    total = np.zeros(vectors.shape[1])
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        total += vectors[start : start + _ROWS_AT_ONCE].sum(axis=0, dtype=np.float64)
    return (total / len(vectors)).astype(np.float32)
