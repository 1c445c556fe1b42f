"""One tree of errors."""

from __future__ import annotations

import inspect

from wordgraft import errors
from wordgraft.errors import WordgraftError, first_line


def test_every_error_is_in_the_tree_and_in_its_drawing() -> None:
    classes = [value for _, value in inspect.getmembers(errors, inspect.isclass)]
    assert len(classes) > 5
    for error in classes:
        assert issubclass(error, WordgraftError)
        assert error.__name__ in str(errors.__doc__)
    assert issubclass(errors.DataError, ValueError)
    assert issubclass(errors.MissingExtraError, ImportError)


def test_the_first_line_of_an_error() -> None:
    assert first_line(ValueError("\n one\ntwo")) == "one"
    assert first_line(KeyboardInterrupt()) == "KeyboardInterrupt"
