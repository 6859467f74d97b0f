"""Computations under way."""

import gc
import weakref

from fast_dag.stores.calls import Call
from fast_dag.stores.flights import Airspace, airspace_of
from fast_dag.stores.memory import MemoryCache


def call(key="k"):
    return Call(key, {}, {})


class Unlisted:
    """A backend that cannot be referred to weakly, nor be hashed."""

    __slots__ = ()
    __hash__ = None


def test_one_caller_claims_a_key_until_it_lands():
    airspace = Airspace()
    flight, is_mine, _ = airspace.claim(call(), 0)
    same, is_mine_too, _ = airspace.claim(call(), 0)
    assert (is_mine, is_mine_too, same is flight) == (True, False, True)
    assert airspace.is_open("k")
    airspace.land(flight)
    assert not airspace.is_open("k")
    assert airspace.claim(call(), 0)[0] is not flight


def test_a_claim_tells_what_has_landed_since_the_look():
    airspace = Airspace()
    landings = airspace.landings
    first, _, is_late = airspace.claim(call("a"), landings)
    assert not is_late
    airspace.land(first)
    assert airspace.claim(call("b"), landings)[2]
    assert not airspace.claim(call("c"), airspace.landings)[2]


def test_landing_an_old_flight_leaves_the_new_one_in_the_air():
    airspace = Airspace()
    old, _, _ = airspace.claim(call(), 0)
    airspace.land(old)
    airspace.claim(call(), 0)
    airspace.land(old)
    assert airspace.is_open("k")


def test_each_backend_has_one_airspace_for_as_long_as_it_lives():
    backend = MemoryCache()
    assert airspace_of(backend) is airspace_of(backend)
    assert airspace_of(backend) is not airspace_of(MemoryCache())
    gone = weakref.ref(airspace_of(backend))
    del backend
    gc.collect()
    assert gone() is None


def test_a_backend_that_cannot_be_referred_to_weakly_has_one_too():
    backend = Unlisted()
    assert airspace_of(backend) is airspace_of(backend)
    assert airspace_of(backend) is not airspace_of(Unlisted())


def test_the_histories_of_the_nodes_used_last_are_kept():
    airspace = Airspace()
    first = airspace.history("0")
    assert airspace.history("0") is first
    for number in range(1000):
        airspace.history(str(number + 1))
    assert airspace.history("0") is not first
