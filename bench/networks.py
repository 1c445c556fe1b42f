"""Networks on grafted rows and on frozen features: what they reach, with how many texts, how fast.

    python bench/networks.py tweets|labels|wnut17|sec_filings|uner_ewt|speed|crf ...

Tweets: macro-F1 on the 2,388 validation texts of the financial tweets, which chose nothing.
Labels: the same, of heads that start from the classes' words and of Xavier's, with 0 to 500 texts.
WNUT-17, SEC filings, EWT: strict entity F1 on the test sentences.
Speed: an epoch beside Flair's, and how much of a step is forward and backward.
CRF: a training step and decoding of the CRF alone, beside pytorch-crf.

Each part writes bench/results/networks-PART.json; runs are kept as they end (bench/runs.py), and
`--ended` sums up those that ended.
Tables are made from the training texts alone, whose labels are not read for it.
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
from common import DATA, ENCODER, HERE, rival, summary, write_result
from runs import ENDED_ONLY, kept
from sklearn.metrics import f1_score
from tuned import LABEL_WORDS, TWEETS, drawn, soft_labels, tuned, tuned_tagger, tweets

import wordgraft as wg
from wordgraft.estimators.classifier import TextClassifier
from wordgraft.estimators.first_layers import FirstLayer
from wordgraft.networks import Network
from wordgraft.sources import Contextual, Source
from wordgraft.table import EmbeddingTable

LIBRARIES = ("wordgraft", "torch", "transformers", "scikit-learn")
TABLES = HERE / ".kept" / "tables"
# Seeds by training texts, of networks whose rows learn and of frozen ones, which are quick.
ALL = 9_543
SIZES = {500: 5, 2_000: 5, ALL: 5}
FEW = {100: 5, 500: 5, 2_000: 5}
# With all texts none is left for distillation; soft labels need many.
DISTILLED, DISTILLED_BY_WORDS, SOFT = {500: 5, 2_000: 5}, {100: 3}, {ALL: 5}
# What each method is, beside the seed. `inherited` is a contextual table of the encoder that was
# fine-tuned on the method's own training texts. `distilled` also learns that encoder's predictions
# for the other training texts, whose labels are not read; by words, those of an encoder whose head
# started from the labels' words. `soft labels` are half of what is learned: the predictions of
# encoders that were fine-tuned on three quarters of the training texts, for the fourth.
STATIC: dict[str, dict[str, Any]] = {
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
# Words of an inherited table, and contexts of each: its cost is the encoder's. All words and ten
# contexts were worth no more: 0.717 and 0.711 with 2,000 texts, on 3,000 other training tweets.
WORDS, CONTEXTS = 8_000, 4
TAGGED = {
    "wnut17": ("train.conll", "test.conll"),
    "sec_filings": ("train.conll", "test.conll"),
    "uner_ewt": ("train.iob2", "test.iob2"),
}
# The encoder computes out-of-vocabulary words, as it did those of the table.
TAGGERS: dict[str, dict[str, Any]] = {
    "features, bilstm-crf": {"network": "features", "letters": True},
    "bilstm-crf, isolated": {"letters": True, "oov": "encoder"},
    "bilstm-crf, inherited": {"letters": True, "oov": "encoder", "table": "inherited"},
    "bilstm-crf, random": {"letters": True, "init": "random", "regime": "embeddings"},
}
TAG_SEEDS = {"wnut17": 3, "sec_filings": 3, "uner_ewt": 3}


@cache
def table_of(name: str, source: str) -> EmbeddingTable:
    """A table of the training words of a data set, made once and kept."""
    path = TABLES / f"{name}-{source}"
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        checkpoint = wg.open_checkpoint(ENCODER)
        texts = training_texts(name)
        vocabulary = wg.Vocabulary.from_texts(texts, checkpoint)
        made_by: Source | str = source
        if source == "contextual":
            corpus = TABLES / f"{name}.txt"
            corpus.write_text("\n".join(" ".join(text.split()) for text in texts), "utf-8")
            made_by = Contextual(corpus)
        wg.build_table(checkpoint, vocabulary, source=made_by).save(path)
    return EmbeddingTable.load(path)


def training_texts(name: str) -> list[str]:
    if name == "tweets":
        return [str(text) for text in tweets("train")[0]]
    tagged = wg.read_tagged(str(DATA / name / TAGGED[name][0]))
    return [" ".join(words) for words in tagged.sentences]


def inherited(seed: int, texts: int) -> EmbeddingTable:
    """A table of the encoder fine-tuned on the same texts, from unlabelled ones too."""
    path = TABLES / f"inherited-{texts}-{seed}"
    if not path.is_dir():
        checkpoint = wg.open_checkpoint(tuned(texts, seed)[0])
        vocabulary = wg.Vocabulary.from_texts(training_texts("tweets"), checkpoint, max_words=WORDS)
        wg.build_table(
            checkpoint,
            vocabulary,
            source=Contextual(TWEETS / "train.csv", contexts=CONTEXTS),
        ).save(path)
    return EmbeddingTable.load(path)


def inherited_tags(seed: int) -> EmbeddingTable:
    """An isolated table of the encoder fine-tuned on the training sentences of WNUT-17."""
    path = TABLES / f"inherited-wnut17-{seed}"
    if not path.is_dir():
        checkpoint = wg.open_checkpoint(tuned_tagger(seed)[0])
        vocabulary = wg.Vocabulary.from_texts(training_texts("wnut17"), checkpoint)
        wg.build_table(checkpoint, vocabulary, source="isolated").save(path)
    return EmbeddingTable.load(path)


def classifier(seed: int, texts: int, **arguments: Any) -> TextClassifier:
    source = arguments.pop("table", "isolated")
    words = arguments.pop("label_words", None)
    if arguments.get("head_init") == "labels":
        arguments["head_init"] = words
    layer, more = first_layer(
        lambda: inherited(seed, texts) if source == "inherited" else table_of("tweets", source),
        arguments,
    )
    return TextClassifier(layer, random_state=seed, **more)


def first_layer(
    table: Callable[[], EmbeddingTable], method: dict[str, Any]
) -> tuple[FirstLayer, dict[str, Any]]:
    """The first layer of an method, and the arguments that are not the layer's."""
    more = dict(method)
    if more.get("network") == "features":
        del more["network"]
        return wg.FrozenEncoder(ENCODER, layers=more.pop("layers", "auto")), more
    layer = wg.TableRows(
        table(),
        oov=more.pop("oov", None),
        start=more.pop("init", "table"),
        trainable={"embeddings": True, "frozen": False, None: "auto"}[more.pop("regime", None)],
    )
    return layer, more


def score(seed: int, texts: int, **arguments: Any) -> dict[str, Any]:
    """Train on some of the tweets, drawn by the seed, and test on the validation split."""
    test, truth = tweets("valid")
    train, labels = drawn(texts, seed)
    if not texts:  # the labels' words alone; texts only say which labels there are
        train, labels = drawn(50, seed)
        arguments["training"] = wg.TrainingSettings(epochs=0)
    unlabelled = None
    soft = soft_labels(texts, seed) if arguments.pop("soft", False) else None
    if how := arguments.pop("distilled", False):
        arguments["teacher"] = tuned(texts, seed, words=how == "words")[0]
        everything, _ = tweets("train")
        unlabelled = sorted(set(everything) - set(train))
    model = classifier(seed, texts, **arguments)
    began = time.perf_counter()
    model.fit(train, labels, unlabelled=unlabelled, soft_labels=soft)
    seconds = time.perf_counter() - began
    predicted = model.predict(test)
    return {"macro_f1": f1_score(truth, predicted, average="macro"), "seconds": seconds}


def measured(
    bench: str, name: str, texts: int, seeds: int, method: dict[str, Any]
) -> dict[str, Any]:
    runs = [
        run
        for seed in range(seeds)
        if (
            run := kept(
                bench,
                {"method": name, "texts": texts, "seed": seed, **method},
                lambda seed=seed: score(seed, texts, **method),  # type: ignore[misc]
            )
        )
    ]
    return summed_up(runs, ["macro_f1"])


def summed_up(runs: list[dict[str, Any]], names: list[str]) -> dict[str, Any]:
    """Mean and spread of some figures over the runs that there are."""
    if not runs:
        return {"seeds": 0}
    return {name: summary([run[name] for run in runs]) for name in names} | {
        "fit_seconds": round(median(run["seconds"] for run in runs), 1),
        "seeds": len(runs),
    }


def tweets_part() -> dict[str, Any]:
    return {
        name: {
            str(texts): measured("tweets", name, texts, seeds, method)
            for texts, seeds in sizes_of(name, method).items()
        }
        for name, method in {**STATIC, **FROZEN}.items()
    }


def sizes_of(name: str, method: dict[str, Any]) -> dict[int, int]:
    """Seeds by training texts."""
    if method.get("soft"):
        return SOFT
    if teacher := method.get("distilled"):
        return DISTILLED_BY_WORDS if teacher == "words" else DISTILLED
    return FEW if name in FROZEN else SIZES


def labels_part() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for network in ("linear", "bag"):
        for start in ("labels", "xavier"):
            method: dict[str, Any] = {"network": network, "head_init": start, "table": "isolated"}
            if start == "labels":
                method["label_words"] = LABEL_WORDS
            sizes = (0, 20, 100, 500) if start == "labels" else (20, 100, 500)
            found[f"{network}, {start}"] = {
                str(texts): measured("labels", f"{network}, {start}", texts, 5, method)
                for texts in sizes
            }
    return found


def tags_part(name: str) -> dict[str, Any]:
    seeds = TAG_SEEDS[name]
    return {
        method: tagged(name, method, seeds, dict(options))
        for method, options in TAGGERS.items()
        if name == "wnut17" or options.get("table") != "inherited"
    }


def tagged(name: str, method: str, seeds: int, options: dict[str, Any]) -> dict[str, Any]:
    runs = [
        run
        for seed in range(seeds)
        if (
            run := kept(
                "tags",
                {"data": name, "method": method, "seed": seed, **options},
                lambda seed=seed: tag_score(name, seed, dict(options)),  # type: ignore[misc]
            )
        )
    ]
    return summed_up(runs, ["f1", "precision", "recall", "unseen"])


def tag_score(name: str, seed: int, options: dict[str, Any]) -> dict[str, Any]:
    train, test = (wg.read_tagged(str(DATA / name / part)) for part in TAGGED[name])
    source = options.pop("table", "isolated")
    layer, more = first_layer(
        lambda: inherited_tags(seed) if source == "inherited" else table_of(name, source), options
    )
    tagger = wg.SequenceTagger(layer, random_state=seed, **more)
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
    """Seconds of a BiLSTM-CRF epoch, ours and Flair's in turns; medians, and share of a step."""
    threads = torch.get_num_threads()
    train = wg.read_tagged(str(DATA / "wnut17" / "train.conll"))
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

    ours, flairs = [], []
    epoch()  # what is done once is done before the clock runs
    with TemporaryDirectory() as scratch:
        lines = [
            "\n".join(f"{word}\t{tag}" for word, tag in zip(one, two, strict=True))
            for one, two in zip(words, tags, strict=True)
        ]
        path = Path(scratch) / "train.conll"
        path.write_text("\n\n".join(lines) + "\n", "utf-8")
        # Each spelling has a row, since Flair looks words up as they stand.
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
            found = rival("rival_flair.py", task, environment=".venv-flair")
            flairs.append(found["seconds"])
    return {
        "sentences": sentences,
        "threads": threads,
        "wordgraft_seconds": round(median(ours), 2),
        "flair_seconds": round(median(flairs), 2),
        "ratio": round(median(b / a for a, b in zip(ours, flairs, strict=True)), 2),
        "ratios": [round(b / a, 2) for a, b in zip(ours, flairs, strict=True)],
        "flair": found["version"],
        "share_of_step_in_forward_and_backward": {
            network: round(step_share(network), 3) for network in ("bag", "bilstm")
        },
    }


def step_share(network: str, texts: int = 2_000) -> float:
    """How much of the epochs' time goes to the network and its gradient, and not to all else."""
    chosen, labels = (part[:texts] for part in tweets("train"))
    model = TextClassifier(
        table_of("tweets", "isolated"),
        network=network,
        training=wg.TrainingSettings(validation_share=0, epochs=2),
        random_state=0,
    )
    model.fit(chosen[:200], labels[:200])  # what is done once is done before the clock runs
    spent = {"inside": 0.0}
    forward, backward = Network.forward, torch.Tensor.backward

    def timed(call: Callable[..., Any]) -> Callable[..., Any]:
        def inner(*arguments: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return call(*arguments, **options)
            finally:
                spent["inside"] += time.perf_counter() - began

        return inner

    Network.forward = timed(forward)  # type: ignore[method-assign]
    torch.Tensor.backward = timed(backward)  # type: ignore[method-assign]
    try:
        model.fit(chosen, labels)
    finally:
        Network.forward = forward  # type: ignore[method-assign]
        torch.Tensor.backward = backward  # type: ignore[method-assign]
    return spent["inside"] / model.record_.seconds


def crf_part(rounds: int = 60) -> dict[str, Any]:
    """Median milliseconds of the processor: 32 texts of up to 40 words, one thread."""
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


def with_earlier(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """Figures of more seeds than there are runs here stay: their runs were not kept."""
    path = HERE / "results" / f"networks-{name}.json"
    before = json.loads(path.read_text("utf-8")) if path.is_file() else {}

    def better(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
        if "seeds" in new:
            return old if old.get("seeds", 0) > new["seeds"] else new
        return {key: better(value, old.get(key, {})) for key, value in new.items()}

    return better(found, before)


def main() -> None:
    for name in [each for each in sys.argv[1:] if each != ENDED_ONLY] or PARTS:
        found = PARTS[name]()
        if name not in ("speed", "crf"):
            found = with_earlier(name, found)
        write_result(f"networks-{name}", found, LIBRARIES)


if __name__ == "__main__":
    main()
