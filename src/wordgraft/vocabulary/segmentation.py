"""How text becomes words: the normalizer and pre-tokenizer of the checkpoint, without its pieces.

The result is a `tokenizers.Tokenizer`: it runs in Rust, and any tool that reads `tokenizer.json`
gives the same ids.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tokenizers import Tokenizer

from wordgraft.errors import VocabularyError

# The pattern of GPT-2 and RoBERTa, by which ByteLevel splits before it writes bytes as letters.
_BYTE_LEVEL_SPLIT = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def word_tokenizer(pieces: Tokenizer, row_of: Mapping[str, int], unk: str) -> Tokenizer:
    """A tokenizer that gives each word the id of its row, or of `unk` if it has none."""
    content = json.loads(pieces.to_str())
    content["model"] = {"type": "WordLevel", "vocab": dict(row_of), "unk_token": unk}
    content["pre_tokenizer"] = {
        "type": "Sequence",
        "pretokenizers": _with_usual_spelling(content["pre_tokenizer"]),
    }
    content |= {"added_tokens": [], "post_processor": None, "decoder": None}
    return Tokenizer.from_str(json.dumps(content))


def piece_tokenizer(pieces: Tokenizer, order: Sequence[int]) -> Tokenizer:
    """The checkpoint's tokenizer with its ids renumbered: piece `order[row]` gets id `row`.

    Special tokens are no longer added to a text, since the rows are for another network.
    """
    row_of = {id: row for row, id in enumerate(order)}
    content = json.loads(pieces.to_str())
    model = content["model"]
    if isinstance(model["vocab"], dict):
        model["vocab"] = {piece: row_of[id] for piece, id in model["vocab"].items()}
    else:  # Unigram: a list in which the position is the id
        listed = [id for id in order if id < len(model["vocab"])]
        if listed != list(order[: len(listed)]):
            raise VocabularyError(
                "the tokenizer's padding piece lies outside its Unigram list, so it cannot become "
                "row 0; build the table from words instead of pieces"
            )
        model["vocab"] = [model["vocab"][id] for id in listed]
        if model.get("unk_id") is not None:
            model["unk_id"] = row_of[model["unk_id"]]
    for token in content["added_tokens"]:
        token["id"] = row_of[token["id"]]
    content["post_processor"] = None
    return Tokenizer.from_str(json.dumps(content))


def segment(tokenizer: Tokenizer, text: str) -> list[str]:
    """The words of one text, in order."""
    normalized = normalize(tokenizer, text)
    return [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normalized)]


def normalize(tokenizer: Tokenizer, text: str) -> str:
    """The text after normalization, such as lowercasing and the removal of accents."""
    return str(tokenizer.normalizer.normalize_str(text)) if tokenizer.normalizer else text


def _with_usual_spelling(pre_tokenizer: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Pre-tokenizers that split at the same places but keep the usual spelling of words.

    ByteLevel writes bytes as letters and Metaspace writes spaces as U+2581; both are replaced.
    SentencePiece models split only at whitespace; punctuation is split off for them, so that
    `good` and `good,` share a row.
    """
    if pre_tokenizer is None:
        return [{"type": "BertPreTokenizer"}]
    steps: list[dict[str, Any]] = []
    for step in pre_tokenizer.get("pretokenizers", [pre_tokenizer]):
        if step["type"] == "ByteLevel":
            if step.get("use_regex", True):
                steps.append(_split(_BYTE_LEVEL_SPLIT, "Isolated"))
            steps.append(_split(r"\s+", "Removed"))
        elif step["type"] == "Metaspace":
            steps += [_split(r"\s+", "Removed"), {"type": "Punctuation", "behavior": "Isolated"}]
        else:
            steps.append(step)
    return steps


def _split(regex: str, behavior: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": False}
