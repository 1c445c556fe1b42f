"""Networks on grafted rows and on frozen features: their scores by number of texts, their speed.

    python bench/networks.py tweets|labels|wnut17|sec_filings|uner_ewt|speed|crf ...

- tweets: macro-F1 on the 2,388 validation tweets, which were used for no choice.
- labels: the same, with 0 to 500 training texts, of heads that start from label words or from
  Xavier's initialization.
- wnut17, sec_filings, uner_ewt: strict entity F1 on the test sentences.
- speed: an epoch beside Flair's, and the share of a step that is forward and backward.
- crf: a training step and decoding of the CRF alone, beside pytorch-crf.

Each part writes bench/results/networks-PART.json. Every run is stored when it ends (bench/runs.py);
`--finished` summarizes the finished runs and starts no other.
Tables are built from the training texts, without their labels.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch
from common import CACHE, ENCODER, HERE, rival, summary, write_result
from data import data_file
from fine_tuned import (
    LABEL_WORDS,
    draw_tweets,
    fine_tuned_classifier,
    fine_tuned_tagger,
    soft_labels,
    tweets,
    tweets_file,
)
from runs import FINISHED_ONLY, run_once
from sklearn.metrics import f1_score

import wordgraft as wg
from wordgraft.estimators.classifier import TextClassifier
from wordgraft.estimators.first_layers import FirstLayer
from wordgraft.networks import Network
from wordgraft.sources import Contextual, Source
from wordgraft.table import EmbeddingTable

LIBRARIES = ("wordgraft", "torch", "transformers", "scikit-learn")
TABLES = CACHE / "tables"
# Seeds by training texts, of networks whose rows learn and of frozen ones, which are quick.
ALL = 9_543
SIZES = {500: 5, 2_000: 5, ALL: 5}
FEW = {100: 5, 500: 5, 2_000: 5}
# With all texts, none are left for distillation; soft labels need many.
DISTILLED, DISTILLED_LABEL_WORDS, SOFT_LABELS = {500: 5, 2_000: 5}, {100: 3}, {ALL: 5}
# The options of each method, which describe its runs together with the seed. `inherited` is a
# contextual table of the encoder fine-tuned on the method's own training texts. `distilled` also
# learns that encoder's predictions for the other training texts, whose labels are not read; with
# `words`, the encoder's head started from label words. `soft` labels count half: for each quarter
# of the training texts, the predictions of an encoder fine-tuned on the other three.
TRAINED_ROWS: dict[str, dict[str, Any]] = {
    "bilstm, random": {"network": "bilstm", "init": "random"},
    "bilstm, contextual": {"network": "bilstm", "table": "contextual"},
    "bilstm, inherited": {"network": "bilstm", "table": "inherited"},
    "bilstm, distilled": {"network": "bilstm", "table": "inherited", "distilled": True},
    "bilstm, distilled by words": {
        "network": "bilstm",
        "table": "contextual",
        "distilled": "words",
    },
    "bilstm, soft labels": {"network": "bilstm", "table": "contextual", "soft": True},
    "bag, contextual": {"network": "bag", "table": "contextual"},
    "bag, inherited": {"network": "bag", "table": "inherited"},
    "bag, distilled": {"network": "bag", "table": "inherited", "distilled": True},
}
FROZEN: dict[str, dict[str, Any]] = {
    "features, logistic": {"network": "features", "layers": [4, 5, 6]},
    "bag, contextual, frozen": {"network": "bag", "regime": "frozen", "table": "contextual"},
}
# Words of an inherited table, and contexts per word, to save time. All words with ten contexts were
# no better: 0.717 and 0.711 with 2,000 texts, on 3,000 other training tweets.
WORDS, CONTEXTS = 8_000, 4
TAGGED = {
    "wnut17": ("train.conll", "test.conll"),
    "sec_filings": ("train.conll", "test.conll"),
    "uner_ewt": ("train.iob2", "test.iob2"),
}
# The encoder that made the table also computes the vectors of out-of-vocabulary words.
TAGGERS: dict[str, dict[str, Any]] = {
    "features, bilstm-crf": {"network": "features", "letters": True},
    "bilstm-crf, isolated": {"letters": True, "oov": "encoder"},
    "bilstm-crf, inherited": {"letters": True, "oov": "encoder", "table": "inherited"},
    "bilstm-crf, random": {"letters": True, "init": "random", "regime": "embeddings"},
}
TAG_SEEDS = 3


@cache
def table_of(name: str, source: str) -> EmbeddingTable:
    """A table of the training words of a data set, built once and stored."""
    path = TABLES / f"{name}-{source}"
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        checkpoint = wg.open_checkpoint(ENCODER)
        texts = training_texts(name)
        vocabulary = wg.Vocabulary.from_texts(texts, checkpoint)
        source_of_vectors: Source | str = source
        if source == "contextual":
            corpus = TABLES / f"{name}.txt"
            corpus.write_text("\n".join(" ".join(text.split()) for text in texts), "utf-8")
            source_of_vectors = Contextual(corpus)
        wg.build_table(checkpoint, vocabulary, source=source_of_vectors).save(path)
    return EmbeddingTable.load(path)


def training_texts(name: str) -> list[str]:
    if name == "tweets":
        return [str(text) for text in tweets("train")[0]]
    tagged = wg.read_tagged(str(data_file(name, TAGGED[name][0])))
    return [" ".join(words) for words in tagged.sentences]


def inherited(seed: int, texts: int) -> EmbeddingTable:
    """A contextual table of the encoder fine-tuned on `texts` tweets; its contexts are of all."""
    path = TABLES / f"inherited-{texts}-{seed}"
    if not path.is_dir():
        checkpoint = wg.open_checkpoint(fine_tuned_classifier(texts, seed)[0])
        vocabulary = wg.Vocabulary.from_texts(training_texts("tweets"), checkpoint, max_words=WORDS)
        wg.build_table(
            checkpoint,
            vocabulary,
            source=Contextual(tweets_file("train"), contexts=CONTEXTS),
        ).save(path)
    return EmbeddingTable.load(path)


def inherited_tags(seed: int) -> EmbeddingTable:
    """An isolated table of the encoder fine-tuned on the training sentences of WNUT-17."""
    path = TABLES / f"inherited-wnut17-{seed}"
    if not path.is_dir():
        checkpoint = wg.open_checkpoint(fine_tuned_tagger(seed)[0])
        vocabulary = wg.Vocabulary.from_texts(training_texts("wnut17"), checkpoint)
        wg.build_table(checkpoint, vocabulary, source="isolated").save(path)
    return EmbeddingTable.load(path)


def classifier(seed: int, texts: int, **arguments: Any) -> TextClassifier:
    source = arguments.pop("table", "isolated")
    words = arguments.pop("label_words", None)
    if arguments.get("head_init") == "labels":
        arguments["head_init"] = words
    layer, others = first_layer(
        lambda: inherited(seed, texts) if source == "inherited" else table_of("tweets", source),
        arguments,
    )
    return TextClassifier(layer, random_state=seed, **others)


def first_layer(
    table: Callable[[], EmbeddingTable], options: dict[str, Any]
) -> tuple[FirstLayer, dict[str, Any]]:
    """A method's first layer, and the options that are not the layer's."""
    others = dict(options)
    if others.get("network") == "features":
        del others["network"]
        return wg.FrozenEncoder(ENCODER, layers=others.pop("layers", "auto")), others
    trainable: dict[str | None, bool | str]
    trainable = {"embeddings": True, "frozen": False, None: "auto"}
    layer = wg.TableRows(
        table(),
        oov=others.pop("oov", None),
        start=others.pop("init", "table"),
        trainable=trainable[others.pop("regime", None)],
    )
    return layer, others


def score(seed: int, texts: int, **arguments: Any) -> dict[str, Any]:
    """Train on random tweets, and test on the validation tweets."""
    test, truth = tweets("valid")
    train, labels = draw_tweets(texts, seed)
    if not texts:  # only label words; these texts say which labels there are
        train, labels = draw_tweets(50, seed)
        arguments["training"] = wg.TrainingSettings(epochs=0)
    unlabelled = None
    soft = soft_labels(texts, seed) if arguments.pop("soft", False) else None
    if teacher := arguments.pop("distilled", False):
        label_words = teacher == "words"
        arguments["teacher"] = fine_tuned_classifier(texts, seed, label_words=label_words)[0]
        unlabelled = sorted(set(tweets("train")[0]) - set(train))
    model = classifier(seed, texts, **arguments)
    began = time.perf_counter()
    model.fit(train, labels, unlabelled=unlabelled, soft_labels=soft)
    seconds = time.perf_counter() - began
    predicted = model.predict(test)
    return {"macro_f1": f1_score(truth, predicted, average="macro"), "seconds": seconds}


def scores_of(
    bench: str, method: str, texts: int, seeds: int, options: dict[str, Any]
) -> dict[str, Any]:
    runs = [
        run_once(
            bench,
            {"method": method, "texts": texts, "seed": seed, **options},
            partial(score, seed, texts, **options),
        )
        for seed in range(seeds)
    ]
    return summary_of(runs, ["macro_f1"])


def summary_of(all_runs: list[dict[str, Any] | None], names: list[str]) -> dict[str, Any]:
    """Mean and spread of some figures over the finished runs."""
    runs = [run for run in all_runs if run is not None]
    if not runs:
        return {"seeds": 0}
    return {name: summary([run[name] for run in runs]) for name in names} | {
        "fit_seconds": round(median(run["seconds"] for run in runs), 1),
        "seeds": len(runs),
    }


def tweets_part() -> dict[str, Any]:
    return {
        method: {
            str(texts): scores_of("tweets", method, texts, seeds, options)
            for texts, seeds in sizes_of(method, options).items()
        }
        for method, options in {**TRAINED_ROWS, **FROZEN}.items()
    }


def sizes_of(method: str, options: dict[str, Any]) -> dict[int, int]:
    """Seeds by training texts."""
    if options.get("soft"):
        return SOFT_LABELS
    if teacher := options.get("distilled"):
        return DISTILLED_LABEL_WORDS if teacher == "words" else DISTILLED
    return FEW if method in FROZEN else SIZES


def labels_part() -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for network in ("linear", "bag"):
        for start in ("labels", "xavier"):
            options: dict[str, Any] = {"network": network, "head_init": start, "table": "isolated"}
            if start == "labels":
                options["label_words"] = LABEL_WORDS
            method = f"{network}, {start}"
            figures[method] = {
                str(texts): scores_of("labels", method, texts, 5, options)
                for texts in ((0, 20, 100, 500) if start == "labels" else (20, 100, 500))
            }
    return figures


def tags_part(name: str) -> dict[str, Any]:
    return {
        method: tag_scores_of(name, method, options)
        for method, options in TAGGERS.items()
        if name == "wnut17" or options.get("table") != "inherited"
    }


def tag_scores_of(name: str, method: str, options: dict[str, Any]) -> dict[str, Any]:
    runs = [
        run_once(
            "tags",
            {"data": name, "method": method, "seed": seed, **options},
            partial(tag_score, name, seed, dict(options)),
        )
        for seed in range(TAG_SEEDS)
    ]
    return summary_of(runs, ["f1", "precision", "recall", "unseen"])


def tag_score(name: str, seed: int, options: dict[str, Any]) -> dict[str, Any]:
    train, test = (wg.read_tagged(str(data_file(name, part))) for part in TAGGED[name])
    source = options.pop("table", "isolated")
    layer, others = first_layer(
        lambda: inherited_tags(seed) if source == "inherited" else table_of(name, source), options
    )
    tagger = wg.SequenceTagger(layer, random_state=seed, **others)
    began = time.perf_counter()
    tagger.fit(train.sentences, train.tags)
    seconds = time.perf_counter() - began
    scores = tagger.evaluate(test.sentences, test.tags)
    assert scores.unseen is not None
    return {
        "f1": scores.f1,
        "precision": scores.precision,
        "recall": scores.recall,
        "unseen": scores.unseen.f1,
        "seconds": seconds,
    }


def speed_part(sentences: int = 500, hidden: int = 200, rounds: int = 3) -> dict[str, Any]:
    """Seconds of a BiLSTM-CRF epoch, ours and Flair's alternating, and shares of a step."""
    threads = torch.get_num_threads()
    train = wg.read_tagged(str(data_file("wnut17", "train.conll")))
    words, tags = train.sentences[:sentences], train.tags[:sentences]
    table = table_of("wnut17", "isolated")

    def epoch() -> float:
        def fit(epochs: int) -> float:
            tagger = wg.SequenceTagger(
                table,
                hidden=hidden,
                casing=False,
                training=wg.TrainingSettings(validation_share=0, epochs=epochs),
                random_state=0,
            ).fit(words, tags)
            return tagger.record_.seconds

        return (fit(3) - fit(1)) / 2

    ours, theirs = [], []
    epoch()  # one-time work happens before timing starts
    with TemporaryDirectory() as scratch:
        lines = [
            "\n".join(f"{word}\t{tag}" for word, tag in zip(sentence, its_tags, strict=True))
            for sentence, its_tags in zip(words, tags, strict=True)
        ]
        path = Path(scratch) / "train.conll"
        path.write_text("\n\n".join(lines) + "\n", "utf-8")
        # Every spelling has a row, since Flair looks up words as they are written.
        cased = sorted({word for sentence in words for word in sentence if word.strip()})
        rows = wg.method_of(table).vectors(cased)
        vectors = Path(scratch) / "vectors.txt"
        with vectors.open("w", encoding="utf-8") as file:
            file.write(f"{len(cased)} {table.dims}\n")
            for word, row in zip(cased, rows, strict=True):
                file.write(f"{word} {' '.join(f'{value:.5f}' for value in row)}\n")
        task = {
            "train": str(path),
            "vectors": str(vectors),
            "hidden": hidden,
            "batch_size": 32,
            "threads": threads,
        }
        for _ in range(rounds):
            ours.append(epoch())
            flair = rival("rival_flair.py", task, environment=".venv-flair")
            theirs.append(flair["seconds"])
    return {
        "sentences": sentences,
        "threads": threads,
        "wordgraft_seconds": round(median(ours), 2),
        "flair_seconds": round(median(theirs), 2),
        "ratio": round(median(b / a for a, b in zip(ours, theirs, strict=True)), 2),
        "ratios": [round(b / a, 2) for a, b in zip(ours, theirs, strict=True)],
        "flair": flair["version"],
        "share_of_step_in_forward_and_backward": {
            network: round(step_share(network), 3) for network in ("bag", "bilstm")
        },
    }


def step_share(network: str, texts: int = 2_000) -> float:
    """The share of the epochs' time that goes to the network and its gradient."""
    chosen, labels = (part[:texts] for part in tweets("train"))
    model = TextClassifier(
        table_of("tweets", "isolated"),
        network=network,
        training=wg.TrainingSettings(validation_share=0, epochs=2),
        random_state=0,
    )
    model.fit(chosen[:200], labels[:200])  # one-time work happens before timing starts
    inside = 0.0
    forward, backward = Network.forward, torch.Tensor.backward

    def timed(call: Callable[..., Any]) -> Callable[..., Any]:
        def inner(*arguments: Any, **options: Any) -> Any:
            nonlocal inside
            began = time.perf_counter()
            try:
                return call(*arguments, **options)
            finally:
                inside += time.perf_counter() - began

        return inner

    Network.forward = timed(forward)  # type: ignore[method-assign]
    torch.Tensor.backward = timed(backward)  # type: ignore[method-assign]
    try:
        model.fit(chosen, labels)
    finally:
        Network.forward = forward  # type: ignore[method-assign]
        torch.Tensor.backward = backward  # type: ignore[method-assign]
    return inside / model.record_.seconds


def crf_part(rounds: int = 60) -> dict[str, Any]:
    """Median milliseconds of CPU time: 32 texts of up to 40 words, one thread."""
    return {str(tags): _crf(tags, rounds) for tags in (5, 13, 27)}


def _crf(tags: int, rounds: int, texts: int = 32, longest: int = 40) -> dict[str, Any]:
    from wordgraft.networks.crf import Crf

    torch.set_num_threads(1)
    rng = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, longest + 1, (texts,), generator=rng)
    lengths[0] = longest
    mask = torch.arange(longest) < lengths[:, None]
    emissions = torch.randn(texts, longest, tags, generator=rng).requires_grad_()
    targets = torch.randint(0, tags, (texts, longest), generator=rng)
    crf = Crf(tags)
    steps, decodings = [], []
    for _ in range(rounds + 1):  # the first round is not counted
        began = time.process_time()
        crf.loss(emissions, targets, mask).backward()
        steps.append(time.process_time() - began)
        began = time.process_time()
        with torch.inference_mode():
            crf.decode(emissions, mask)
        decodings.append(time.process_time() - began)
    task = {"threads": 1, "texts": texts, "longest": longest, "tags": tags, "rounds": rounds}
    theirs = rival("rival_crf.py", task, environment=".venv-flair")
    ours = {"step": median(steps[1:]), "decode": median(decodings[1:])}
    return {
        "pytorch-crf": theirs["version"],
        **{
            name: {
                "wordgraft": round(1000 * ours[name], 3),
                "pytorch-crf": round(1000 * theirs[name], 3),
                "ratio": round(ours[name] / theirs[name], 3),
            }
            for name in ours
        },
    }


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "tweets": tweets_part,
    "labels": labels_part,
    **{name: partial(tags_part, name) for name in TAGGED},
    "speed": speed_part,
    "crf": crf_part,
}


def with_earlier(name: str, figures: dict[str, Any]) -> dict[str, Any]:
    """The figures, or earlier ones of more seeds, whose runs are not all stored."""
    path = HERE / "results" / f"networks-{name}.json"
    earlier = json.loads(path.read_text("utf-8")) if path.is_file() else {}

    def with_more_seeds(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
        if "seeds" in new:
            return old if old.get("seeds", 0) > new["seeds"] else new
        return {key: with_more_seeds(value, old.get(key, {})) for key, value in new.items()}

    return with_more_seeds(figures, earlier)


def main() -> None:
    for name in [argument for argument in sys.argv[1:] if argument != FINISHED_ONLY] or PARTS:
        figures = PARTS[name]()
        if name not in ("speed", "crf"):
            figures = with_earlier(name, figures)
        write_result(f"networks-{name}", figures, LIBRARIES)


if __name__ == "__main__":
    main()
