"""Names for the objects in a payload, where a language wants one for each: equal structures share a name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from inspector.core.export.learnt import MAX_NESTING, Learnt, exported
from inspector.core.payload import ITEMS, KEYS, Path
from inspector.core.places import steps
from inspector.core.shapes import OBJECT, Shape

_WORDS = re.compile(r"[A-Za-z0-9]+")

Structure = tuple[object, ...]


def structure(place: Shape) -> Structure:
    """What makes two objects the same type: their fields and values, not whether null may stand beside."""
    return tuple(place[2:])


def has_name(place: Shape) -> bool:
    """True for an object with named fields."""
    return bool(place[0] & OBJECT and place[3])


def identifier(text: str) -> str:
    """A name in capitals and small letters made of any text: ``user.image-tag`` gives ``UserImageTag``."""
    words = _WORDS.findall(text)
    name = "".join(word[0].upper() + word[1:] for word in words)[:80]
    return name if name and not name[0].isdigit() else f"Type{name}"


class Definition(NamedTuple):
    """An object that has a name: one place where it stands."""

    type: Learnt
    path: Path
    place: Shape


class TypeNames:
    """The name of every object in some event types, and the order in which they can be defined."""

    def __init__(self, types: Sequence[Learnt], reserved: Collection[str]) -> None:
        self._taken = set(reserved)
        self._names: dict[Structure, str] = {}
        self.roots = [self._free(identifier(each.name), each.sender) for each in types]
        """The name of each event type itself, in their order."""
        found: dict[str, Definition] = {}
        for root, each in zip(self.roots, types, strict=True):
            for name, path, place in self._below(each.shape.merged, root):
                found[name] = Definition(each, path, place)
        self.definitions: dict[str, Definition] = {}
        """Every object below the roots by its name; what one refers to stands before it."""
        for name in found:
            self._define(name, found)

    def _define(self, name: str, found: Mapping[str, Definition]) -> None:
        if name in self.definitions:
            return
        _, path, place = found[name]
        waiting = [(len(path) + 1, below) for _, below in steps(place)]
        while waiting:
            depth, place = waiting.pop()
            place = exported(place)
            if depth >= MAX_NESTING:
                continue
            if has_name(place):
                self._define(self[place], found)
                if place.items is not None:
                    waiting.append((depth + 1, place.items))
            else:
                waiting += [(depth + 1, below) for _, below in steps(place)]
        self.definitions[name] = found[name]

    def __getitem__(self, place: Shape) -> str:
        """The name of an object that has one."""
        return self._names[structure(place)]

    def _below(self, merged: Shape, root: str) -> Iterator[tuple[str, Path, Shape]]:
        """Objects that have no name yet, level by level, so that the outer ones get the short names."""
        level: list[tuple[Path, Shape, str]] = [((), exported(merged), root)]
        for _ in range(MAX_NESTING):
            deeper: list[tuple[Path, Shape, str]] = []
            for path, place, parent in level:
                name = parent
                if path and has_name(place):
                    known = self._names.get(structure(place))
                    if known is not None:
                        continue
                    name = self._free(_called(path), parent)
                    self._names[structure(place)] = name
                    yield name, path, place
                deeper += [((*path, step), exported(below), name) for step, below in steps(place)]
            level = deeper

    def _free(self, name: str, parent: str | None) -> str:
        """The name itself, with its parent's before it, or with a number after it: the first that is free."""
        longer = f"{identifier(parent)}{name}"[:120] if parent else name
        number = 1
        for wanted in (name, longer):
            if wanted not in self._taken:
                break
        while wanted in self._taken:
            number += 1
            wanted = f"{longer}{number}"
        self._taken.add(wanted)
        return wanted


def _called(path: Path) -> str:
    name = ""
    for step in path:
        if step is ITEMS:
            name += "Item"
        elif step is KEYS:
            name += "Value"
        else:
            name = identifier(str(step))
    return name
