"""A table as the first layer of a network. One file a framework, the same verbs in each."""

from wordgraft.grafts.seen import SeenRows

__all__ = ["SeenRows"]
