"""When a cycle only repeats itself."""

from fast_dag.run.stalling import Stalling


class Items:
    """Compares like an array: item by item."""

    def __init__(self, *items):
        self.items = items

    def __eq__(self, other):
        return Items(*(one == two for one, two in zip(self.items, other.items, strict=True)))

    def all(self):
        return all(self.items)

    __hash__ = None


def periods(window, *values):
    stalling = Stalling(window)
    return [stalling.period([value], {}) for value in values]


def test_equal_values_for_a_whole_window():
    assert periods(3, 1, 2, 2, 2) == [0, 0, 0, 1]


def test_a_window_of_one_sees_the_first_repetition():
    assert periods(1, 1, 2, 2) == [0, 0, 1]


def test_values_that_come_round_again():
    assert periods(3, 1, 2, 1, 2) == [0, 0, 0, 2]
    assert periods(2, 1, 2, 3, 1, 2, 3) == [0] * 6


def test_a_list_that_is_changed_in_place_has_changed():
    stalling, growing = Stalling(2), []
    found = []
    for number in range(4):
        growing.append(number)
        found.append(stalling.period([growing], {}))
    assert found == [0, 0, 0, 0]


def test_the_states_of_nodes_count_as_well():
    stalling = Stalling(2)
    assert [stalling.period([1], {"node": {"count": count}}) for count in (1, 2, 2)] == [0, 0, 1]


def test_arrays_are_equal_if_all_their_items_are():
    assert periods(2, Items(1, 2), Items(1, 3), Items(1, 3)) == [0, 0, 1]
