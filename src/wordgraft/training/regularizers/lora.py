"""`lora`: the encoder's weights stay as they are; small matrices beside them learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from wordgraft.core.optional import require
from wordgraft.errors import TrainingError
from wordgraft.training.param_groups import depth_of
from wordgraft.training.regularizers.protocol import AppliedRegularizer, Regularizer

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Lora(Regularizer):
    """Each linear layer of the encoder learns a product of two matrices of `rank` (Hu et al. 2022).

    All other weights of the encoder stay as they are. After training, the products are added to
    the weights, so that a plain encoder is saved. Uses peft.
    """

    name: ClassVar[str] = "lora"
    range: ClassVar[tuple[float, float]] = (1, 4_096)
    rank: int = 8

    def apply(self, network: nn.Module, *, seed: int) -> AppliedRegularizer:
        """Add adapters to the linear layers of the rows' transformer.

        Raises `TrainingError` if the rows have no linear layers, `MissingExtraError` without peft.
        """
        torch = require("torch", purpose="the regularizer lora")
        peft = require("peft", purpose="the regularizer lora")
        rows: Any = network.rows
        targets = [
            name
            for name, module in rows.named_modules()
            if isinstance(module, torch.nn.Linear) and depth_of(network, f"rows.{name}.weight")
        ]
        if not targets:
            raise TrainingError(
                "the regularizer lora needs an encoder with linear layers as first layer; "
                "these rows have none"
            )
        config = peft.LoraConfig(
            r=self.rank, lora_alpha=2 * self.rank, target_modules=targets, lora_dropout=0.0
        )
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            peft.inject_adapter_in_model(config, rows)
        return _Adapters(rows)


class _Adapters(AppliedRegularizer):
    def __init__(self, rows: nn.Module) -> None:
        self.rows = rows

    def may_learn(self, name: str) -> bool:
        return "lora_" in name

    def end(self) -> None:
        tuners = require("peft.tuners.tuners_utils", purpose="the regularizer lora")
        for name, module in [*self.rows.named_modules()]:
            if isinstance(module, tuners.BaseTunerLayer):
                module.merge()
                parent, _, attribute = name.rpartition(".")
                setattr(self.rows.get_submodule(parent), attribute, module.get_base_layer())
        self.rows.requires_grad_(True)
