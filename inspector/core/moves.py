"""Moves: fields that a diff finds removed at one place and added at another, and that are the same field.

Conservative, the same in both directions. Three ways to be the same, each only where it pairs one to one:

* a new name at the same place: equal but for case and underscores (``imageDigest``, ``image_digest``), or
  names that Anchore's generations gave the same thing;
* within an object that has moved: the same place in it, the name read in the same way;
* the same distinctive name at another place, for strings and objects. A value that went both to a former
  state and to the present one (``last_eval``, ``curr_eval``) moved to the present one.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from inspector.core.payload import JsonType, Path, Star, Step

Places = Mapping[Path, tuple[JsonType, ...]]
"""Removed or added places, with their types."""

_SAME = (
    ("userid", "accountname"),
    ("generateduuid", "eventid", "id"),
    ("policybundle", "policy"),
)
_ONE_NAME = {name: names[-1] for names in _SAME for name in names}
_EVERYDAY = frozenset(("id", "key", "message", "msg", "name", "status", "type", "url", "value"))
_FORMER = ("last_", "prev_", "previous_", "old_", "former_")

Groups = dict[Hashable, list[Path]]


def find_moves(removed: Places, added: Places) -> dict[Path, Path]:
    """For each field that moved, the place it had among `removed` and the one it has among `added`."""
    moves: dict[Path, Path] = {}
    while True:
        taken = set(moves.values())
        left = {path: types for path, types in removed.items() if path not in moves}
        new = {path: types for path, types in added.items() if path not in taken}
        found = _pairs(_renamed(left, removed, moves), _renamed(new, {}, {}))
        if not found:
            found = _shallowest(_pairs(_distinctive(left), _distinctive(new)))
        if not found:
            return moves
        moves.update(found)


def _renamed(places: Places, removed: Places, moves: Mapping[Path, Path]) -> Groups:
    """Places by the object they stand in, as it is called on the added side, and the name read loosely."""
    groups: Groups = {}
    for path, types in places.items():
        if not path or (path[:-1] in removed and path[:-1] not in moves):
            continue
        parent = moves.get(path[:-1], path[:-1])
        groups.setdefault((parent, _loosely(path[-1]), _solid(types)), []).append(path)
    return groups


def _loosely(step: Step) -> Step:
    if not isinstance(step, str):
        return step
    name = step.replace("_", "").replace("-", "").lower()
    # Whole families: whitelist_ids, whitelisted_images, matched_blacklisted_images_rule.
    name = name.replace("whitelist", "allowlist").replace("blacklist", "denylist")
    return _ONE_NAME.get(name, name)


def _solid(types: tuple[JsonType, ...]) -> tuple[JsonType, ...]:
    return tuple([name for name in types if name != "null"])


def _distinctive(places: Places) -> Groups:
    """Strings and objects by a name that is not an everyday one, wherever they stand."""
    groups: Groups = {}
    for path, types in places.items():
        if not path or not isinstance(path[-1], str) or path[-1] in _EVERYDAY:
            continue
        if _solid(types) in (("string",), ("object",)):
            repeated = sum(isinstance(step, Star) for step in path)
            groups.setdefault((path[-1], _solid(types), repeated), []).append(path)
    return groups


def _pairs(before: Groups, now: Groups) -> dict[Path, Path]:
    """The one place of a group before with the one place of the same group now."""
    pairs: dict[Path, Path] = {}
    for key, paths in before.items():
        one, other = _only(paths), _only(now.get(key, []))
        if one is not None and other is not None:
            pairs[one] = other
    return pairs


def _only(paths: list[Path]) -> Path | None:
    if len(paths) > 1:
        paths = [path for path in paths if not any(str(step).startswith(_FORMER) for step in path)]
    return paths[0] if len(paths) == 1 else None


def _shallowest(pairs: dict[Path, Path]) -> dict[Path, Path]:
    """Those nearest to the root: what an object that moved takes along is found from there."""
    depth = min((len(then) + len(now) for then, now in pairs.items()), default=0)
    return {then: now for then, now in pairs.items() if len(then) + len(now) == depth}
