"""The colours can be read: every text on every background it can stand on."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from inspector.tui.theme import DARK, LIGHT, THEMES, variable_defaults
from inspector.tui.widgets.few_colours import FewColours
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
    """4.5 : 1 at least, the row of the cursor included; 3 : 1 for what only separates."""
    texts = [theme.variables[name] for name in TEXTS] + [theme.foreground, theme.accent, theme.error]
    backgrounds = [theme.background, theme.surface, theme.panel]
    backgrounds += [theme.variables["cursor"], theme.variables["cursor-unfocused"]]
    for text in texts:
        for background in backgrounds:
            ratio = _contrast(str(text), str(background))
            assert ratio >= 4.45, f"{text} on {background} in {theme.name}: {ratio:.2f}"
    assert (
        _contrast(
            theme.variables["screen-selection-foreground"], theme.variables["screen-selection-background"]
        )
        > 5
    )
    assert _contrast(str(theme.foreground), theme.variables["input-selection-background"]) > 5
    for background in (theme.background, theme.surface, theme.panel):
        ratio = _contrast(theme.variables["rule"], str(background))
        assert ratio >= 3, f"rules on {background} in {theme.name}: {ratio:.2f}"


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


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_cursor_is_told_without_colours(theme: Theme) -> None:
    """Its row is reversed in the terminal's own two colours, whatever stands on it; without the focus it is bold."""
    variables = {"accent": str(theme.accent), **theme.variables}
    few, default = FewColours(variables), Style(color="default").color

    def shown(text: str, background: str) -> Style:
        style = Style(
            color=Color.parse(variables[text]).rich_color,
            bgcolor=Color.parse(variables[background]).rich_color,
        )
        (segment,) = few.apply([Segment("x", style)], Color.parse("black"))
        assert segment.style is not None
        return segment.style

    for text in TEXTS:
        lit = shown(text, "cursor")
        assert lit.reverse
        assert (lit.color, lit.bgcolor) == (default, default)
        assert shown(text, "cursor-unfocused").bold
        assert not shown(text, "cursor-unfocused").reverse
    assert shown("key", "accent").reverse
