"""`lora`: small matrices learn beside the encoder's own, which stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from wordgraft.core.optional import require
from wordgraft.errors import TrainingError
from wordgraft.training.param_groups import depth_of
from wordgraft.training.regularizers.protocol import Guard, Watch


@dataclass(frozen=True)
class Lora(Guard):
    """Each linear layer of the encoder learns a product of two matrices of `rank` (Hu et al. 2022).

    The rest of the rows stays as it is. After training the products are added to the weights, so
    that what is saved is a plain encoder. By peft. Raises `TrainingError` for rows without linear
    layers, and `MissingExtraError` without peft.
    """

    name: ClassVar[str] = "lora"
    range: ClassVar[tuple[float, float]] = (1, 4_096)
    rank: int = 8

    def on(self, network: nn.Module, *, seed: int) -> Watch:
        """Put the adapters beside the linear layers of the rows' transformer."""
        peft = require("peft", purpose="the guard lora")
        rows: Any = network.rows
        targets = [
            name
            for name, module in rows.named_modules()
            if isinstance(module, nn.Linear) and depth_of(network, f"rows.{name}.weight")
        ]
        if not targets:
            raise TrainingError(
                "lora works on the linear layers of the rows, and these rows have none; use it "
                "with network 'encoder'"
            )
        config = peft.LoraConfig(
            r=self.rank, lora_alpha=2 * self.rank, target_modules=targets, lora_dropout=0.0
        )
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            peft.inject_adapter_in_model(config, rows)
        return _Merge(rows)


class _Merge(Watch):
    def __init__(self, rows: nn.Module) -> None:
        self.rows = rows

    def may_learn(self, name: str) -> bool:
        return "lora_" in name

    def end(self) -> None:
        layer_kind = require("peft.tuners.tuners_utils", purpose="the guard lora").BaseTunerLayer
        adapted = [(name, each) for name, each in self.rows.named_modules()]
        for name, module in adapted:
            if isinstance(module, layer_kind):
                module.merge()
                parent, _, own = name.rpartition(".")
                setattr(self.rows.get_submodule(parent), own, module.get_base_layer())
        self.rows.requires_grad_(True)
