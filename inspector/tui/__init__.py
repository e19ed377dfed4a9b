"""The screen: the only part that knows Textual."""

from __future__ import annotations

import os

# Textual paints at most so often, and after a paint the next one waits for up to two such periods: at its own 60 a
# second a key that was pressed while events arrived was on the screen 40 ms later. Textual reads it when imported.
os.environ.setdefault("TEXTUAL_FPS", "120")
