"""Trained models as single `.onnx` files: written beside PyTorch, run without it."""

from wordgraft.export.onnx.model import OnnxModel

__all__ = ["OnnxModel"]
