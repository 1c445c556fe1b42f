"""What is recorded of a run."""

from __future__ import annotations

import json
from dataclasses import replace

import torch
from noisy_texts import PLAN, TABLE, train_bag


def test_a_record_is_ready_for_json_and_counts_what_learned() -> None:
    _, record = train_bag(replace(PLAN, epochs=2, validation_share=0.25))
    content = json.loads(json.dumps(record.as_dict()))
    assert content["texts"] + content["validation_texts"] == 120
    assert len(content["losses"]) == len(content["validation_losses"]) == content["epochs"] == 2
    assert content["parameters"] == 8 * 16 + 16 + 16 * 2 + 2 + TABLE.vectors.size
    assert content["versions"]["torch"] == torch.__version__
