"""docs/keys.md says what the screens do, and the file to begin with has every key."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path

from inspector.config.commented import commented
from inspector.tui.keys import BY_ID

ROOT = Path(__file__).parent.parent


def test_the_page_is_what_its_script_makes() -> None:
    spec = importlib.util.spec_from_file_location("keys_page", ROOT / "docs/keys.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.PAGE.read_text() == script.page(), "run: python docs/keys.py"


def test_the_file_to_begin_with_has_every_key() -> None:
    text = commented([(key.id, key.keys, key.does) for key in BY_ID.values()])
    assert tomllib.loads(text)["keys"] == {}
    lines = text[text.index("[keys]") :].splitlines()[1:]
    assert tomllib.loads("\n".join(line.removeprefix("# ") for line in lines)) == {
        key.id: key.keys for key in BY_ID.values()
    }
