"""What lands once, and who is told."""

import pytest

from fast_dag.stores.arrival import Arrival


def test_those_who_wait_are_called_once_in_order_when_it_lands():
    arrival, heard = Arrival(), []
    assert arrival.when_landed(lambda: heard.append(1))
    assert arrival.when_landed(lambda: heard.append(2))
    assert heard == []
    arrival.land()
    arrival.land()
    assert heard == [1, 2]


def test_what_has_landed_keeps_no_callback():
    arrival, heard = Arrival(), []
    arrival.land()
    assert not arrival.when_landed(lambda: heard.append(1))
    assert heard == []


def test_callbacks_may_ask_it():
    arrival, heard = Arrival(), []
    arrival.when_landed(lambda: heard.append(arrival.when_landed(print)))
    arrival.land()
    assert heard == [False]


def test_a_callback_that_raises_keeps_nobody_waiting():
    arrival, heard = Arrival(), []
    arrival.when_landed(lambda: 1 / 0)
    arrival.when_landed(lambda: heard.append(1))
    with pytest.raises(ZeroDivisionError):
        arrival.land()
    assert heard == [1]
