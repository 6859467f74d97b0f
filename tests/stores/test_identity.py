"""Values for objects, found by identity and gone with them."""

import threading

from fast_dag.stores.identity import IdentityMap, token_of


class Same:
    """Equal to all of its kind, and impossible to hash."""

    __hash__ = None

    def __eq__(self, other):
        return isinstance(other, Same)


def test_equal_objects_have_a_value_each():
    found, one, other = IdentityMap(), Same(), Same()
    assert [found.get_or_make(one, lambda: 1), found.get_or_make(other, lambda: 2)] == [1, 2]
    assert [found.get(one), found.get(other), found.get(Same())] == [1, 2, None]


def test_a_value_is_made_once():
    found, owner, made = IdentityMap(), Same(), []

    def make():
        made.append(len(made))
        return made[-1]

    assert [found.get_or_make(owner, make) for _ in range(3)] == [0, 0, 0]
    assert made == [0]


def test_threads_that_ask_at_once_get_one_value():
    found, owner, answers = IdentityMap(), Same(), []
    everyone = threading.Barrier(4)

    def ask():
        everyone.wait(5)
        answers.append(found.get_or_make(owner, object))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    assert len(set(map(id, answers))) == 1


def test_a_value_goes_with_its_object():
    class Noticed:
        """Something whose end can be seen."""

        def __del__(self):
            gone.append(True)

    gone, found, owner = [], IdentityMap(), Same()
    found.get_or_make(owner, Noticed)
    assert gone == []
    del owner
    assert gone == [True]


def test_what_cannot_be_referred_to_weakly_keeps_its_value():
    found, owner = IdentityMap(), [1]
    assert found.get_or_make(owner, lambda: "value") == "value"
    assert found.get(owner) == "value"
    assert found.get([1]) is None


def test_a_token_tells_an_object_from_all_that_came_before():
    tokens = {token_of(Same()) for _ in range(100)}
    assert len(tokens) == 100
    owner = Same()
    assert token_of(owner) == token_of(owner)
