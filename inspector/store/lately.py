"""What came lately of each type: the bars of the last hour."""

from __future__ import annotations

from inspector.store.reader import Reader

BARS = 6
HOUR_US = 3_600_000_000
_AT_ONCE = 5_000
MOST = 100_000
"""Events that are looked at, from the newest back."""

Bars = dict[tuple[str | None, str], tuple[int, ...]]
"""Events by (sender, type) in each sixth of the hour, the oldest first."""


def bars_of_the_hour(reader: Reader, now_us: int) -> Bars:
    """How many events of each type came in each ten minutes of the hour before `now_us` (microseconds)."""
    start = now_us - HOUR_US
    found: dict[tuple[str | None, str], list[int]] = {}
    before = 2**62
    for _ in range(MOST // _AT_ONCE):
        some = reader.db.execute(
            "SELECT id, received_us, sender, type FROM event WHERE id < ? ORDER BY id DESC LIMIT ?",
            (before, _AT_ONCE),
        ).fetchall()
        for _, received, sender, name in some:
            if name is not None and start <= received < now_us:
                bars = found.setdefault((sender, name), [0] * BARS)
                bars[(received - start) * BARS // HOUR_US] += 1
        if len(some) < _AT_ONCE or some[-1][1] < start:
            break
        before = some[-1][0]
    return {key: tuple(bars) for key, bars in found.items()}
