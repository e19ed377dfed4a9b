"""The event list: as many events as there are, of which only the rows on screen are made.

The list shows the ids of a `Source` (``ids`` ascending, ``event(id)``), newest first unless `order` is ``"oldest"``.
The cursor is an event id. Use::

    heading = ListHeading(); events = EventList(source, glyphs=UNICODE, now=clock_us, utc=False)
    events.sync()                      # after the source's ids changed, at most 10 times a second
    events.show(source)                # another source (a filter); the cursor stays on its event if it is there
    events.changed()                   # rows changed (sent, starred, marked)
    events.go_to(event_id); events.follow(); events.pause()
    events.cursor -> int | None; events.following -> bool; events.missed -> int; events.order: reactive
    events.empty = "None of 1,204 events match. esc clears the filter."
    events.headings = heading.headings = HEADINGS["github"]

Messages: `EventList.Highlighted(event_id)`, `EventList.Opened(event_id)`, `EventList.Followed()`,
`EventList.Paused(missed)` (also each time the count grows).
"""
