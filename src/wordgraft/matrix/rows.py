"""A vector for each entry of the caller's vocabulary, from a table or from a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.build import build_table
from wordgraft.checkpoint import Checkpoint
from wordgraft.matrix.entries import Entries
from wordgraft.matrix.piece_spelling import PieceSpelling
from wordgraft.matrix.special_entries import ROLES, piece_of, row_of
from wordgraft.oov import OovMethod, TextReader
from wordgraft.sources import Composed, Isolated, Source, source_of
from wordgraft.table import EmbeddingTable, Refinement
from wordgraft.table.provenance import GUESSED, ROW_ORIGINS
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.vocabulary import UNK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaxtyping import Float32
    from numpy import ndarray


@dataclass(frozen=True, eq=False)
class EntryRows:
    """A vector per entry.

    Attributes:
        vectors: float32 (entries, dims).
        origins: per entry, a name of `ROW_ORIGINS`.
        special: per special entry, what its row holds.
        not_found: words whose vectors are guessed.
    """

    vectors: Float32[ndarray, "entries dims"]
    origins: tuple[str, ...]
    special: Mapping[str, str]
    not_found: tuple[str, ...]


def rows_from_checkpoint(
    checkpoint: Checkpoint,
    entries: Entries,
    roles: Mapping[str, str],
    *,
    source: Source | str,
    oov: OovMethod | str,
    refinements: Sequence[Refinement] | None,
    progress: bool,
) -> EntryRows:
    """Rows made for these entries alone: words as in `build_table`, pieces from their own ids."""
    words = dict.fromkeys(entries.words)
    piece_ids = _piece_ids(checkpoint, entries, roles)
    texts = {word: _text(word, entries.spelling) for word in words if word not in roles}
    plain = [text for word, text in texts.items() if word not in piece_ids and text.strip()]
    vocabulary = Vocabulary.from_words([_phrase(text) for text in plain], checkpoint)
    table = build_table(
        checkpoint,
        vocabulary,
        source=source,
        oov=oov,
        refinements=refinements,
        progress=progress,
    )
    direct = _piece_vectors(checkpoint, table, source, piece_ids)
    return _filled(table, TextReader(table), entries, roles, direct)


def rows_from_table(
    table: EmbeddingTable, reader: TextReader, entries: Entries, roles: Mapping[str, str]
) -> EntryRows:
    """Rows of a table: as they are for words that have one, by the reader's method for others."""
    return _filled(table, reader, entries, roles, {})


def _filled(
    table: EmbeddingTable,
    reader: TextReader,
    entries: Entries,
    roles: Mapping[str, str],
    direct: Mapping[str, tuple[Float32[ndarray, " dims"], str, str]],
) -> EntryRows:
    words = entries.words
    vectors = np.zeros((len(words), table.dims), np.float32)
    origins = np.full(len(words), "zero", object)
    special: dict[str, str] = {}
    missing: list[int] = []
    found: list[tuple[int, int]] = []  # entry, row of the table
    role_rows = _role_rows(table)
    for place, word in enumerate(words):
        role = roles.get(word)
        row: int | None
        if role == "pad":
            origins[place] = "padding"
            special[word] = "zeros"
        elif word in direct:
            vectors[place], origins[place], piece = direct[word]
            if role is not None:
                special[word] = f"{piece} of the checkpoint"
        elif role is not None:
            row = role_rows.get(role, role_rows["unk"])
            found.append((place, row))
            special[word] = f"row of {table.vocabulary.words[row]!r}"
        elif (row := _row(table.vocabulary, word, entries.spelling)) is not None:
            found.append((place, row))
        else:
            missing.append(place)
    places, rows = np.array(found, np.int64).reshape(-1, 2).T
    vectors[places] = table.rows(rows)
    origins[places] = np.array(ROW_ORIGINS, object)[table.provenance.source[rows]]
    texts = [_text(words[place], entries.spelling) for place in missing]
    spelled = [place for place, text in zip(missing, texts, strict=True) if text.strip()]
    if spelled:
        phrases = [_phrase(text) for text in texts if text.strip()]
        vectors[spelled], origins[spelled] = _guessed(table, reader, phrases)
    guessed = [
        word
        for word, origin in zip(words, origins, strict=True)
        if origin in GUESSED and word not in roles
    ]
    return EntryRows(vectors, tuple(origins.tolist()), special, tuple(guessed))


def _guessed(
    table: EmbeddingTable, reader: TextReader, words: Sequence[str]
) -> tuple[Float32[ndarray, "words dims"], Sequence[str]]:
    if table.vocabulary.kind == "words":
        made = reader.oov_vectors(words)
        return made.vectors, made.origins
    # A table of pieces has the vectors of which a word is composed.
    ids = table.vocabulary.ids([f" {word}" for word in words])
    unk = [table.vocabulary.roles[UNK]]
    rows = np.split(ids.ids, ids.offsets[1:-1])
    means = [table.rows(of_word if len(of_word) else unk).mean(axis=0) for of_word in rows]
    return np.stack(means), [Composed.name] * len(words)


def _role_rows(table: EmbeddingTable) -> dict[str, int]:
    row_by_word = {word: row for row, word in enumerate(table.vocabulary.words)}
    rows = {role: row for role in ROLES if (row := row_of(row_by_word, role)) is not None}
    return rows | {"unk": table.vocabulary.roles[UNK]}


def _row(vocabulary: Vocabulary, word: str, spelling: PieceSpelling | None) -> int | None:
    """The row of an entry as it is spelled, or else with blanks for underscores and back."""
    for variant in _variants(word, spelling):
        if (row := vocabulary.row(variant)) is not None and row != vocabulary.roles[UNK]:
            return row
    return None


def _variants(word: str, spelling: PieceSpelling | None) -> Iterable[str]:
    if spelling is not None:
        piece = spelling.read(word)
        if piece is None:
            return
        if not piece.begins:
            yield PieceSpelling(continues="##").write(piece)
        word = piece.text
    if word.strip():
        yield word
        yield _phrase(word)
        yield "_".join(word.split())


def _text(word: str, spelling: PieceSpelling | None) -> str:
    if spelling is None:
        return word
    piece = spelling.read(word)
    return piece.text if piece else ""


def _phrase(word: str) -> str:
    """`new_york` as `new york`; a word that is only underscores stays."""
    return " ".join(word.replace("_", " ").split()) or word


def _piece_ids(
    checkpoint: Checkpoint, entries: Entries, roles: Mapping[str, str]
) -> dict[str, int]:
    """The entries that stand for one piece of the checkpoint, and its id.

    These are special entries, and pieces that no word is encoded as: continuations of a word.
    """
    pieces = checkpoint.tokenizer
    tokenizer = pieces.tokenizer
    own = PieceSpelling.of(tokenizer)
    special = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    ids: dict[str, int | None] = {}
    same: dict[str, str] = {}
    for word in entries.words:
        piece = entries.spelling.read(word) if entries.spelling else None
        if word in roles:
            ids[word] = piece_of(checkpoint, roles[word])
        elif word in special:
            ids[word] = tokenizer.token_to_id(word)
        elif piece is not None and piece.text.strip():
            ids[word] = tokenizer.token_to_id(own.write(piece))
            if piece.begins and ids[word] is not None:
                same[word] = piece.text
    encoded = pieces.word_pieces(list(same.values()))
    for word, start, length in zip(same, encoded.offsets[:-1], encoded.lengths, strict=True):
        if length == 1 and encoded.ids[start] == ids[word]:
            ids[word] = None  # an ordinary word
    return {word: id for word, id in ids.items() if id is not None}


def _piece_vectors(
    checkpoint: Checkpoint,
    table: EmbeddingTable,
    source: Source | str,
    piece_ids: Mapping[str, int],
) -> dict[str, tuple[Float32[ndarray, " dims"], str, str]]:
    """Vectors of single pieces in the table's space, by the entries that stand for them."""
    ids = sorted({*piece_ids.values()} - {checkpoint.tokenizer.pad_id})
    if not ids:
        return {}
    made_by = source_of(source)
    if made_by.finds_words:  # no corpus has these pieces
        made_by = Isolated(layer=max(table.recipe["layers"]))
    raw = made_by.table(checkpoint, Vocabulary.of_pieces(ids, checkpoint))
    rows = raw.rows() if table.move is None else table.move(raw.rows())
    place = {id: row for row, id in enumerate(ids, start=1)}
    pieces = checkpoint.tokenizer.pieces
    return {
        entry: (rows[place[id]], made_by.name, pieces[id])
        for entry, id in piece_ids.items()
        if id in place
    }
