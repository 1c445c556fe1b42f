"""All errors that wordgraft raises on purpose, as one tree.

    WordgraftError
    ├── CheckpointError            the folder, hub id or package is not a usable checkpoint
    │   ├── PickleRefusedError     weights are pickled; reading them could run code
    │   └── RemoteCodeError        the checkpoint requires custom code
    ├── VocabularyError            words, counts or roles do not make a vocabulary
    ├── TableError                 a table is damaged, or lacks what is needed
    │   └── MissingWordError       a word has no row (also a KeyError)
    ├── DataError                  texts, labels or pairs cannot be used (also a ValueError)
    ├── TrainingError              a training run cannot start or has failed
    │   └── SettingsError      arguments that make no sense together (also a ValueError)
    ├── ProgressError              saved progress is damaged, or belongs to another run
    ├── ClusterError               a Ray cluster cannot be reached, or lost its workers
    ├── OutputError                a result cannot be written: it exists, disk full, no permission
    └── MissingExtraError          an optional library is not installed (also an ImportError)

Each message says what was found, what was expected and what to do. The command line prints it
without a traceback and exits with 1.
"""

from __future__ import annotations


class WordgraftError(Exception):
    """Root of all errors that wordgraft raises on purpose.

    >>> import wordgraft as wg
    >>> try:
    ...     wg.open_checkpoint("./nowhere")
    ... except wg.WordgraftError as error:
    ...     print(type(error).__name__, "-", str(error)[:28])
    CheckpointError - there is no folder ./nowhere
    """


class CheckpointError(WordgraftError):
    """A checkpoint is missing, incomplete, damaged, or of an unknown architecture."""


class PickleRefusedError(CheckpointError):
    """The only weights are pickled, and the caller has not allowed reading them."""


class RemoteCodeError(CheckpointError):
    """The checkpoint requires custom code, which wordgraft never runs."""


class VocabularyError(WordgraftError):
    """Words, counts or roles do not make a vocabulary."""


class TableError(WordgraftError):
    """A table is damaged or does not have what is needed."""


class MissingWordError(TableError, KeyError):
    """A word has no row in a table."""

    def __str__(self) -> str:
        # A KeyError would show its message in quotation marks.
        return str(self.args[0]) if self.args else ""


class DataError(WordgraftError, ValueError):
    """Texts, labels or word pairs cannot be used as they are."""


class TrainingError(WordgraftError):
    """A training run cannot start, or its loss is no longer a number."""


class SettingsError(TrainingError, ValueError):
    """Arguments of an estimator make no sense, alone or together; all faults are listed."""


class ProgressError(WordgraftError):
    """Saved progress is damaged, or belongs to another run."""


class ClusterError(WordgraftError):
    """A Ray cluster cannot be reached, lacks what is needed, or lost workers too often."""


class OutputError(WordgraftError):
    """A result cannot be written; what was there before is unchanged."""


class MissingExtraError(WordgraftError, ImportError):
    """An optional library is needed and not installed."""


def first_line(error: BaseException) -> str:
    """The first line of another library's error message, or its type if it has no message."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
