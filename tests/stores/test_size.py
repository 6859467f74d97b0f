"""How much memory a value takes, about."""

import array
import sys
from dataclasses import dataclass

from fast_dag import Private
from fast_dag.stores.size import size_of

MEGABYTE = bytes(1_000_000)


class Slotted:
    __slots__ = ("one", "two")


@dataclass
class Record:
    data: bytes


class View:
    """An array-like that does not own its memory."""

    nbytes = 5_000_000


def test_containers_count_with_what_they_hold():
    for value in ([MEGABYTE], (MEGABYTE,), {MEGABYTE}, {"a": MEGABYTE}, {MEGABYTE: 1}, [[[MEGABYTE]]]):
        assert 1_000_000 < size_of(value) < 1_001_000


def test_attributes_count():
    slotted = Slotted()
    slotted.one = MEGABYTE
    assert 1_000_000 < size_of(Record(MEGABYTE)) < 1_001_000
    assert 1_000_000 < size_of(slotted) < 1_001_000


def test_an_object_that_is_held_twice_counts_once():
    assert size_of([MEGABYTE, [MEGABYTE], {"a": MEGABYTE}]) < 1_001_000


def test_a_value_that_holds_itself_is_measured():
    ring = [MEGABYTE]
    ring.append(ring)
    assert 1_000_000 < size_of(ring) < 1_001_000


def test_depth_is_no_limit():
    nested = []
    for _ in range(50_000):
        nested = [nested]
    assert size_of(nested) > 50_000 * sys.getsizeof([])


def test_the_buffer_of_an_array_like_counts():
    assert 5_000_000 <= size_of(View()) < 5_001_000
    assert 800_000 <= size_of(array.array("d", bytes(800_000))) < 900_000


def test_the_rest_of_a_huge_container_is_estimated_by_what_was_seen():
    numbers = [float(number) for number in range(200_000)]
    exact = sys.getsizeof(numbers) + 200_000 * sys.getsizeof(1.0)
    assert 0.9 * exact < size_of(numbers) < 1.1 * exact


def test_the_rest_of_many_records_is_estimated_with_what_they_hold():
    records = [{"rows": [bytes(1000)]} for _ in range(30_000)]
    assert 30e6 < size_of({"records": records}) < 50e6


def test_classes_and_functions_belong_to_the_program():
    assert size_of([Record, size_of, sys]) < 200


def test_a_secret_counts_with_what_it_hides():
    assert 1_000_000 < size_of([Private(MEGABYTE)]) < 1_001_000
