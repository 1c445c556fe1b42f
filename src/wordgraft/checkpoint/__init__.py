"""Pretrained encoders: finding, reading and running them."""

from wordgraft.checkpoint.architectures import ARCHITECTURES, Architecture
from wordgraft.checkpoint.checkpoint import Checkpoint, open_checkpoint

__all__ = ["ARCHITECTURES", "Architecture", "Checkpoint", "open_checkpoint"]
