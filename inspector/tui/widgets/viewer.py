"""The viewer: a document of any size in one scroll, with a cursor, folding, search, wrapping and selection.

Only the rows on screen are made, coloured (Pygments) and drawn. Use::

    viewer = Viewer(glyphs=UNICODE)
    viewer.show(document)                    # at once, cursor on `start` ("details") or the first row
    viewer.read(build, size)                 # build() -> Document, in a thread above 1 MB with "reading …"
    viewer.find("digest")                    # marks matches; Found(current, total) follows
    viewer.find_next(); viewer.find_previous(); viewer.find("")
    viewer.go_to_section("details"); viewer.go_to_path(("details", "a"))
    viewer.place -> Place(section, path, words, value_text)   # where the cursor is
    viewer.wrapped: reactive bool

Messages: `Viewer.CursorMoved(place)`, `Viewer.Opened(place)` (enter on a value that is not folded, double click),
`Viewer.Found(current, total)`, `Viewer.Failed(sentence)` (a document that could not be built).
"""
