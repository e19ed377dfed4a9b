"""For a terminal that shows ASCII alone: every other sign becomes one of the same width, in one place.

The glyphs chosen for such a terminal are ASCII already; this is for borders, for signs within sentences, and for
what a payload holds.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("─━═╌╍▔▁▂▃", "-"),
        **dict.fromkeys("│┃║▏▎▍▌▋▊▉▕▐", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝┏┓┗┛", "+"),
        **dict.fromkeys("█▇▆▅▄", "#"),
        **dict.fromkeys("‹«←", "<"),
        **dict.fromkeys("›»→▸", ">"),
        "↑": "^",
        "↓": "v",
        "▾": "v",
        "…": "~",
        "•": "*",
        "●": "*",
        "○": "o",
        "·": ".",
        "–": "-",
        "—": "-",
        "×": "x",
        "◆": "N",
        "★": "*",
        "≠": "~",
        "’": "'",
        "“": '"',
        "”": '"',
        "\xa0": " ",
    }
)


def plain_ascii(text: str) -> str:
    """`text` in ASCII, as wide as before; what has no likeness is a question mark for each cell."""
    if text.isascii():
        return text
    text = text.translate(_SIGNS)
    return "".join(sign if sign.isascii() else "?" * cell_len(sign) for sign in text)


class AsciiOnly(LineFilter):
    """Writes every segment in ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in ASCII; those that are stay the objects they are."""
        return [
            segment
            if segment.control or segment.text.isascii()
            else Segment(plain_ascii(segment.text), segment.style)
            for segment in segments
        ]
