"""The version of wordgraft, where files and records that name it read it."""

__version__ = "0.1.0"
