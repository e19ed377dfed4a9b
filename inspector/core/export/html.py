"""The field reference as one HTML page: no scripts, nothing fetched, everything from outside escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from inspector.core.export.learnt import Learnt, learnt_from
from inspector.core.export.reference import about, rows
from inspector.core.text import visible

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: .3rem .8rem .3rem 0; }
th, td { text-align: left; vertical-align: top; }
code { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
td:nth-child(2), td:nth-child(3) { white-space: nowrap; }
td:nth-child(4) { overflow-wrap: anywhere; }
nav { columns: 26rem; overflow-wrap: anywhere; }
"""


def html(types: Sequence[Learnt], title: str) -> str:
    """A page with a table of fields for every type, and a list of the types before them."""
    name = escape(visible(title))
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{name}</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
        f"<h1>{name}</h1>\n<p>{escape(learnt_from(types))}</p>",
    ]
    if len(types) > 1:
        links = [
            f'<a href="#type-{number}">{escape(visible(each.name))}</a><br>'
            for number, each in enumerate(types, 1)
        ]
        parts.append("<nav>\n" + "\n".join(links) + "\n</nav>")
    for number, each in enumerate(types, 1):
        parts.append(f'<h2 id="type-{number}">{escape(visible(each.name))}</h2>')
        parts.append(f"<p>{escape(about(each))}</p>\n<table>")
        parts.append("<tr><th>field</th><th>type</th><th>in</th><th>values</th></tr>")
        for row in rows(each):
            parts.append(
                f"<tr><td><code>{_breakable(row.path)}</code></td><td>{escape(row.types)}</td>"
                f"<td>{escape(row.presence)}</td><td>{escape(row.values)}</td></tr>"
            )
        parts.append("</table>")
    parts.append("</body>\n</html>")
    return "\n".join(parts) + "\n"


def _breakable(path: str) -> str:
    """A path, escaped, that a narrow column breaks between its steps."""
    return escape(path).replace(".", "<wbr>.").replace("[]", "<wbr>[]")
