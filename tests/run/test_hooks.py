"""Which hooks there are, what they take, and which stay when others change."""

import functools

import pytest

from fast_dag import DAG, Context, Node, UnknownNodeError, UnknownOptionError, ValidationError

NEEDS = {
    "pre_execute": "(node, inputs[, context])",
    "post_execute": "(node, inputs, result[, context])",
    "on_error": "(node, inputs, error[, context])",
    "cleanup": "(node[, context])",
}


def tried_dag():
    """A workflow whose one node fails at first, so that all of its hooks are called."""
    dag, calls = DAG("hooked"), []

    @dag.node(retry=2)
    def tried():
        calls.append(1)
        return 1 // (len(calls) - 1)

    return dag


def lengths(dag):
    """How many arguments each hook of a run is given that takes any number."""
    found = {}

    def taking(phase):
        return lambda *args: found.setdefault(phase, args) and None

    dag.set_node_hooks("tried", **{phase: taking(phase) for phase in NEEDS})
    dag.run()
    return {phase: len(args) for phase, args in found.items()}


@pytest.mark.parametrize("set_hooks", [DAG.set_default_hooks, DAG.set_global_hooks])
def test_an_unknown_hook_is_refused_with_the_one_that_was_meant(set_hooks):
    with pytest.raises(UnknownOptionError, match="'pre_exec'; did you mean 'pre_execute'"):
        set_hooks(tried_dag(), pre_exec=print)


def test_an_unknown_hook_of_a_node_is_refused_with_its_name():
    with pytest.raises(UnknownOptionError, match=r"set_node_hooks\('tried'\) takes no 'cleanups'"):
        tried_dag().set_node_hooks("tried", cleanups=print)


def test_hooks_of_an_unknown_node_are_refused():
    with pytest.raises(UnknownNodeError, match="no node 'tired' in 'hooked'; did you mean 'tried'"):
        tried_dag().set_node_hooks("tired", cleanup=print)


@pytest.mark.parametrize("phase", NEEDS)
@pytest.mark.parametrize(
    "wrong",
    [3, "print", lambda: None, lambda a, b, c, d, e: None, lambda *, node: None, lambda *args, more: None],
    ids=["number", "text", "none", "five", "by keyword", "one more by keyword"],
)
def test_a_hook_that_cannot_be_called_is_refused_with_what_it_must_take(phase, wrong):
    with pytest.raises(ValidationError) as caught:
        tried_dag().set_node_hooks("tried", **{phase: wrong})
    assert str(caught.value).startswith(f"{phase} must take {NEEDS[phase]}, got ")


def test_one_bad_hook_leaves_all_hooks_as_they_were():
    dag, seen = tried_dag(), []
    dag.set_default_hooks(cleanup=lambda node: seen.append("old"))
    with pytest.raises(ValidationError):
        dag.set_default_hooks(cleanup=lambda node: seen.append("new"), on_error=3)
    dag.run()
    assert seen == ["old"]


def test_the_full_form_is_taken_by_what_takes_any_number():
    assert lengths(tried_dag()) == {"pre_execute": 3, "on_error": 4, "post_execute": 4, "cleanup": 2}


def test_the_full_form_is_taken_by_what_has_a_default_for_the_context():
    dag, seen = tried_dag(), []
    dag.set_default_hooks(cleanup=lambda node, context=None: seen.append(type(context)))
    dag.run()
    assert seen == [Context]


class Keeper:
    """Callable objects and methods as hooks."""

    def __init__(self):
        self.seen = []

    def __call__(self, node):
        self.seen.append(type(node))

    def method(self, node, context):
        self.seen.append(type(context))


@pytest.mark.parametrize(
    ("hook", "seen"),
    [
        (lambda keeper: keeper, Node),
        (lambda keeper: keeper.method, Context),
        (lambda keeper: functools.partial(Keeper.method, keeper), Context),
        (lambda keeper: keeper.seen.append, None),
    ],
    ids=["object", "method", "partial", "builtin"],
)
def test_a_hook_may_be_any_kind_of_callable(hook, seen):
    dag, keeper = tried_dag(), Keeper()
    dag.set_default_hooks(cleanup=hook(keeper))
    dag.run()
    assert [each if isinstance(each, type) else None for each in keeper.seen] == [seen]


def test_a_hook_not_mentioned_stays_and_none_removes_one():
    dag, seen = tried_dag(), []
    for set_hooks, where in (
        (dag.set_default_hooks, "default"),
        (functools.partial(dag.set_node_hooks, "tried"), "node"),
    ):
        set_hooks(
            post_execute=lambda node, inputs, result, where=where: seen.append(f"{where} post"),
            cleanup=lambda node, *_, where=where: seen.append(f"{where} cleanup"),
        )
        set_hooks(pre_execute=lambda node, inputs, *_, where=where: seen.append(f"{where} pre"))
        set_hooks(post_execute=None, on_error=None)
    dag.run()
    assert seen == ["default pre", "node pre", "node cleanup", "default cleanup"]


def test_default_hooks_are_for_nodes_that_come_later_too():
    dag, seen = DAG("later"), []
    assert dag.set_global_hooks(cleanup=lambda node: seen.append(node.name)) is dag
    dag.node(lambda: 1, name="later")
    dag.run()
    assert seen == ["later"]
