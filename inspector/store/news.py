"""What is new in an event for its type, in words."""

from __future__ import annotations

from inspector.core.drift import drift_in_words, known_before
from inspector.core.events import Event
from inspector.core.units import count
from inspector.store.reader import Reader

MOST_NEWS = 20
"""Lines that say what is new in an event."""


def news_of(reader: Reader, event: Event) -> list[str]:
    """In what an event of a new shape departs from all that its type had shown before, a line each:
    ``details.annotations is now an array, was object in 41 events``. Raw text; none for any other event."""
    if not event.new or event.type is None:
        return []
    mine = reader.shape_of_event(event.id)
    if mine is None:
        return []
    before = known_before(reader.shape_of_types([(event.sender, event.type)]), event.id)
    return drift_in_words(mine.merged, before) if before.variants else []


def told_news(reader: Reader, event: Event) -> list[str]:
    """The same, of very many the first, and how many more there are."""
    found = news_of(reader, event)
    if len(found) <= MOST_NEWS:
        return found
    return [*found[:MOST_NEWS], f"and {count(len(found) - MOST_NEWS, 'more place')}"]
