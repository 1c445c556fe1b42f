"""One HTML file out of a template: all inlined, nothing fetched, no text taken for markup."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from wordgraft.core.atomic_io import new_file
from wordgraft.core.optional import require

_PAGES = Path(__file__).with_name("pages")


def write_page(path: Path, template: str, *, force: bool, **values: Any) -> None:
    """Fill a template of `pages/` and write it as `path`, whole or not at all."""
    with new_file(path, force=force) as scratch:
        scratch.write_text(rendered(template, **values), "utf-8")


def rendered(template: str, **values: Any) -> str:
    """A template's HTML. What is filled in is escaped, unless the template says it is safe."""
    jinja2 = require("jinja2", purpose="writing a page")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_PAGES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["embedded"] = embedded
    html: str = environment.get_template(template).render(asset=asset, **values)
    return html


@cache
def asset(name: str) -> str:
    """A style sheet or script of `pages/`, to be inlined."""
    return (_PAGES / name).read_text("utf-8")


def embedded(value: Any) -> Any:
    """A value as JSON that can stand within a script element: nothing in it ends the element.

    Browsers end a script at `</script` and change how they read it at `<!--`, wherever these
    stand; so no `<` is written, nor the line ends that JSON allows and JavaScript does not.
    """
    markup = require("markupsafe", purpose="writing a page").Markup
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return markup(text)
