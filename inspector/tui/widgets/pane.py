"""What holds widgets and lies under them. Textual makes every row of every widget in sight, also where its children
cover it; that was half of a paint, and of each key.
"""

from __future__ import annotations

from textual.containers import Vertical
from textual.geometry import Region
from textual.strip import Strip


class Pane(Vertical):
    """Holds widgets, below each other unless told otherwise; of its own it shows borders at its sides at most.

    Where no child covers it, the screen below it is seen, whose background it has.
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        """The first row as often as there are rows; none without a border."""
        if not self.styles.gutter:
            return []
        return super().render_lines(Region(crop.x, crop.y, crop.width, 1)) * crop.height
