"""A large body is laid out in a process of its own: what a thread holds the interpreter for, the screen stands still.

``python -m inspector.tui.apart STORE ID`` writes the `Detail` of an event, pickled, to standard output.
`Session.read_apart` is the other side.
"""

from __future__ import annotations

import gc
import pickle
import sys
from pathlib import Path

from inspector.store.reader import Reader
from inspector.tui.detail import read_detail
from inspector.tui.log import logged_beside


def main() -> int:
    """Read one event and write it."""
    gc.disable()  # it makes much, throws nothing away, and ends
    store = Path(sys.argv[1])
    with Reader(store) as reader, logged_beside(store):
        pickle.dump(read_detail(reader, int(sys.argv[2])), sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
