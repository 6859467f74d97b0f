"""Which epoch of a session is due, and which can still bring something."""

import pytest

from fast_dag.iterate.progress import Input, Progress
from fast_dag.iterate.sent import Sent


@pytest.fixture
def progress():
    made = Progress()
    made.inputs = {"x": Input("x", "value"), "y": Input("y", "value")}
    return made


def advance(progress, name, epoch):
    about = progress.inputs[name]
    progress.leave(about.epoch)
    about.epoch = epoch


def close(progress):
    for each in progress.inputs.values():
        each.is_closed = True


def test_at_first_everything_can_come_and_nothing_is_due(progress):
    assert (progress.due, progress.frontier) == (None, 0)


def test_an_epoch_is_due_when_all_inputs_have_left_it(progress):
    advance(progress, "x", 3)
    assert (progress.due, progress.frontier) == (None, 0)
    advance(progress, "y", 2)
    assert (progress.due, progress.frontier) == (0, 0)


def test_epochs_are_due_in_their_order(progress):
    for epoch in (1, 4, 6):
        advance(progress, "x", epoch)
        advance(progress, "y", epoch)
    ran = []
    while progress.due is not None:
        ran.append(progress.due)
        progress.has_begun = True
        progress.done(progress.due)
    assert ran == [0, 1, 4]
    assert progress.frontier == 6


def test_what_was_sent_is_let_go_of_when_the_epoch_has_run(progress):
    sent = progress.inputs["x"].sent[0] = Sent("value")
    progress.leave(0)
    assert progress.sent(0) == {"x": sent}
    progress.done(0)
    assert progress.sent(0) == {}
    assert progress.inputs["x"].sent == {}


def test_a_closed_input_holds_nothing_up(progress):
    progress.inputs["x"].is_closed = True
    advance(progress, "y", 1)
    assert progress.due == 0


def test_when_all_are_closed_without_anything_sent_epoch_0_is_due(progress):
    close(progress)
    assert (progress.due, progress.frontier) == (0, 0)
    progress.has_begun = True
    progress.done(0)
    assert (progress.due, progress.frontier) == (None, None)


def test_the_epoch_that_an_input_was_closed_at_is_none_of_its_own(progress):
    advance(progress, "x", 1)
    advance(progress, "y", 1)
    close(progress)
    progress.has_begun = True
    progress.done(0)
    assert (progress.due, progress.frontier) == (None, None)


def test_once_it_is_over_nothing_can_come(progress):
    advance(progress, "x", 1)
    progress.is_over = True
    assert (progress.due, progress.frontier) == (None, None)


def test_epochs_that_were_left_in_any_order_are_due_in_theirs(progress):
    for epoch in (5, 2, 9, 2, 5):
        progress.leave(epoch)
    close(progress)
    found = []
    while (epoch := progress.due) is not None:
        progress.has_begun = True
        assert progress.frontier == epoch
        found.append(epoch)
        progress.done(epoch)
    assert (found, progress.frontier) == ([2, 5, 9], None)
