"""What mkdocs calls while it builds the site: fills in the help of the commands and the notebooks.

A line `{{ commands }}` becomes the reference of all commands, made from their own help. A line
`{{ notebook FILE }}` becomes the notebook beside the page, with its outputs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """The page's Markdown, with the lines above filled in."""
    if "{{ commands }}" in markdown:
        markdown = markdown.replace("{{ commands }}", commands())
    folder = Path(page.file.abs_src_path).parent
    return re.sub(
        r"^\{\{ notebook (\S+) \}\}$",
        lambda match: notebook(folder / match[1]),
        markdown,
        flags=re.MULTILINE,
    )


def commands() -> str:
    """A section for each command: what it does, its examples, its arguments and options."""
    import typer

    from wordgraft.cli.app import app

    group: Any = typer.main.get_command(app)
    sections = []
    for name, command in group.commands.items():
        context = command.make_context(name, [], resilient_parsing=True)
        context.info_name = f"wordgraft {name}"
        usage = " ".join(command.collect_usage_pieces(context))
        text = re.sub(r"^ *Example: (.*(?:\n.+)*)", _example, command.help, flags=re.MULTILINE)
        sections.append(f"## {name}\n\n```bash\nwordgraft {name} {usage}\n```\n\n{text}")
        for title, parameters in _by_kind(command, context):
            rows = "\n".join(f"| `{_cell(left)}` | {_text(right)} |" for left, right in parameters)
            sections.append(f"| {title} | |\n| --- | --- |\n{rows}")
    return "\n\n".join(sections)


def _by_kind(command: Any, context: Any) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for title, kind in (("argument", "argument"), ("option", "option")):
        records = [
            parameter.get_help_record(context)
            for parameter in command.get_params(context)
            if parameter.param_type_name == kind and not parameter.hidden
        ]
        if records:
            yield title, records


def _example(match: re.Match[str]) -> str:
    return f"```bash\n{' '.join(match[1].split())}\n```"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _text(text: str) -> str:
    """Help as Markdown: nothing in it is markup."""
    return re.sub(r"([|\\`*_{}\[\]<>#])", r"\\\1", " ".join(text.split()))


def notebook(file: Path) -> str:
    """A notebook as Markdown: text, code, and what the code printed or showed."""
    parts = []
    for cell in json.loads(file.read_text("utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        parts.extend(_output(output) for output in cell["outputs"])
    return "\n\n".join(parts)


def _output(output: dict[str, Any]) -> str:
    shown = output.get("data", {})
    if "text/html" in shown:
        return f'<div class="output">{"".join(shown["text/html"])}</div>'
    text = "".join(output.get("text") or shown.get("text/plain") or "")
    return f"```text\n{text.rstrip()}\n```"
