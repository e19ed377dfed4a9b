"""Names cut so that what tells them apart stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.core import shorten

POLICY = "user.checks.tag.policy_evaluation.update"
LOOKUP = "system.image_analysis.registry_lookup_failed"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        (POLICY, 40, POLICY),
        (POLICY, 34, "…tag.policy_evaluation.update"),
        (POLICY, 27, "…policy_evaluation.update"),
        (POLICY, 24, "…policy_evaluati….update"),
        ("vulnerabilities.update", 20, "vulnerabilit….update"),
        (LOOKUP, 27, "…registry_lookup_failed"),
        (LOOKUP, 12, "…registry_l…"),
        ("user.image.analysis.completed", 27, "…image.analysis.completed"),
        ("nodots_at_all_here", 8, "nodots_…"),
    ],
)
def test_types_lose_leading_segments(text: str, width: int, shown: str) -> None:
    """Whole segments go first; a short last one takes a piece of its neighbour along."""
    assert shorten.event_type(text, width) == shown


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("docker.io/library/nginx:1.27", 16, "…/nginx:1.27"),
        ("docker.io/library/nginx:1.27", 11, "…nginx:1.27"),
        ("registry.example.com/shop/cart:2.14", 16, "…/shop/cart:2.14"),
        ("sha256:" + "5b1fa21c" * 8, 13, "sha256:5b1fa…"),
        ("docker.io/nginx@sha256:" + "5b1fa21c" * 8, 20, "nginx@sha256:5b1fa2…"),
        ("anchore-policy:8087", 13, "…-policy:8087"),
        ("acme/shop#412", 13, "acme/shop#412"),
        ("analyzer.svc.cluster.local:8087", 12, "…local:8087"),
    ],
)
def test_resources_lose_leading_parts(text: str, width: int, shown: str) -> None:
    """The name and tag stay; a digest keeps its beginning."""
    assert shorten.resource(text, width) == shown


@given(st.text(), st.integers(0, 30))
def test_never_wider_than_asked(text: str, width: int) -> None:
    """Whatever the text, it fits."""
    for cut in (shorten.end, shorten.start, shorten.middle, shorten.event_type, shorten.resource):
        assert len(cut(text, width)) <= width


def test_a_cut_in_the_middle_keeps_both_ends() -> None:
    assert shorten.middle("user.image.analysis.completed", 13) == "user.i…pleted"
    assert shorten.middle("user.image.analysis.completed", 12) == "user.…pleted"
    assert shorten.middle("short", 5) == "short"


def test_two_texts_are_shown_from_where_they_differ() -> None:
    """A long beginning that both share goes but for some of it; what fits, or differs soon, stays whole."""
    same = "the same beginning " * 8
    assert shorten.differing(f"{same}ONE end", f"{same}TWO end", 30) == (
        "…ng the same beginning ONE end",
        "…ng the same beginning TWO end",
    )
    differing = shorten.differing(f"{same}ONE{same}", f"{same}TWO{same}", 30)
    assert [text[:14] for text in differing] == ["…beginning ONE", "…beginning TWO"]
    assert [len(text) for text in shorten.differing(same, f"{same}more", 30)] == [26, 30]
    assert shorten.differing("short one", "short two", 30) == ("short one", "short two")
    assert shorten.differing(f"a{same}", f"b{same}", 30) == (f"a{same}", f"b{same}")
    assert shorten.differing("x" * 5_000_000 + "1", "x" * 5_000_000 + "2", 9, "...") == (
        "...xxxxx1",
        "...xxxxx2",
    )
