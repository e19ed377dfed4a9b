"""What holds widgets and lies under them. Textual makes every row of every widget in sight, also where its children
cover it; that was half of a paint, and of each key.
"""

from __future__ import annotations

from typing import Final

from textual.containers import Vertical
from textual.geometry import Region
from textual.strip import Strip

UNSEEN: Final = "; ".join(
    f"{rule}: black"
    for rule in (
        "scrollbar-background",
        "scrollbar-background-hover",
        "scrollbar-background-active",
        "scrollbar-color",
        "scrollbar-color-hover",
        "scrollbar-color-active",
        "scrollbar-corner-color",
        "link-background",
        "link-background-hover",
        "link-color",
        "link-color-hover",
    )
)
"""Style of what has neither scrollbars nor links. Were these colours of the theme, Textual would tell every widget
inside of the change of each: half of the work of a change of the theme."""


class Pane(Vertical):
    """Holds widgets, below each other unless told otherwise; of its own it shows borders at its sides at most.

    Where no child covers it, the screen below it is seen, whose background it has.
    """

    DEFAULT_CSS = f"Pane {{ {UNSEEN}; }}"

    def render_lines(self, crop: Region) -> list[Strip]:
        """The first row as often as there are rows; none without a border."""
        if not self.styles.gutter:
            return []
        return super().render_lines(Region(crop.x, crop.y, crop.width, 1)) * crop.height
