"""Values of recordings: equal ones have the same text, secrets none."""

import json

import pytest

from fast_dag import NO_DATA, ConditionalReturn, Converged, CycleStateError, FSMReturn, Private, SelectReturn
from fast_dag.run.recording import MASKED
from fast_dag.stores.recorded_values import decoded, encoded, needs_mask
from fast_dag.stores.tagged import plain, restored


@pytest.mark.parametrize(
    "value",
    [
        *(
            None,
            1,
            1.5,
            "text",
            b"bytes",
            [1, (2, {3})],
            {"a": {1: "b"}},
            float("inf"),
            NO_DATA,
            Converged([1]),
        ),
        *(
            ConditionalReturn(True, 3),
            SelectReturn("left", {"a": 1}),
            FSMReturn("b", 2),
            FSMReturn(stop=True),
        ),
    ],
)
def test_a_value_is_the_same_after_being_text(value):
    made = decoded(encoded(value))
    assert made == value
    assert type(made) is type(value)


def test_what_a_state_hands_on_is_told_from_none():
    assert decoded(encoded(FSMReturn("b"))).hands_on is False
    assert decoded(encoded(FSMReturn("b", None))).hands_on is True


def test_equal_sets_have_one_text_whatever_their_order():
    names = [f"name{number}" for number in range(50)]
    backwards = names[::-1]
    assert encoded(set(names)) == encoded(set(backwards))
    assert encoded([frozenset(names)]) == encoded([frozenset(backwards)])


def test_a_private_is_a_mask_which_is_a_private_again():
    text = encoded({"token": Private("hunter2"), "list": [Private(b"x")]})
    assert json.loads(text) == {"token": {"$private": None}, "list": [{"$private": None}]}
    made = decoded(text)
    assert isinstance(made["token"], Private)
    assert made["token"].reveal() is MASKED
    assert encoded(made) == text


def test_what_needs_a_mask_is_found_inside_containers():
    mask = decoded(encoded(Private(1)))
    assert needs_mask({"a": [(mask,)]})
    assert needs_mask(mask)
    assert not needs_mask([Private(1), {"a": 1}, "text"])


def test_masks_are_for_recordings_only():
    encoded(Private(1))
    with pytest.raises(CycleStateError, match="Private"):
        plain(Private(1))
    with pytest.raises(CycleStateError, match="'private', which nobody registered"):
        restored({"$private": None})


def test_what_nobody_registered_is_refused_by_the_name_it_is_given():
    with pytest.raises(CycleStateError, match=r"its result\.rows\.0 holds a object, which cannot be stored"):
        encoded({"rows": [object()]}, "its result")
    with pytest.raises(CycleStateError, match="'colour', which nobody registered"):
        decoded('{"$colour": 1}')
    for damaged in ("[", "NaN?", '{"$tuple": 3}'):
        with pytest.raises(CycleStateError, match="damaged"):
            decoded(damaged)
