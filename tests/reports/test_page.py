"""Text and data in a page cannot become markup."""

from __future__ import annotations

import json
import re

import pytest

from wordgraft.reports.page import embedded, rendered


def test_what_is_embedded_ends_no_script_and_comes_back() -> None:
    value = {"text": "</script><script>alert(1)</script> <!-- & \u2028 ü 😀"}
    text = str(embedded(value))
    assert not re.search(r"[<>&\u2028\u2029]", text)
    assert json.loads(text) == value
    with pytest.raises(ValueError, match="not JSON compliant"):
        embedded(float("nan"))


def test_text_is_escaped(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "t.j2").write_text("<p>{{ text }}</p>")
    monkeypatch.setattr("wordgraft.reports.page._PAGES", tmp_path)
    assert rendered("t.j2", text="<b>&") == "<p>&lt;b&gt;&amp;</p>"
