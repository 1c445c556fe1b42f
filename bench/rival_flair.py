"""Flair's part of bench/networks.py; runs in bench/.venv-flair. One JSON task on standard input.

Seconds of an epoch of its `SequenceTagger`, a BiLSTM-CRF with the same vectors, width and batch
size. An epoch is half the difference between three epochs and one, which leaves out the set-up.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def main() -> None:
    task = json.load(sys.stdin)
    import flair
    import torch
    from flair.data import Corpus
    from flair.datasets import ColumnDataset
    from flair.embeddings import WordEmbeddings
    from flair.models import SequenceTagger
    from flair.trainers import ModelTrainer

    logging.getLogger("flair").setLevel(logging.ERROR)
    flair.device = torch.device("cpu")
    torch.set_num_threads(task["threads"])

    def seconds(epochs: int) -> float:
        flair.set_seed(0)
        data: Any = ColumnDataset(task["train"], {0: "text", 1: "ner"})
        corpus: Any = Corpus(train=data, sample_missing_splits=False)
        tags = corpus.make_label_dictionary("ner", add_unk=False)
        tagger = SequenceTagger(
            WordEmbeddings(task["vectors"]),
            tags,
            "ner",
            hidden_size=task["hidden"],
            tag_format="BIO",
            reproject_embeddings=False,
        )
        with TemporaryDirectory() as scratch:
            began = time.perf_counter()
            ModelTrainer(tagger, corpus).train(
                Path(scratch),
                mini_batch_size=task["batch_size"],
                max_epochs=epochs,
                save_final_model=False,
                create_file_logs=False,
                create_loss_file=False,
                embeddings_storage_mode="none",
            )
            return time.perf_counter() - began

    seconds(1)  # one-time work happens before timing starts
    an_epoch = (seconds(3) - seconds(1)) / 2
    print(json.dumps({"seconds": an_epoch, "version": version("flair")}))


if __name__ == "__main__":
    main()
