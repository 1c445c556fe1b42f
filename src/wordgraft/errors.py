"""Every error wordgraft raises on purpose, as one tree.

    WordgraftError
    ├── CheckpointError            the folder, hub id or package is no usable checkpoint
    │   ├── PickleRefusedError     weights are pickled; reading them could run code
    │   └── RemoteCodeError        the checkpoint wants code of its own to be run
    ├── VocabularyError            words, counts or roles that contradict each other
    ├── TableError                 a table that is damaged, or asked for what it lacks
    ├── DataError                  texts, labels or pairs that cannot be used (also a ValueError)
    ├── TrainingError              a run that cannot start or came to nothing
    │   └── SettingsError      arguments that make no sense together (also a ValueError)
    ├── ProgressError              kept progress is damaged, or of another run than this one
    ├── ClusterError               a Ray cluster cannot be reached, or lost its workers
    ├── OutputError                the result cannot be written: exists, disk full, no permission
    └── MissingExtraError          an optional library is not installed (also an ImportError)

Each message names what was found, what was expected and what to do. The command line prints it
without a traceback and exits with 1.
"""

from __future__ import annotations


class WordgraftError(Exception):
    """Root of all errors that wordgraft raises on purpose."""


class CheckpointError(WordgraftError):
    """A checkpoint is missing, incomplete, damaged, or of an unknown architecture."""


class PickleRefusedError(CheckpointError):
    """The only weights are pickled, and the caller has not allowed reading them."""


class RemoteCodeError(CheckpointError):
    """The checkpoint asks for code of its own to be run; wordgraft never does that."""


class VocabularyError(WordgraftError):
    """Words, counts or roles do not make a vocabulary."""


class TableError(WordgraftError):
    """A table is damaged or is asked for something it does not hold."""


class DataError(WordgraftError, ValueError):
    """Texts, labels or word pairs cannot be used as they are."""


class TrainingError(WordgraftError):
    """A training run cannot start, or its numbers came to nothing."""


class SettingsError(TrainingError, ValueError):
    """Arguments of an estimator make no sense, alone or together; all faults are listed."""


class ProgressError(WordgraftError):
    """The progress that was kept is damaged, or belongs to another run than this one."""


class ClusterError(WordgraftError):
    """A Ray cluster cannot be reached, has not what is needed, or lost workers too often."""


class OutputError(WordgraftError):
    """A result cannot be written; what stood there before is untouched."""


class MissingExtraError(WordgraftError, ImportError):
    """An optional library is needed and not installed."""


def first_line(error: BaseException) -> str:
    """What to quote of another library's error."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
