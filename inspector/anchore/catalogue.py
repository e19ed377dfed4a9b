"""Anchore's documented event types: what a deployment may send, whether or not it was ever seen here.

The list is knowledge, not a limit: a deployment has types that are documented nowhere; those are learnt from
traffic.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class DocumentedType:
    """One event type that public material describes."""

    type: str
    level: str | None
    """``info`` or ``error``; None for the notifications of the legacy webhook, which have no level."""
    resource_type: str | None
    """What `resource.id` names: ``image_tag``, ``image_digest``, ``service`` …; None when it varies."""
    message: str | None
    """The fixed text that comes with the type; None for the legacy webhook."""
    source: str
    """How it is known: ``documented payload``, ``API specification example``, ``engine source`` (``…, details
    unknown`` where nothing tells what `details` holds) or ``legacy webhook``."""

    @property
    def category(self) -> str:
        """``user`` or ``system``; empty for the legacy webhook."""
        return parts(self.type)[0]

    @property
    def subcategory(self) -> str:
        """``image``, ``checks``, ``feeds`` …; empty for the legacy webhook."""
        return parts(self.type)[1]

    @property
    def event(self) -> str:
        """What is left of the type after category and subcategory; may hold dots itself."""
        return parts(self.type)[2]

    @property
    def legacy(self) -> bool:
        """True for the notifications of the older webhook, which Enterprise 6 no longer has."""
        return self.source == "legacy webhook"


@cache
def documented_types() -> tuple[DocumentedType, ...]:
    """All documented types by name, those of the legacy webhook last; read from the package at first use."""
    listed = json.loads((files(__package__) / "event_types.json").read_text(encoding="utf-8"))
    return tuple(DocumentedType(**fields) for fields in listed)


def parts(event_type: str) -> tuple[str, str, str]:
    """Split a type into category, subcategory and event, at the first two dots.

    ``user.image.analysis.completed`` gives ``("user", "image", "analysis.completed")``. The last part is
    always the event: ``tag_update`` gives ``("", "", "tag_update")``.
    """
    *groups, event = event_type.split(".", 2)
    category, subcategory = (*groups, "", "")[:2]
    return category, subcategory, event


def grouped(names: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Types by their ``category.subcategory``, in order: the heading, and the types below it.

    The heading is empty where a type is alone below its own, and, at the end, for those that have none.
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        category, subcategory, _ = parts(name)
        groups.setdefault(f"{category}.{subcategory}" if subcategory else "", []).append(name)
    return [
        (heading if len(groups[heading]) > 1 else "", groups[heading])
        for heading in sorted(groups, key=lambda heading: (not heading, heading))
    ]


def sender_order(sender: str | None) -> tuple[bool, bool, str]:
    """By what senders are put in order: Anchore first, the others by name, none last."""
    return sender != "anchore", sender is None, sender or ""
