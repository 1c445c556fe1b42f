"""A pass as a Ray job: any number of machines, and the table that one machine would make.

Ray Data reads the corpus, as `Corpus` does, and streams its sentences to one sampler per CPU, whose
samples merge in a tree, which is exact. The driver chooses. One encoder per GPU, or else per CPU,
takes shares of the sentences and gives the sums of the rows that occur in them, which are added in
a tree too. Ray tries again what a worker has died of, a few times.

Every machine needs wordgraft, its extras `torch` and `ray`, and the checkpoint and the corpus under
the names that the driver knows them by.
"""

from wordgraft.sources.contextual.ray.cluster import Cluster

__all__ = ["Cluster"]
