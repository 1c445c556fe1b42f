"""Messages in the words of the command line: the library's errors name Python's arguments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

# Python's names of what a command takes under another name.
_OTHER_NAMES = {"tag": "label", "token": "text", "format": "from_format", "progress": "quiet"}
# Values that hold settings of their own: how a command names these.
_PREFIXES = {"TrainingSettings": "training__", "MethodSettings": ""}
_ARGUMENT = re.compile(
    rf"(?:\b(?P<owner>{'|'.join(_PREFIXES)})\()?"
    r"\b(?P<name>[a-z_]+)=(?P<value>True|False|None|\.\.\.|'[^'\n]*'|\d+)"
    r"(?(owner)\)|(?!\w|\.\d))"
)
_ENTRY_ROLE = re.compile(r"special=\{(?P<entry>[^:}]+): '(?P<role>\w+)'\}")
_LABEL_WORDS = re.compile(r"head_init=\{'(?P<label>[^']*)': \[(?P<words>[^]]*)\]\}")
_FROM_TEXTS = re.compile(r"\bVocabulary\.from_texts\b(?!\()")


class OptionSpelling(NamedTuple):
    """How a command spells an argument: its option, and what stands for True and for False."""

    option: str
    true: str
    false: str | None = None


@dataclass(frozen=True)
class OptionNames:
    """How a command spells Python's arguments.

    >>> names = OptionNames({"resume": OptionSpelling("--resume", "--resume", "--no-resume")})
    >>> names.translate("continue with resume=True, or start over with resume=False")
    'continue with --resume, or start over with --no-resume'

    An argument that the command lacks stays as it is, since only Python can set it:

    >>> names.translate("give allow_pickle=True")
    'give allow_pickle=True'
    """

    spellings: Mapping[str, OptionSpelling]

    @classmethod
    def of(cls, parameters: Iterable[Any]) -> OptionNames:
        """The names of the parameters of a typer command."""
        spellings = {}
        for parameter in parameters:
            if parameter.param_type_name == "argument":
                name = parameter.metavar or parameter.name.upper()
                spellings[parameter.name] = OptionSpelling(name, name)
                continue
            option = max(parameter.opts, key=len)
            given = option if parameter.is_flag else f"{option} {parameter.metavar or '...'}"
            spellings[parameter.name] = OptionSpelling(option, given, *parameter.secondary_opts)
        return cls(spellings)

    def translate(self, message: str) -> str:
        """A message of the library, with the command's options in place of Python's arguments."""
        if "head_init" in self.spellings:
            message = _LABEL_WORDS.sub(_with_label_words, message)
        if "special" in self.spellings:
            message = _ENTRY_ROLE.sub(_with_entry_role, message)
        texts = "--texts" if "texts" in self.spellings else "'wordgraft table --texts'"
        return _ARGUMENT.sub(self._option, _FROM_TEXTS.sub(texts, message))

    def _option(self, match: re.Match[str]) -> str:
        name, value = match["name"], match["value"].strip("'")
        if match["owner"] is not None:
            name = _PREFIXES[match["owner"]] + name
        if "__" in name and "settings" in self.spellings:
            return f"--set {name}={value.lower()}"
        renamed = name in _OTHER_NAMES and name not in self.spellings
        spelling = self.spellings.get(_OTHER_NAMES[name] if renamed else name)
        # A number may be any figure of the message, unless it is said to pass it.
        passed = match.string[: match.start()].endswith("pass ")
        is_figure = value.isdigit() and not renamed and not passed
        if spelling is None or value == "None" or is_figure:
            return match[0]
        if value in ("True", "False"):
            return (spelling.true if value == "True" else spelling.false) or match[0]
        return spelling.option if value == "..." else f"{spelling.option} {value}"


def _with_label_words(match: re.Match[str]) -> str:
    return f"--head-init '{match['label']}: {match['words'].replace(chr(39), '')}'"


def _with_entry_role(match: re.Match[str]) -> str:
    return f"--special {match['entry'].strip(chr(39))}={match['role']}"
