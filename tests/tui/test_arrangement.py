"""How rows, entries and events belong together: every arrangement, against the plain list of its rows."""

from __future__ import annotations

from array import array

import pytest

from inspector.tui.arrangement import Arrangement, ByDelivery, ByType, Flat, Folder, Heading


def ids(*numbers: int) -> array[int]:
    return array("q", numbers)


def laid_out(rows: Arrangement, newest_first: bool) -> list[int]:
    """All entries; each is found on its own row, and nothing stands before or behind them."""
    entries = []
    for row in range(len(rows)):
        entry = rows.at(row, newest_first)
        assert entry is not None
        assert rows.row(entry, newest_first) == row
        assert rows.settle(entry) == entry
        entries.append(entry)
    assert rows.at(len(rows), newest_first) is None
    assert rows.at(-1, newest_first) is None
    return entries


def folder(number: int, *events: int, is_open: bool) -> Folder:
    heading = Heading(f"type {number}", len(events), max(events), is_open=is_open)
    return Folder(number, heading, ids(*events) if is_open else None)


def test_one_event_a_row() -> None:
    rows = Flat(ids(2, 5, 9))
    assert laid_out(rows, True) == [9, 5, 2]
    assert laid_out(rows, False) == [2, 5, 9]
    assert (rows.settle(6), rows.settle(1), rows.newest(), Flat(ids()).settle(3)) == (5, 2, 9, None)


def test_groups_by_type_stay_in_their_order_and_only_open_ones_have_rows() -> None:
    rows = ByType(
        [folder(3, 1, 4, is_open=True), folder(1, 2, 9, is_open=False), folder(2, 5, is_open=True)],
        {2: 1, 9: 1}.get,
    )
    assert laid_out(rows, True) == [-3, 4, 1, -1, -2, 5]
    assert laid_out(rows, False) == [-3, 1, 4, -1, -2, 5]
    assert (rows.settle(9), rows.settle(4), rows.settle(77), rows.settle(-8)) == (-1, 4, -3, -3)
    assert (rows.newest(), rows.event(-1), rows.event(4)) == (-1, 9, 4)
    assert ByType([], {}.get).settle(1) is None


@pytest.mark.parametrize(
    ("opened", "newest", "oldest"),
    [
        (set(), [7, -4, 3, -2, 1], [1, -2, 3, -4, 7]),
        ({2}, [7, -4, 3, -2, 8, 5, 2, 1], [1, -2, 2, 5, 8, 3, -4, 7]),
        ({2, 4, 99}, [7, -4, 6, 4, 3, -2, 8, 5, 2, 1], [1, -2, 2, 5, 8, 3, -4, 4, 6, 7]),
    ],
)
def test_a_delivery_that_came_again_folds_where_it_came_first(
    opened: set[int], newest: list[int], oldest: list[int]
) -> None:
    rows = ByDelivery(ids(1, 2, 3, 4, 7), {2: ids(2, 5, 8), 4: ids(4, 6)}, opened)
    assert laid_out(rows, True) == newest
    assert laid_out(rows, False) == oldest
    assert rows.settle(8) == (8 if 2 in opened else -2)
    assert (rows.newest(), rows.event(-2), rows.settle(99)) == (7, 8, 7)
    heading = rows.heading(-2)
    assert heading is not None
    assert (heading.count, heading.newest, heading.is_open) == (3, 8, 2 in opened)
    assert (rows.depth(5), rows.depth(3)) == (1, 0)
