"""The embedding matrix of a network that exists: the caller's words, ids and layer.

embedding_matrix(checkpoint, words)      vectors in the order of the caller's ids
graft(model, name, checkpoint, words)    the same, put into the named layer of a model
"""

from wordgraft.matrix.embedding_matrix import EmbeddingMatrix, embedding_matrix
from wordgraft.matrix.graft import graft, unfreeze
from wordgraft.matrix.report import MatrixReport

__all__ = ["EmbeddingMatrix", "MatrixReport", "embedding_matrix", "graft", "unfreeze"]
