from inspector.anchore.catalogue import DocumentedType, documented_types, grouped, parts, sender_order


def documented(event_type: str) -> DocumentedType:
    return next(known for known in documented_types() if known.type == event_type)


def test_every_type_is_listed_once_and_legacy_ones_last():
    types = [known.type for known in documented_types()]
    assert len(types) == len(set(types))
    legacy = [known.legacy for known in documented_types()]
    assert legacy == sorted(legacy)
    assert legacy.count(False) == 35
    assert legacy.count(True) == 5


def test_a_structured_type_has_category_level_message_and_resource_type():
    for known in documented_types():
        if known.legacy:
            continue
        assert known.category in ("user", "system")
        assert known.level in ("info", "error")
        assert known.message
        assert known.resource_type
        assert ".".join((known.category, known.subcategory, known.event)) == known.type


def test_a_legacy_type_is_an_event_alone():
    known = documented("policy_eval")
    assert (known.category, known.subcategory, known.event) == ("", "", "policy_eval")
    assert known.level is None
    assert known.message is None


def test_what_is_only_inferred_says_so():
    assert documented("user.image.analysis.completed").source == "documented payload"
    assert documented("user.policy.active.updated").source == "engine source"
    assert documented("system.image_analysis.completed").source == "engine source, details unknown"


def test_the_list_is_read_once():
    assert documented_types() is documented_types()


def test_parts_splits_at_the_first_two_dots():
    assert parts("user.checks.tag.policy_evaluation.update") == (
        "user",
        "checks",
        "tag.policy_evaluation.update",
    )
    assert parts("system.service.removed") == ("system", "service", "removed")
    assert parts("order.paid") == ("order", "", "paid")
    assert parts("ping") == ("", "", "ping")
    assert parts("") == ("", "", "")


def test_types_are_grouped_by_category_and_subcategory() -> None:
    names = ["user.image.b", "tag_update", "system.feeds.x", "user.image.a.c", "policy_eval"]
    assert grouped(names) == [
        ("", ["system.feeds.x"]),
        ("user.image", ["user.image.a.c", "user.image.b"]),
        ("", ["policy_eval", "tag_update"]),
    ]
    assert sorted([None, "github", "anchore"], key=sender_order) == ["anchore", "github", None]
