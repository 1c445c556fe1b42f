"""Trained models as single `.onnx` files, written and run without PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wordgraft.export.onnx.model import OnnxModel

if TYPE_CHECKING:
    from wordgraft.export.onnx.export import export_onnx

__all__ = ["OnnxModel", "export_onnx"]


def __getattr__(name: str) -> Any:
    # Loaded when it is used, since running a model needs no estimators.
    if name != "export_onnx":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wordgraft.export.onnx.export import export_onnx

    return export_onnx
