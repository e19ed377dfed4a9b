"""Events as they come into the store, for commands that watch it: no connection to the listener is needed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from inspector.core.events import Event
from inspector.store.reader import Reader

if TYPE_CHECKING:
    from inspector.core.filters import Filter

POLL_S = 0.05
_PATIENCE_US = 60_000_000
"""How long a large body may wait to be identified before its event is shown as it is."""


def arriving(
    reader: Reader, wanted: Filter | None, after: int, deadline: float | None = None
) -> Iterator[Event]:
    """Events with an id over `after` that match, as they arrive; ends at `deadline` (`time.monotonic`), if
    any.

    An event whose body is large comes once it is identified, so that a filter can tell.
    """
    done: set[int] = set()
    version = -1
    waiting = False
    while True:
        current = reader.data_version()
        if current != version or waiting:
            version = current
            numbers = list(reader.ids(after))
            matching = set(numbers) if wanted is None else set(reader.matching(wanted, after=after))
            unsettled = []
            for start in range(0, len(numbers), 500):
                for event in reader.events([n for n in numbers[start : start + 500] if n not in done]):
                    if event.pending and time.time_ns() // 1000 - event.received_us < _PATIENCE_US:
                        unsettled.append(event.id)
                        continue
                    done.add(event.id)
                    if event.id in matching:
                        yield event
            waiting = bool(unsettled)
            after = unsettled[0] - 1 if unsettled else max(numbers, default=after)
            done = {number for number in done if number > after}
        if deadline is not None and time.monotonic() >= deadline:
            return
        time.sleep(POLL_S if deadline is None else max(0.0, min(POLL_S, deadline - time.monotonic())))
