"""Colours: a dark and a light theme, the same in a terminal's own 16 colours, and the variables they bring.

Beside Textual's own, widgets use ``$muted $rule $cursor $cursor-unfocused $passed $care $new $key $string
$number $constant $escape``. A theme that is not ours lacks them, so an app hands them out as defaults::

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.current_theme.dark)

Every text colour is at least 4.5 : 1 on every background it can stand on, the cursor's row included; rules, borders
and scrollbars are at least 3 : 1.
"""

from __future__ import annotations

from typing import Final

from textual.theme import BUILTIN_THEMES, Theme

_DARK: Final = {
    "muted": "#94a1af",
    "rule": "#65707d",
    "cursor": "#173a52",
    "cursor-unfocused": "#2a323c",
    "passed": "#83d39a",
    "care": "#f0c36a",
    "new": "#d7a9ff",
    "key": "#9ecbf2",
    "string": "#a5d6a0",
    "number": "#f2b880",
    "constant": "#d7a9ff",
    "escape": "#ff9ec7",
}
_LIGHT: Final = {
    "muted": "#566270",
    "rule": "#7f8993",
    "cursor": "#cfe6f8",
    "cursor-unfocused": "#e3e8ed",
    "passed": "#12692f",
    "care": "#7d5200",
    "new": "#6f35a8",
    "key": "#0a4f8a",
    "string": "#1b6b34",
    "number": "#8f4400",
    "constant": "#6f35a8",
    "escape": "#9c1555",
}
_DARK_16: Final = {
    "muted": "ansi_default",
    "rule": "ansi_default",
    "cursor": "ansi_blue",
    "cursor-unfocused": "ansi_bright_black",
    "passed": "ansi_green",
    "care": "ansi_yellow",
    "new": "ansi_magenta",
    "key": "ansi_cyan",
    "string": "ansi_green",
    "number": "ansi_yellow",
    "constant": "ansi_magenta",
    "escape": "ansi_magenta",
}
_LIGHT_16: Final = {
    **_DARK_16,
    "cursor": "ansi_bright_cyan",
    "cursor-unfocused": "ansi_white",
    "key": "ansi_blue",
}


def _shared(colours: dict[str, str], accent: str, text: str) -> dict[str, str]:
    """What Textual's own widgets take from variables, so that they look as ours do."""
    return {
        **colours,
        "block-cursor-background": colours["cursor"],
        "block-cursor-foreground": text,
        "block-cursor-text-style": "none",
        "button-focus-text-style": "bold",
        "block-cursor-blurred-background": colours["cursor-unfocused"],
        "block-cursor-blurred-foreground": text,
        "footer-key-foreground": accent,
        "scrollbar": colours["rule"],
        "text-disabled": colours["muted"],
    }


def _selected(background: str, text: str) -> dict[str, str]:
    """What is selected, in a line that is typed and on the screen."""
    return {
        "input-selection-background": background,
        "screen-selection-background": background,
        "screen-selection-foreground": text,
    }


DARK: Final = Theme(
    name="inspector-dark",
    primary="#6cc3f5",
    accent="#6cc3f5",
    secondary="#94a1af",
    foreground="#dbe1e8",
    background="#101317",
    surface="#161a20",
    panel="#20262e",
    success="#83d39a",
    warning="#f0c36a",
    error="#ff8d88",
    dark=True,
    variables={**_shared(_DARK, "#6cc3f5", "#dbe1e8"), **_selected("#2f6186", "#dbe1e8")},
)
LIGHT: Final = Theme(
    name="inspector-light",
    primary="#0a5fa5",
    accent="#0a5fa5",
    secondary="#566270",
    foreground="#1c242c",
    background="#f6f7f8",
    surface="#ffffff",
    panel="#e9edf1",
    success="#12692f",
    warning="#7d5200",
    error="#b1221b",
    dark=False,
    variables={**_shared(_LIGHT, "#0a5fa5", "#1c242c"), **_selected("#8fb8e0", "#1c242c")},
)


def _sixteen(name: str, dark: bool) -> Theme:
    accent = "ansi_cyan" if dark else "ansi_blue"
    return Theme(
        name=name,
        primary=accent,
        accent=accent,
        secondary="ansi_default",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        success="ansi_green",
        warning="ansi_yellow",
        error="ansi_red",
        dark=dark,
        ansi=True,
        variables={
            # Textual derives these from colours that an ANSI theme has not.
            **BUILTIN_THEMES["ansi-dark" if dark else "ansi-light"].variables,
            **_shared(_DARK_16 if dark else _LIGHT_16, accent, "ansi_default"),
        },
    )


DARK_16: Final = _sixteen("inspector-dark-16", dark=True)
LIGHT_16: Final = _sixteen("inspector-light-16", dark=False)
THEMES: Final = (DARK, LIGHT, DARK_16, LIGHT_16)


def variable_defaults(dark: bool = True) -> dict[str, str]:
    """The variables of our themes, for an app that shows one of somebody else's."""
    return dict(_DARK if dark else _LIGHT)
