"""`OnnxModel`: from texts to labels or entities with only onnxruntime and tokenizers."""

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
from wordgraft.oov.fallbacks import Fallbacks
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.segmentation import normalize
from wordgraft.vocabulary.word_features import word_features

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64, Shaped
    from numpy import ndarray

FORMAT_VERSION = 1
# Texts per batch. Texts of similar length share a batch, since padding costs as much as words.
_BATCH = 256


class OnnxModel:
    """A model that `export_onnx` wrote. It needs neither PyTorch nor scikit-learn.

    >>> wg.export_onnx(wg.TextClassifier(table).fit(texts, labels), "news.onnx")
    >>> model = OnnxModel.load("news.onnx")
    >>> model.task, model.predict(["warm sun"]).tolist()
    ('classify', ['clear'])

    Attributes:
        task: `classify` or `tag`.
        labels_: the labels of a classifier.
        tags_: the tags of a tagger, in IOB2.
    """

    def __init__(self, session: Any, content: dict[str, str]) -> None:
        self._session = session
        self._output = [output.name for output in session.get_outputs()]
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
        # The number of rows in the file: the pieces' rows follow the words' rows.
        self._rows = len(words)
        if self._pieces is not None:
            self._rows += self._pieces.size
        elif self._oov != "unk":
            self._rows += 1
        if self.task == "tag":
            self.tags_: list[str] = described["tags"]
            transitions = described["transitions"]
            self._start, self._between, self._end = (
                np.array(transitions[name], np.float32) for name in ("start_", "", "end_")
            )
        else:
            labels = described["labels"]
            self.labels_ = Labels(np.array(labels["classes"]), plan["multi"], labels["matrix"])

    @classmethod
    def load(cls, path: str | Path) -> OnnxModel:
        """Open a file. Raises `TrainingError` if wordgraft did not write it."""
        runtime = require("onnxruntime", purpose="running an ONNX model")
        path = Path(path)
        if not path.is_file():
            raise TrainingError(
                f"there is no file {path}; make one with 'wordgraft export --to onnx'"
            )
        options = runtime.SessionOptions()
        # The default is one thread per CPU of the machine, and idle threads spin.
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
                f"{path} is an ONNX file that wordgraft did not write: it lacks the rule that "
                "turns text into ids; make one with 'wordgraft export --to onnx'"
            )
        version = int(json.loads(content["wordgraft"])["format"])
        if version > FORMAT_VERSION:
            raise TrainingError(
                f"{path} has format {version}; this wordgraft reads up to {FORMAT_VERSION}: "
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
        checked = checked_texts(texts)
        ids = self._vocabulary.ids(checked)
        unknown = self._vocabulary.unknown(checked, ids)
        words = {word: self._rows + place for place, word in enumerate(dict(_swapped(unknown)))}
        if words:
            flat = ids.ids.copy()
            flat[[place for place, _ in unknown]] = [words[word] for _, word in unknown]
            ids = Ragged(flat, ids.offsets)
        out = np.empty((len(checked), len(self.classes_)), np.float32)
        for batch, inputs in self._batches(ids, tuple(words), {}):
            out[batch] = self.run(inputs)
        return out

    def predict(self, texts: Iterable[Any]) -> Any:
        """The label (or labels) of each text; for a tagger, the tags of each sentence's words."""
        if self.task == "classify":
            return self.labels_.chosen(self.predict_proba(texts))
        sentences = checked_sentences(texts, empty=True)
        ids, words = self._of_words(sentences)
        extras = word_features(sentences, casing=self._casing, letters=self._letters)
        tags: list[list[str]] = [[] for _ in sentences]
        for batch, inputs in self._batches(ids, words, extras):
            logits = self.run(inputs)
            for place, word_logits in zip(batch.tolist(), logits, strict=True):
                best = self._best(word_logits[: len(sentences[place])])
                tags[place] = [self.tags_[number] for number in best]
        return tags

    def entities(self, sentences: Iterable[Sequence[str]]) -> list[list[Span]]:
        """The entities of each sentence: kind, first word, and the word after the last."""
        self._only("tag")
        return [list(spans_of(tags)) for tags in self.predict(sentences)]

    def run(self, inputs: dict[str, ndarray]) -> Float32[ndarray, "texts ..."]:
        """The output of the graph; `wordgraft.export.onnx.graph` describes its inputs."""
        output: Float32[ndarray, "texts ..."] = self._session.run(self._output, inputs)[0]
        return output

    def _only(self, task: str) -> None:
        if self.task != task:
            does = "tags words: use entities" if self.task == "tag" else "classifies texts"
            raise TrainingError(f"this model {does}; export another model for the other task")

    def _of_words(self, sentences: list[list[str]]) -> tuple[Ragged, tuple[str, ...]]:
        """The id of each word, and the OOV words; ids of these begin at the number of rows."""
        words: dict[str, int] = {}
        id_of: dict[str, int] = {}
        for word in {word: None for sentence in sentences for word in sentence}:
            row = self._vocabulary.row(word)
            if row is None:
                spelt = normalize(self._vocabulary.tokenizer, word).strip() or word
                row = words.setdefault(spelt, self._rows + len(words))
            id_of[word] = row
        return Ragged.of([[id_of[word] for word in sentence] for sentence in sentences]), tuple(
            words
        )

    def _parts(self, words: Sequence[str]) -> Int64[ndarray, "unknown most"]:
        """The rows whose mean each OOV word gets; at least one word and one column."""
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
        """The tags with the highest sum of logits and transitions (Viterbi)."""
        if not len(logits):
            return []
        score, came_from = self._start + logits[0], []
        for word_logits in logits[1:]:
            sums = score[:, None] + self._between
            came_from.append(sums.argmax(axis=0))
            score = sums.max(axis=0) + word_logits
        best = [int((score + self._end).argmax())]
        for step in reversed(came_from):
            best.append(int(step[best[-1]]))
        return best[::-1]


def _swapped(pairs: Iterable[tuple[int, str]]) -> Iterable[tuple[str, int]]:
    return ((word, place) for place, word in pairs)


def _errors() -> tuple[type[Exception], ...]:
    """The errors of onnxruntime for a file that it cannot run; they have no common base class."""
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
