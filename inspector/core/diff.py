"""Shape diff: what a receiver written for A meets when B arrives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from inspector.core.events import JsonObject
from inspector.core.moves import find_moves
from inspector.core.payload import KEYS, JsonType, Path, Star, show_path
from inspector.core.places import path_order, place_at
from inspector.core.type_shape import Field, TypeShape, collapse_variants, type_shape
from inspector.core.units import count

ChangeKind = Literal["added", "removed", "retyped", "optional", "required"]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a shape diff."""

    change: ChangeKind
    """Removed: only in A. Added: only in B. Optional: required in A, optional in B. Required: the reverse."""
    path: Path
    a: str | None
    """What stands here in A, in words: ``null or string``, ``object, 3 fields``. None where nothing does."""
    b: str | None
    breaking: bool
    """A receiver that copes with everything seen in A may fail on B."""
    moved: Path | None = None
    """Of a field that has moved: for removed its place in B, for added its place in A."""

    def as_json(self) -> JsonObject:
        """The change as one JSON object: what `inspector diff --json` prints a line of."""
        line: JsonObject = {
            "change": self.change,
            "path": show_path(self.path),
            "a": self.a,
            "b": self.b,
            "breaking": self.breaking,
        }
        if self.moved is not None:
            line["moved_to" if self.change == "removed" else "moved_from"] = show_path(self.moved)
        return line


def diff(a: TypeShape, b: TypeShape) -> list[Change]:
    """Every difference in structure between A and B, sorted by path; none when both are the same.

    Each place below an added or removed object has its own line. Swapping A and B swaps added and removed,
    optional and required, and the two sides of each line.
    """
    a, b = _collapsed_alike(a, b), _collapsed_alike(b, a)
    in_a = {field.path: field for field in _compared(a)}
    in_b = {field.path: field for field in _compared(b)}
    removed = {path: field for path, field in in_a.items() if path not in in_b}
    added = {path: field for path, field in in_b.items() if path not in in_a}
    changes: list[Change] = []
    for path, field in removed.items():
        changes.append(Change("removed", path, field.words, None, _missed(field, removed)))
    for path, field in added.items():
        changes.append(Change("added", path, None, field.words, False))
    for path, field in in_a.items():
        if path in in_b:
            changes += _differences(field, in_b[path])
    return sorted(_with_moves(changes, removed, added), key=lambda change: path_order(change.path))


def _collapsed_alike(one: TypeShape, other: TypeShape) -> TypeShape:
    """`one` with the late collapses of `other` where they fit, so that ``{SkopeoError: …}`` meets ``{*}``.

    They fit where the values under the keys are of the types that `other` has under its ``{*}``.
    """
    for late in other.collapses:
        variants = collapse_variants(one.variants, [late])
        collapsed = type_shape(variants, (*one.collapses, late))
        here, there = (place_at(side.merged, (*late.path, KEYS)) for side in (collapsed, other))
        if here is not None and there is not None and here.types == there.types:
            one = collapsed
    return one


def _compared(shape: TypeShape) -> list[Field]:
    """All fields and the root; nothing for a type of which no event is there."""
    if not shape.events:
        return []
    return shape.fields if shape.fields[:1] == [shape.root] else [shape.root, *shape.fields]


def _differences(a: Field, b: Field) -> list[Change]:
    changes: list[Change] = []
    if a.types != b.types:
        changes.append(Change("retyped", a.path, a.words, b.words, _surprises(a, b)))
    if a.optional != b.optional:
        kind: ChangeKind = "optional" if b.optional else "required"
        changes.append(Change(kind, a.path, _presence(a), _presence(b), breaking=b.optional))
    return changes


def _presence(field: Field) -> str:
    return f"{field.words}, {'sometimes' if field.optional else 'always'}"


def _surprises(a: Field, b: Field) -> bool:
    """True when B has a type that A had not. A number may be whole; what was only null had no type yet."""
    known = {*a.types, "integer"} if "number" in a.types else {*a.types}
    return known != {"null"} and not known.issuperset(b.types)


def _missed(field: Field, removed: dict[Path, Field]) -> bool:
    """True when a receiver of A relied on a removed field: it always was there, wherever its object still is.

    Elements of an array and values under data keys may be none at any time.
    """
    path = field.path
    while path in removed:
        if removed[path].optional or (path and isinstance(path[-1], Star)):
            return False
        path = path[:-1]
    return True


def _with_moves(
    changes: Iterable[Change], removed: dict[Path, Field], added: dict[Path, Field]
) -> list[Change]:
    to = find_moves(_types(removed), _types(added))
    origin = {now: then for then, now in to.items()}
    moved: list[Change] = []
    for change in changes:
        if change.change == "removed" and change.path in to:
            moved.append(replace(change, moved=to[change.path], breaking=True))
        elif change.change == "added" and change.path in origin:
            moved.append(replace(change, moved=origin[change.path]))
        else:
            moved.append(change)
    return moved


def counts_in_words(changes: Sequence[Change]) -> str:
    """The sum of a diff: ``10 changes, 1 breaking: 1 removed, 7 added, 1 moved, 1 retyped``."""
    if not changes:
        return "no changes"
    kinds = Counter(_counted_as(change) for change in changes)
    order = ("removed", "added", "moved", "retyped", "now optional", "now required")
    breaking = sum(change.breaking for change in changes)
    head = count(len(changes), "change") + (f", {breaking:,} breaking" if breaking else "")
    return f"{head}: " + ", ".join(f"{kinds[kind]:,} {kind}" for kind in order if kinds[kind])


def _counted_as(change: Change) -> str:
    if change.change in ("optional", "required"):
        return f"now {change.change}"
    return "moved" if change.change == "added" and change.moved is not None else change.change


def _types(fields: dict[Path, Field]) -> dict[Path, tuple[JsonType, ...]]:
    return {path: field.types for path, field in fields.items()}
