"""Spaces of vectors joined: one mapped onto another, or several side by side.

align(table, onto=other)      a table's vectors in the space of another
concatenate(first, second)    the vectors of both, one after the other
"""

from wordgraft.spaces.alignment import Alignment, align
from wordgraft.spaces.concatenation import concatenate

__all__ = ["Alignment", "align", "concatenate"]
