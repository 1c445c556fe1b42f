"""The frameworks that a table is grafted onto, under one set of verbs, for the tests they share."""

from __future__ import annotations

import pickle
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy import ndarray

from wordgraft.grafts import RowSubset
from wordgraft.table import EmbeddingTable


class Framework:
    """What the shared tests ask of a framework; `layer` is one that the graft made."""

    module: ClassVar[str]
    # What an id that names no row raises, as it stands and compiled.
    errors: ClassVar[tuple[type[Exception], ...]] = (IndexError,)
    low_precision: ClassVar[Any] = "bfloat16"

    @property
    def graft(self) -> Any:
        return import_module(f"wordgraft.grafts.{self.module}")

    def layer(self, table: EmbeddingTable, **options: Any) -> Any:
        return self.graft.embedding(table, **options)

    def call(self, layer: Any, ids: ndarray) -> ndarray:
        raise NotImplementedError

    def compiled(self, layer: Any, ids: ndarray) -> ndarray:
        """As `call`, through the framework's compiler."""
        raise NotImplementedError

    def learns(self, layer: Any) -> bool:
        """Whether the framework counts the rows among what can learn."""
        raise NotImplementedError

    def gradient(self, layer: Any, ids: ndarray) -> ndarray:
        """(rows, dims): of the sum of the layer's output."""
        raise NotImplementedError

    def train(self, layer: Any, ids: ndarray) -> None:
        """Three steps of Adam, rate 0.1, on the sum of squares of the layer's output."""
        raise NotImplementedError

    def saved(self, layer: Any, path: Path) -> Any:
        """The layer, written in the framework's own way and read again."""
        raise NotImplementedError

    def write_back(
        self, table: EmbeddingTable, layer: Any, *, row_subset: RowSubset | None = None
    ) -> EmbeddingTable:
        found: EmbeddingTable = self.graft.write_back(table, layer, row_subset=row_subset)
        return found


class Numpy(Framework):
    """`table.vectors` as it is, which has no layer: indexing alone."""

    def layer(self, table: EmbeddingTable, **options: Any) -> Any:
        return table.rows()

    def call(self, layer: Any, ids: ndarray) -> ndarray:
        rows: ndarray = layer[ids]
        return rows


class Torch(Framework):
    module = "torch"

    @property
    def low_precision(self) -> Any:  # type: ignore[override]
        return import_module("torch").bfloat16

    def call(self, layer: Any, ids: ndarray) -> ndarray:
        rows: ndarray = layer(_tensor(ids)).detach().float().numpy()
        return rows

    def compiled(self, layer: Any, ids: ndarray) -> ndarray:
        import torch

        # What needs no C++ compiler; test_torch.py has the rest.
        compiled = torch.compile(layer, backend="aot_eager")
        rows: ndarray = compiled(_tensor(ids)).detach().numpy()
        return rows

    def learns(self, layer: Any) -> bool:
        return any(parameter.requires_grad for parameter in layer.parameters())

    def gradient(self, layer: Any, ids: ndarray) -> ndarray:
        layer(_tensor(ids)).sum().backward()
        gradient: ndarray = layer.weight.grad.numpy()
        return gradient

    def train(self, layer: Any, ids: ndarray) -> None:
        import torch

        optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            loss = layer(_tensor(ids)).square().sum()
            if loss.requires_grad:
                loss.backward()
            optimizer.step()

    def saved(self, layer: Any, path: Path) -> Any:
        import torch

        torch.save(layer.state_dict(), path)
        empty = torch.nn.Embedding(*layer.weight.shape, padding_idx=0)
        empty.load_state_dict(torch.load(path))
        return empty


class Keras(Framework):
    module = "keras"

    @property
    def errors(self) -> tuple[type[Exception], ...]:  # type: ignore[override]
        backend = _keras().backend.backend()
        if backend == "tensorflow":
            return (import_module("tensorflow").errors.InvalidArgumentError,)
        if backend == "jax":
            return (ValueError, import_module("jax").errors.JaxRuntimeError)
        return (IndexError,)

    def call(self, layer: Any, ids: ndarray) -> ndarray:
        ops = _keras().ops
        rows: ndarray = ops.convert_to_numpy(ops.cast(layer(ids), "float32"))
        return rows

    def compiled(self, layer: Any, ids: ndarray) -> ndarray:
        rows: ndarray = _model(layer).predict(ids, verbose=0)
        return rows

    def learns(self, layer: Any) -> bool:
        return bool(layer.trainable_variables)

    def gradient(self, layer: Any, ids: ndarray) -> ndarray:
        backend = _keras().backend.backend()
        if backend == "tensorflow":
            import tensorflow as tf

            with tf.GradientTape() as tape:
                total = tf.reduce_sum(layer(ids))
            return np.array(tf.convert_to_tensor(tape.gradient(total, layer.embeddings.value)))
        if backend == "jax":
            import jax

            def total_of(rows: Any) -> Any:
                return layer.stateless_call([rows], [], ids)[0].sum()

            return np.array(jax.grad(total_of)(layer.embeddings.value))
        layer(ids).sum().backward()
        gradient: ndarray = layer.embeddings.value.grad.numpy()
        return gradient

    def train(self, layer: Any, ids: ndarray) -> None:
        keras = _keras()
        model = _model(layer)
        model.compile(
            keras.optimizers.Adam(0.1, epsilon=1e-8),
            loss=lambda _, found: keras.ops.sum(found**2),
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The model does not have any trainable weights")
            for _ in range(3):
                model.train_on_batch(ids, np.zeros((len(ids), 1)))

    def saved(self, layer: Any, path: Path) -> Any:
        path = path.with_suffix(".keras")
        _model(layer).save(path)
        return _keras().saving.load_model(path).layers[-1]


class Nnx(Framework):
    module = "nnx"

    @property
    def errors(self) -> tuple[type[Exception], ...]:  # type: ignore[override]
        return (ValueError, import_module("jax").errors.JaxRuntimeError)

    def call(self, layer: Any, ids: ndarray) -> ndarray:
        return np.asarray(layer(ids), np.float32)

    def compiled(self, layer: Any, ids: ndarray) -> ndarray:
        from flax import nnx

        return np.asarray(nnx.jit(lambda module, some: module(some))(layer, ids))

    def learns(self, layer: Any) -> bool:
        from flax import nnx

        return bool(nnx.state(layer, nnx.Param))

    def gradient(self, layer: Any, ids: ndarray) -> ndarray:
        from flax import nnx

        return np.asarray(nnx.grad(lambda module: module(ids).sum())(layer).embedding[...])

    def train(self, layer: Any, ids: ndarray) -> None:
        import optax
        from flax import nnx

        optimizer = nnx.Optimizer(layer, optax.adam(0.1), wrt=nnx.Param)
        for _ in range(3):
            gradients = nnx.grad(lambda module: (module(ids) ** 2).sum())(layer)
            optimizer.update(layer, gradients)

    def saved(self, layer: Any, path: Path) -> Any:
        from flax import nnx

        graph, state = nnx.split(layer)
        path.write_bytes(pickle.dumps(nnx.to_pure_dict(state)))
        nnx.replace_by_pure_dict(state, pickle.loads(path.read_bytes()))
        return nnx.merge(graph, state)


FRAMEWORKS: dict[str, Framework] = {
    "numpy": Numpy(),
    "torch": Torch(),
    "keras": Keras(),
    "nnx": Nnx(),
}


def _tensor(ids: ndarray) -> Any:
    return import_module("torch").from_numpy(ids)


def _keras() -> Any:
    return import_module("keras")


def _model(layer: Any) -> Any:
    keras = _keras()
    return keras.Sequential([keras.Input((None,), dtype="int32"), layer])
