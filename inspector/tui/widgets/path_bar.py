"""Two rows below a document that say where the cursor is: the path in a rule, and what stands there."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from inspector.core import units
from inspector.core.lines import HexLines
from inspector.core.meanings import LONGEST, LocalZone, meaning_of
from inspector.core.payload import ITEMS, KEYS, Path, show_path
from inspector.core.text import visible
from inspector.core.type_shape import Field, TypeShape
from inspector.tui.document_parts import how_common
from inspector.tui.keys import key_of
from inspector.tui.log import view_failed
from inspector.tui.widgets.document import Head
from inspector.tui.widgets.glyphs import UNICODE, Glyphs
from inspector.tui.widgets.layout import HEADING
from inspector.tui.widgets.painter import GUTTER
from inspector.tui.widgets.place import Place


class PathBar(Widget):
    """Two rows: the path of the value under the cursor in a rule, then what it is and how common it is."""

    DEFAULT_CSS = """
    PathBar { height: 2; width: 1fr; color: $rule; }
    """

    place: reactive[Place | None] = reactive(None, layout=False)
    shape: reactive[TypeShape | None] = reactive(None, layout=False)
    note: reactive[str] = reactive("", layout=False)
    """Stands at the right end of the rule: ``reading 9.6 MB …``."""

    def __init__(self, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self.glyphs = glyphs

    def render(self) -> Content:
        """The rule with the path, and the row below it."""
        try:
            return self._content()
        except Exception as error:  # a value that cannot be told of must not take the screen down
            return Content(view_failed("the path bar", error))

    def _content(self) -> Content:
        width = self.size.width
        place, rule = self.place, self.glyphs.rule
        note = Content.assemble(" ", (self.note, "$warning"), f" {rule}") if self.note else Content("")
        if place is None or not (path := _called(place)):
            return Content.assemble(rule * (width - note.cell_length), note)
        room = width - note.cell_length
        first = Content.assemble(f"{rule} ", (path, "$key"), " ").truncate(max(1, room - 1), ellipsis=True)
        first = Content.assemble(first, rule * (room - first.cell_length), note)
        return Content.assemble(first, "\n", self._told(place, width))

    def _told(self, place: Place, width: int) -> Content:
        """What the value is and how common: all of it, or the most telling that there is room for."""
        words, meaning = visible(self._words(place, width)), visible(_meaning(place))
        long, short = self._common(place.path or ())
        said = [f"{words}, {meaning}", meaning] if meaning else [words]
        ways = [(one, common) for common in (long, short) for one in said]
        left, right = next(
            (way for way in ways if sum(Content(text).cell_length for text in way) + 4 <= width), ways[-1]
        )
        shown = Content.assemble((f"  {left}", "$foreground"))
        common = Content.assemble((right, "$muted"), " ")
        room = width - common.cell_length
        if shown.cell_length > room - 1:
            shown = shown.truncate(max(1, room - 1), ellipsis=True)
        return Content.assemble(shown, " " * max(0, room - shown.cell_length), common)

    def _words(self, place: Place, width: int) -> str:
        """What stands there; of a line of text how long it is, with the key that shows all of one that is cut."""
        if place.path is not None or place.name or isinstance(place.source.lines, HexLines):
            return place.words
        length = place.source.lines.length(place.row)
        cut = f"{key_of(self.app, 'wrap')} wraps" if length > width - GUTTER - 1 else ""
        return ", ".join(filter(None, (units.count(length, "character"), place.words, cut)))

    def _common(self, path: Path) -> tuple[str, str]:
        """How common the field is, in words and shorter."""
        found = field_at(self.shape, path)
        if found is None:
            return "", ""
        if found.present == found.of:
            return how_common(found), f"all {found.of:,}" if found.of != 1 else ""
        return how_common(found), f"{found.present:,} of {found.of:,}"


def _called(place: Place) -> str:
    """The path of a value, the name of a line, else which line it is; empty for what is in our own words."""
    if place.path is not None:
        return visible(show_path(place.path)) if place.path else "the whole payload"
    if place.name or place.row == HEADING or isinstance(place.source.source, Head):
        return visible(place.name)
    lines = place.source.lines
    if isinstance(lines, HexLines):
        shown = lines.bytes_of(place.row)
        return f"bytes {shown.start:,} to {shown.stop - 1:,} of {len(lines.data):,}" if shown else ""
    return f"{visible(place.source.title or place.section)}, line {place.row + 1:,} of {len(lines):,}"


def _meaning(place: Place) -> str:
    """What a scalar means; nothing for what opens, which says what it holds."""
    tree, row = place.source.tree, place.row
    if tree is None or tree.opens(row) or tree.closes(row) or tree.lines.length(row) > LONGEST:
        return ""
    return meaning_of(place.value_text, datetime.now(LocalZone()))


def field_at(shape: TypeShape | None, path: Path) -> Field | None:
    """The field of a type shape that a place of one payload is an instance of."""
    if shape is None or not path:
        return None
    plain = tuple(ITEMS if isinstance(step, int) else step for step in path)
    if (exact := shape.field(plain)) is not None:
        return exact
    for field in shape.fields:
        if len(field.path) == len(plain) and all(
            mine == step or (mine is KEYS and isinstance(step, str))
            for mine, step in zip(field.path, plain, strict=True)
        ):
            return field
    return None
