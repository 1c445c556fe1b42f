"""A table as the first layer of a network. One file a framework, the same verbs in each.

    embedding(table, trainable=...)    a layer of the framework whose row `i` is the table's row `i`
    write_back(table, layer)           the table with a trained layer's rows in place of its own

`padded_ids` makes the ids of texts that any of these layers takes, `encoder_inputs` those of a
whole encoder.
"""

from wordgraft.grafts.padding import encoder_inputs, padded_ids
from wordgraft.grafts.row_subset import SeenRows

__all__ = ["SeenRows", "encoder_inputs", "padded_ids"]
