"""The colours can be read: every text on every background it can stand on."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import Theme

from inspector.tui.theme import DARK, LIGHT, THEMES, variable_defaults
from tests.tui.host import Host

TEXTS = ("muted", "passed", "care", "new", "key", "string", "number", "constant", "escape")


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    parts = [channel / 255 for channel in Color.parse(colour).rgb]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_contrast(theme: Theme) -> None:
    """4.5 : 1 at least, the row of the cursor included."""
    texts = [theme.variables[name] for name in TEXTS] + [theme.foreground, theme.accent, theme.error]
    backgrounds = [theme.background, theme.surface, theme.panel]
    backgrounds += [theme.variables["cursor"], theme.variables["cursor-unfocused"]]
    for text in texts:
        for background in backgrounds:
            ratio = _contrast(str(text), str(background))
            assert ratio >= 4.45, f"{text} on {background} in {theme.name}: {ratio:.2f}"


def test_every_theme_has_every_variable() -> None:
    """A widget may use any of them under any of our themes, and under others by the defaults."""
    names = set(variable_defaults())
    assert all(names <= set(theme.variables) for theme in THEMES)
    assert set(variable_defaults(dark=False)) == names


@pytest.mark.parametrize("name", [theme.name for theme in THEMES] + ["nord", "textual-light"])
async def test_themes_can_be_worn(name: str) -> None:
    """The style sheet of the widgets parses under each."""
    app = Host()
    async with app.run_test() as pilot:
        app.theme = name
        await pilot.pause()
        assert app.theme_variables["key"]
