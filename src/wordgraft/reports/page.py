"""One HTML file from a template: everything is inlined, nothing is fetched, text is escaped."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from wordgraft.core.atomic_io import new_file
from wordgraft.core.optional import require

_PAGES = Path(__file__).with_name("pages")


def write_page(path: Path, template: str, *, force: bool, **values: Any) -> None:
    """Fill in a template of `pages/` and write it to `path`, whole or not at all."""
    with new_file(path, force=force) as scratch:
        scratch.write_text(rendered(template, **values), "utf-8")


def rendered(template: str, **values: Any) -> str:
    """The HTML of a template. Values are escaped, unless the template marks them as safe."""
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
    """A value as JSON that is safe inside a script element.

    Browsers end a script at `</script` and read it differently after `<!--`, even inside strings.
    So `<` is escaped, as are the line separators that JSON allows and JavaScript does not.

    Example:
        >>> str(embedded("</script>"))
        '"\\\\u003c/script\\\\u003e"'
    """
    markup = require("markupsafe", purpose="writing a page").Markup
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return markup(text)
