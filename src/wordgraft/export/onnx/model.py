"""`OnnxModel`: texts to labels or entities with onnxruntime and tokenizers alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from wordgraft.checkpoint.tokenizer import PieceTokenizer, pieces_by_id
from wordgraft.core.optional import require
from wordgraft.core.parallel import usable_cpus
from wordgraft.core.ragged import Ragged
from wordgraft.data.labels import Labels
from wordgraft.data.tag_schemes import Span, spans_of
from wordgraft.data.validation import checked_sentences, checked_texts
from wordgraft.errors import TrainingError, first_line
from wordgraft.table.fallbacks import Fallbacks
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.segmentation import normalize
from wordgraft.vocabulary.spelling import extras_of

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64, Shaped
    from numpy import ndarray

FORMAT_VERSION = 1
# Texts at once; those of like length go together, since padding is computed as words are.
_BATCH = 256


class OnnxModel:
    """A model that `export_onnx` wrote; opened by `OnnxModel.load`.

    model = OnnxModel.load("news.onnx")
    model.predict(["Shares soar on record profit"])

    Attributes:
        task: `classify` or `tag`.
        labels_: of a classifier.
        tags_: of a tagger, in IOB2.
    """

    def __init__(self, session: Any, content: dict[str, str]) -> None:
        self._session = session
        self._output = [each.name for each in session.get_outputs()]
        described = json.loads(content["wordgraft"])
        plan = described["plan"]
        self.task = "tag" if plan["per_word"] else "classify"
        self._casing, self._letters = plan["casing"], plan["letters"]
        rule = Tokenizer.from_str(content["tokenizer"])
        words = pieces_by_id(rule, described["rows"])
        self._vocabulary = Vocabulary(
            tuple(words),
            np.zeros(len(words), np.int64),
            described["kind"],
            rule,
            described["roles"],
        )
        holds = np.ones(len(words), bool)
        holds[[*described["empty"], *described["roles"].values()]] = False
        self._fallbacks = Fallbacks(self._vocabulary, np.flatnonzero(holds))
        self._oov = described["oov"]
        self._pieces = PieceTokenizer.from_json(content["pieces"]) if content["pieces"] else None
        # All rows that ids can name: those of the pieces come behind the words'.
        self._rows = len(words)
        if self._pieces is not None:
            self._rows += self._pieces.size
        elif self._oov != "unk":
            self._rows += 1
        if self.task == "tag":
            self.tags_: list[str] = described["tags"]
            kept = described["transitions"]
            self._start, self._between, self._end = (
                np.array(kept[name], np.float32) for name in ("start_", "", "end_")
            )
        else:
            kept = described["labels"]
            self.labels_ = Labels(np.array(kept["classes"]), plan["multi"], kept["matrix"])

    @classmethod
    def load(cls, path: str | Path) -> OnnxModel:
        """Open a file. Raises `TrainingError` when it is not one that wordgraft wrote."""
        runtime = require("onnxruntime", purpose="running an ONNX model")
        path = Path(path)
        if not path.is_file():
            raise TrainingError(
                f"there is no file {path}; make one with 'wordgraft export --to onnx'"
            )
        options = runtime.SessionOptions()
        # By itself it starts one a CPU of the machine, which then wait for work by turning round.
        options.intra_op_num_threads = usable_cpus()
        try:
            session = runtime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except _errors() as error:
            raise TrainingError(
                f"{path} cannot be run ({first_line(error):.150}); export the model again"
            ) from error
        content = dict(session.get_modelmeta().custom_metadata_map)
        if not {"wordgraft", "tokenizer", "pieces"} <= content.keys():
            raise TrainingError(
                f"{path} is an ONNX file that wordgraft did not write: it does not say how text "
                "becomes ids; make one with 'wordgraft export --to onnx'"
            )
        version = int(json.loads(content["wordgraft"])["format"])
        if version > FORMAT_VERSION:
            raise TrainingError(
                f"{path} has format {version}, this wordgraft reads up to {FORMAT_VERSION}: "
                "pip install --upgrade wordgraft"
            )
        return cls(session, content)

    @property
    def classes_(self) -> Shaped[ndarray, " classes"]:
        """The labels of a classifier, sorted."""
        return self.labels_.classes

    @property
    def multilabel_(self) -> bool:
        """Whether a text may have any number of labels."""
        return self.labels_.multi

    def predict_proba(self, texts: Iterable[str]) -> Float32[ndarray, "texts classes"]:
        """The probability of each class for each text."""
        self._only("classify")
        found = checked_texts(texts)
        ids = self._vocabulary.ids(found)
        unknown = self._vocabulary.unknown(found, ids)
        words = {word: self._rows + place for place, word in enumerate(dict(_swapped(unknown)))}
        if words:
            flat = ids.ids.copy()
            flat[[place for place, _ in unknown]] = [words[word] for _, word in unknown]
            ids = Ragged(flat, ids.offsets)
        out = np.empty((len(found), len(self.classes_)), np.float32)
        for batch, inputs in self._batches(ids, tuple(words), {}):
            out[batch] = self.run(inputs)
        return out

    def predict(self, texts: Iterable[Any]) -> Any:
        """The label of each text, or its labels; or a tag for each word of each sentence."""
        if self.task == "classify":
            return self.labels_.chosen(self.predict_proba(texts))
        sentences = checked_sentences(texts, empty=True)
        ids, words = self._of_words(sentences)
        extras = extras_of(sentences, casing=self._casing, letters=self._letters)
        tags: list[list[str]] = [[] for _ in sentences]
        for batch, inputs in self._batches(ids, words, extras):
            logits = self.run(inputs)
            for place, each in zip(batch.tolist(), logits, strict=True):
                best = self._best(each[: len(sentences[place])])
                tags[place] = [self.tags_[number] for number in best]
        return tags

    def entities(self, sentences: Iterable[Sequence[str]]) -> list[list[Span]]:
        """The entities of each sentence: kind, first word, and the word behind the last."""
        self._only("tag")
        return [list(spans_of(tags)) for tags in self.predict(sentences)]

    def run(self, inputs: dict[str, ndarray]) -> Float32[ndarray, "texts ..."]:
        """What the graph makes of its inputs: see `wordgraft.export.onnx.graph`."""
        found: Float32[ndarray, "texts ..."] = self._session.run(self._output, inputs)[0]
        return found

    def _only(self, task: str) -> None:
        if self.task != task:
            said = "tags words: use entities" if self.task == "tag" else "classifies texts"
            raise TrainingError(f"this model {said}; for the other task, export another one")

    def _of_words(self, sentences: list[list[str]]) -> tuple[Ragged, tuple[str, ...]]:
        """An id for each word, and the words that ids from the number of rows on stand for."""
        words: dict[str, int] = {}
        id_of: dict[str, int] = {}
        for word in {word: None for sentence in sentences for word in sentence}:
            row = self._vocabulary.row(word)
            if row is None:
                spelt = normalize(self._vocabulary.tokenizer, word).strip() or word
                row = words.setdefault(spelt, self._rows + len(words))
            id_of[word] = row
        return Ragged.of([[id_of[word] for word in each] for each in sentences]), tuple(words)

    def _parts(self, words: Sequence[str]) -> Int64[ndarray, "unknown most"]:
        """The rows whose mean each word without one is; at least one column and one word."""
        rows: list[Sequence[int]] = []
        for word in words:
            borrowed = self._fallbacks.find(word) if self._vocabulary.kind == "words" else None
            if borrowed is not None:
                rows.append(borrowed.rows)
            elif self._pieces is not None:
                pieces = self._pieces.word_pieces([word]).ids
                rows.append((pieces + len(self._vocabulary)).tolist())
            elif self._oov == "unk":
                rows.append([self._vocabulary.roles["unk"]])
            else:
                rows.append([len(self._vocabulary)])
        return Ragged.of(rows or [[]]).padded()

    def _batches(
        self, ids: Ragged, words: Sequence[str], extras: dict[str, Ragged]
    ) -> Iterable[tuple[Int64[ndarray, " texts"], dict[str, ndarray]]]:
        parts = self._parts(words)
        order = np.argsort(ids.lengths, kind="stable")
        for start in range(0, len(ids), _BATCH):
            batch = order[start : start + _BATCH]
            taken = ids.take(batch) if len(ids) > 1 else ids
            blocks = {"ids": taken.padded()}
            blocks |= {name: values.take(batch).padded() for name, values in extras.items()}
            yield batch, {**blocks, "lengths": taken.lengths, "parts": parts}

    def _best(self, logits: Float32[ndarray, "words tags"]) -> list[int]:
        """The tags of the best sum of logits and transitions (Viterbi)."""
        if not len(logits):
            return []
        score, came_from = self._start + logits[0], []
        for each in logits[1:]:
            sums = score[:, None] + self._between
            came_from.append(sums.argmax(axis=0))
            score = sums.max(axis=0) + each
        best = [int((score + self._end).argmax())]
        for step in reversed(came_from):
            best.append(int(step[best[-1]]))
        return best[::-1]


def _swapped(pairs: Iterable[tuple[int, str]]) -> Iterable[tuple[str, int]]:
    return ((word, place) for place, word in pairs)


def _errors() -> tuple[type[Exception], ...]:
    """What onnxruntime raises for a file that it cannot run; they have no class in common."""
    state = require("onnxruntime.capi.onnxruntime_pybind11_state", purpose="running an ONNX model")
    names = (
        "Fail",
        "InvalidArgument",
        "InvalidGraph",
        "InvalidProtobuf",
        "NoSuchFile",
        "NotImplemented",
    )
    return (RuntimeError, *(getattr(state, name) for name in names))
