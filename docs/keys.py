"""Write docs/keys.md from the keys of the screens: ``python docs/keys.py``. A test fails when it is stale."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from inspector.tui.keymap import panes  # noqa: E402
from inspector.tui.keys import BY_ID, key_name  # noqa: E402

PAGE = ROOT / "docs/keys.md"
_HEAD = """\
# Keys

Made by `docs/keys.py` from the screen itself. `?` shows the keys of where you are, `ctrl+p` finds any action by its
name, and an event by its number.

Any of them can be changed in the config file (`inspector config --path` says where it is, `inspector config --init`
writes one with all of them): the id of the action, and its keys with commas between them.

```toml
[keys]
mark = "m,insert"
replay = "f5"
```

`ctrl+q` quits, `ctrl+p` opens the palette, `ctrl+c` copies what is selected with the mouse, and `esc` closes a
dialog or the filter bar, everywhere. Two actions cannot have the same key in the same place; what cannot be is
told at the start and by `inspector config`, and the default stays.
"""


def page() -> str:
    """The text of the page."""
    lines = [_HEAD]
    places = panes()
    everywhere = {
        id: words
        for id, words in places[0].does.items()
        if BY_ID[id].group == "Move" and all(id in pane.does for pane in places[:5])
    }
    both = {
        id: words for id, words in places[0].does.items() if id in places[1].does and id not in everywhere
    }
    lines += _table("Moving, in every pane", everywhere)
    lines += _table("List and detail", both)
    for number, pane in enumerate(places):
        told = everywhere if number > 1 else everywhere | both
        does = {id: words for id, words in pane.does.items() if id not in told}
        lines += _table(pane.name.removeprefix("the ").capitalize(), does)
    return "\n".join(lines)


def _table(heading: str, does: dict[str, str]) -> list[str]:
    if not does:
        return []
    rows = [
        f"| {' '.join(_code(name) for name in BY_ID[id].keys.split(','))} | {words} | `{id}` |"
        for id, words in does.items()
    ]
    return [f"## {heading}", "", "| keys | does | id |", "|---|---|---|", *rows, ""]


def _code(name: str) -> str:
    """A key as code; a bar would end the cell."""
    shown = key_name(name)
    return "<code>&#124;</code>" if shown == "|" else f"`{shown}`"


if __name__ == "__main__":
    PAGE.write_text(page())
