"""What networks may read of how words are written: names and sizes, for those who number it."""

from __future__ import annotations

# Names in `Inputs.extras` of `wordgraft.networks`.
CASING, LETTERS = "casing", "letters"
CASES = 8
# Letters are numbered by their code, modulo this: no two of ASCII or Latin-1 share a number.
LETTER_CODES, LETTERS_A_WORD = 512, 24
