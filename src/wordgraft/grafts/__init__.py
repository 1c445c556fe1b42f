"""A table as the first layer of a network. One file per framework, with the same functions in each.

    embedding(table, trainable=...)    a layer of the framework whose row `i` is the table's row `i`
    write_back(table, layer)           the table with its rows replaced by a trained layer's

`padded_ids` turns texts into the ids that all these layers take, `encoder_inputs` into those that
a whole encoder takes.
"""

from wordgraft.grafts.padding import encoder_inputs, padded_ids
from wordgraft.grafts.row_subset import RowSubset

__all__ = ["RowSubset", "encoder_inputs", "padded_ids"]
