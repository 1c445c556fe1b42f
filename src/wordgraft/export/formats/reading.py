"""Tables out of files of other tools: which words text is cut into, and rows for the roles."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.tokenizer import PieceTokenizer
from wordgraft.core.atomic_io import sha256
from wordgraft.core.versions import library_versions
from wordgraft.errors import DataError, PickleRefusedError
from wordgraft.export.formats.protocol import PAD_WORDS, ROLES, UNK_WORDS, WordVectors
from wordgraft.oov.constant import Zero
from wordgraft.table import EmbeddingTable, Provenance, UnknownWords
from wordgraft.table.io import MARKER as TABLE_MARKER
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.segmentation import normalize, piece_tokenizer, word_tokenizer
from wordgraft.vocabulary.vocabulary import PAD, UNK

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

_LOG = logging.getLogger(__name__)
# A file is taken for lower-cased, or freed of accents, if at most this share of its words is not:
# GloVe's 400,000 lower-cased words hold a handful that the rule would change.
_MOST_OTHERS = 0.01
_ROWS_AT_ONCE = 65_536
_WORDS_AT_ONCE = 4_096


def read_vectors(
    path: str | Path,
    *,
    format: str | None = None,
    checkpoint: Checkpoint | None = None,
    allow_pickle: bool = False,
    progress: bool = False,
) -> EmbeddingTable:
    """Make a table out of a file of word vectors: GloVe, fastText, word2vec, a model2vec folder ...

    The rows are those of the file, not refined. Row 0 is padding, zeros; row 1 answers for unknown
    words: the file's own vector for them, or else the mean of all words.

    Args:
        format: one of `wordgraft.export.formats.FORMATS`; by default found by looking at the file.
        checkpoint: cut text into words as this one does. By default as BERT does, lower-cased and
            without accents if the file's words are. A folder with a `tokenizer.json` has a rule of
            its own.
        allow_pickle: read a file that gensim pickled, which may run code: only from a source you
            trust.

    Of words that the rule makes equal, one that it leaves as it is wins, or else the first. Raises
    `DataError` saying what is wrong in which line, and `PickleRefusedError`.
    """
    from wordgraft.export.formats import FORMATS

    path = Path(path)
    name = format or sniffed(path)
    if name not in FORMATS:
        raise DataError(f"no format {name!r}; there are {', '.join(FORMATS)}")
    found = FORMATS[name]
    if found.read is None:
        raise DataError(f"{name} files can be written, not read")
    if found.pickled and not allow_pickle:
        raise PickleRefusedError(
            f"{path} is a pickle ({found.about}), and reading one can run any code; give "
            "allow_pickle=True (--allow-pickle) if you trust its source, or save it with "
            "save_word2vec_format and read that"
        )
    vectors = found.read(path, progress=progress)
    return table_of(vectors, path=path, format=name, checkpoint=checkpoint)


def sniffed(path: Path) -> str:
    """The name of the format of a file or folder. Raises `DataError` when it is none."""
    from wordgraft.export.formats import FORMATS
    from wordgraft.export.formats.text import opened

    head = b""
    if not path.is_dir():
        with opened(path) as file:
            head = file.read(1 << 16)
        if not head:
            raise DataError(f"{path} is empty; expected words and their vectors")
    for name, format in FORMATS.items():
        if format.read and format.sniff and format.sniff(path, head):
            return name
    if (path / TABLE_MARKER).is_file():
        raise DataError(f"{path} is a table already: open it with EmbeddingTable.load")
    if head.startswith(b"PK"):
        raise DataError(f"{path} is a zip archive; unpack it and give the file of vectors in it")
    names = ", ".join(name for name, format in FORMATS.items() if format.read is not None)
    raise DataError(
        f"{path} does not look like any of {names}; name its format (--from-format), or check that "
        "it is the right file"
    )


def table_of(
    found: WordVectors,
    *,
    path: Path | None = None,
    format: str,
    checkpoint: Checkpoint | None = None,
) -> EmbeddingTable:
    """A table of what a format's reader gave. Raises `DataError`."""
    where = "the vectors" if path is None else str(path)
    if found.repeated:
        _LOG.warning(
            "%s: %s words came again; their first vectors are kept", where, f"{found.repeated:,}"
        )
    recipe: dict[str, Any] = {"source": "file", "format": format}
    if path is not None:
        recipe["file"] = path.name
        if path.is_file():
            recipe["file_sha256"] = sha256(path)
    if checkpoint is not None:
        recipe |= {"checkpoint": checkpoint.name}
    recipe |= {
        "made_by": dict(found.recipe),
        "versions": library_versions(),
    }
    if not found.recipe:
        del recipe["made_by"]
    if found.tokenizer is not None:
        if checkpoint is not None:
            raise DataError(f"{where}: its tokenizer.json says how text is cut; give no checkpoint")
        return _with_its_tokenizer(found, recipe)
    if checkpoint is None:
        rule = Rule.of_words(found.words)
        recipe["segmentation"] = str(rule)
        return _with_words(found, recipe, rule.tokenizer(), (PAD_WORDS[0], UNK_WORDS[0]))
    pieces = checkpoint.tokenizer
    return _with_words(found, recipe, pieces.tokenizer, (pieces.pad, pieces.unk), pieces)


@dataclass(frozen=True)
class Rule:
    """How text is cut for a file that does not say: BERT's words, changed as the file's were."""

    lowercase: bool
    strip_accents: bool

    @classmethod
    def of_words(cls, words: Sequence[str]) -> Rule:
        """The rule under which the words of a file stay as they are, but for a few."""
        most = _MOST_OTHERS * len(words)
        accents = normalizers.BertNormalizer(
            clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False
        )
        plain = sum(not word.isascii() and accents.normalize_str(word) != word for word in words)
        return cls(
            lowercase=sum(word != word.lower() for word in words) <= most,
            strip_accents=plain <= most / 10,
        )

    def tokenizer(self) -> Tokenizer:
        """The rule, without words yet. Chinese text is not cut into characters."""
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
        case = "lower-cased" if self.lowercase else "cased"
        return f"BERT words, {case}, {'without' if self.strip_accents else 'with'} accents"


def _with_words(
    found: WordVectors,
    recipe: Mapping[str, Any],
    rule: Tokenizer,
    roles: tuple[str, str],
    pieces: PieceTokenizer | None = None,
) -> EmbeddingTable:
    words, vectors, counts = _folded(found, rule, roles)
    if not found.unk:
        vectors[1] = _mean(vectors[ROLES:])
    vectors[0] = 0
    every = (*roles, *words)
    lengths = np.ones(len(every), np.int32)
    if pieces is not None:
        lengths[ROLES:] = pieces.word_pieces(words).lengths
    sources = ["padding", "file" if found.unk else "unk", *["file"] * len(words)]
    tokenizer = _of_words(rule, every, roles[1])
    if cut := _cut(tokenizer, words):
        _LOG.info(
            "%s of %s words are more than one as the text is cut: table[...] finds their rows, "
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
    """How many words the rule does not keep in one."""
    cut = 0
    for start in range(0, len(words), _WORDS_AT_ONCE):
        block = [word for word in words[start : start + _WORDS_AT_ONCE] if not _plain(word)]
        encodings = tokenizer.encode_batch_fast(block, add_special_tokens=False)
        cut += sum(len(encoding) != 1 for encoding in encodings)
    return cut


def _of_words(rule: Tokenizer, words: Sequence[str], unk: str) -> Tokenizer:
    row_of = {word: row for row, word in enumerate(words)}
    if isinstance(rule.pre_tokenizer, pre_tokenizers.BertPreTokenizer):
        # The same as below, without a million words as JSON.
        made = Tokenizer(models.WordLevel(row_of, unk))
        if rule.normalizer is not None:
            made.normalizer = rule.normalizer
        made.pre_tokenizer = rule.pre_tokenizer
        return made
    return word_tokenizer(rule, row_of, unk)


def _folded(
    found: WordVectors, rule: Tokenizer, roles: tuple[str, str]
) -> tuple[Sequence[str], Float32[ndarray, "rows dims"], ndarray]:
    """Words as the rule writes them: one a row, vectors and counts of the others left out."""
    counts = found.counts
    if counts is None:
        counts = np.zeros(len(found.words), np.int64)
    folded = _changed(found.words, rule)
    wanted = {*folded.values(), *roles}
    as_they_stand = {
        word for place, word in enumerate(found.words) if word in wanted and place not in folded
    }
    taken, dropped = as_they_stand | set(roles), set()
    for place, word in folded.items():
        if word in taken:
            dropped.add(place)
        taken.add(word)
    # As a word of the file, a role's name would clash with the role.
    dropped |= {place for place, word in enumerate(found.words) if word in roles}
    if not folded and not dropped:
        return found.words, found.vectors, counts
    if dropped:
        _LOG.warning(
            "%s of %s words become equal to another one as the text is cut, and were left out",
            f"{len(dropped):,}",
            f"{len(found.words):,}",
        )
    kept = np.setdiff1d(np.arange(len(found.words)), np.fromiter(dropped, np.int64, len(dropped)))
    rows = np.concatenate([np.arange(ROLES), kept + ROLES])
    vectors = found.vectors
    if dropped:
        # Rows only move up, so they can be moved in place, block by block.
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            block = vectors[rows[start : start + _ROWS_AT_ONCE]]
            vectors[start : start + len(block)] = block
        vectors = vectors[: len(rows)]
    words = [folded.get(place, found.words[place]) for place in kept.tolist()]
    return words, vectors, counts[kept]


def _changed(words: Sequence[str], rule: Tokenizer) -> dict[int, str]:
    """The words that the rule writes otherwise, by their places: few, as a rule is chosen."""
    changed = {}
    for place, word in enumerate(words):
        if _plain(word):
            continue
        written = " ".join(normalize(rule, word).split()) or word
        if written != word:
            changed[place] = written
    return changed


def _plain(word: str) -> bool:
    """Whether a word is lower-cased English letters alone, which every rule leaves as they are."""
    return word.isascii() and word.isalpha() and word.islower()


def _with_its_tokenizer(found: WordVectors, recipe: Mapping[str, Any]) -> EmbeddingTable:
    pieces = found.tokenizer
    assert pieces is not None
    pad, unk = pieces.pad_id, pieces.unk_id
    vectors, rule = found.vectors, pieces.tokenizer
    order = [pad, *(id for id in range(len(vectors)) if id != pad)]
    kind = "words" if isinstance(rule.model, models.WordLevel) else "pieces"
    if pad != 0:
        vectors = vectors[order]
    words = found.words
    counts = np.zeros(len(words), np.int64) if found.counts is None else found.counts[order]
    vectors[0] = 0
    # A row of zeros holds no vector.
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
    """The mean of all rows, in blocks, since float64 copies of them would be large."""
    total = np.zeros(vectors.shape[1])
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        total += vectors[start : start + _ROWS_AT_ONCE].sum(axis=0, dtype=np.float64)
    return (total / len(vectors)).astype(np.float32)


def only(table: EmbeddingTable, counts: Mapping[str, int]) -> EmbeddingTable:
    """The rows of words in `counts`, in its order, with these counts. Raises `DataError`."""
    vocabulary = table.vocabulary
    if vocabulary.kind == "pieces":
        raise DataError("a file of pieces cannot be cut down to words; take it whole")
    rows = [0, vocabulary.roles[UNK]]
    taken = set(rows)
    numbers = [0, 0]
    for word, count in counts.items():
        row = vocabulary.row(word)
        if row is not None and row not in taken:
            taken.add(row)
            rows.append(row)
            numbers.append(count)
    if len(rows) == ROLES:
        raise DataError(
            f"none of {len(counts):,} words is among the {len(vocabulary):,} of the file; check "
            "that both are of one language, and the case of their letters"
        )
    selected = table.select(np.array(rows, np.int64))
    known = replace(selected.vocabulary, counts=np.array(numbers, np.int64))
    return replace(selected, vocabulary=known)


def answering(table: EmbeddingTable, oov: str) -> EmbeddingTable:
    """The table with `unk` (its row 1) or `zero` (which that row becomes) for unknown words."""
    if oov == Zero.name:
        unk = np.array([table.vocabulary.roles[UNK]])
        table = table.with_rows(unk, np.zeros((1, table.dims), np.float32), source="zero")
    return replace(table, unknown=UnknownWords(oov), recipe={**table.recipe, "oov": oov})
