"""How often a node is tried, how long it may take, what it waits in between."""

import pytest

import fast_dag
from fast_dag import DAG, Node, UnknownOptionError
from fast_dag.graph.settings import NodeSettings


def fetch(url):
    return url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("retry", 1),
        ("retry_delay", 0.0),
        ("retry_backoff", 2.0),
        ("retry_jitter", 0.0),
        ("retry_max_delay", None),
        ("retry_on", (Exception,)),
        ("timeout", None),
    ],
)
def test_a_setting_that_is_not_given_has_its_default(name, value):
    assert getattr(Node(fetch).settings, name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("retry", 0),
        ("retry", -1),
        ("retry", 1.5),
        ("retry", True),
        ("retry", "3"),
        ("retry", None),
        ("retry_delay", -0.1),
        ("retry_delay", "1"),
        ("retry_delay", float("nan")),
        ("retry_backoff", 0.5),
        ("retry_backoff", -2),
        ("retry_backoff", None),
        ("retry_jitter", -0.1),
        ("retry_max_delay", -1),
        ("retry_on", "ValueError"),
        ("retry_on", int),
        ("retry_on", (ValueError, int)),
        ("retry_on", 5),
        ("retry_on", None),
        ("timeout", 0),
        ("timeout", -1),
        ("timeout", "1 s"),
        ("timeout", False),
        ("cached", "yes"),
        ("cache_ttl", 0),
        ("cache_ttl", "1 h"),
        ("cache_key", "url"),
        ("cache_key", []),
        ("cache_key", [1]),
        ("cache_version", 2),
        ("cache_copy", 1),
        ("map", ["url"]),
        ("map", ""),
        ("depth", 0),
        ("max_concurrency", 0),
        ("item_errors", "ignore"),
        ("stream", "twice"),
        ("stream", True),
        ("stream", 0),
        ("stream_buffer", 0),
    ],
)
def test_a_bad_setting_is_a_value_error_that_names_it_and_the_node(name, value):
    with pytest.raises(ValueError, match=f"node 'fetch': {name} must"):
        Node(fetch, **{name: value})


def test_a_misspelt_setting_is_unknown_and_the_nearest_one_suggested():
    with pytest.raises(UnknownOptionError, match="'fetch' takes no 'retrys'; did you mean 'retry'"):
        Node(fetch, retrys=3)


@pytest.mark.parametrize(("given", "meant"), [("output", "outputs"), ("desciption", "description")])
def test_a_misspelt_option_that_is_no_setting_is_suggested_too(given, meant):
    with pytest.raises(UnknownOptionError, match=f"did you mean '{meant}'"):
        Node(fetch, **{given: "x"})


def test_every_unknown_setting_is_reported_at_once():
    with pytest.raises(UnknownOptionError) as caught:
        Node(fetch, colour=1, shape=2)
    assert len(caught.value.errors) == 2


def test_one_exception_class_will_do_for_retry_on():
    assert Node(fetch, retry_on=OSError).settings.retry_on == (OSError,)


def test_settings_cannot_be_changed_from_outside():
    with pytest.raises(AttributeError):
        Node(fetch).settings.retry = 3


def test_each_wait_is_the_backoff_times_the_one_before():
    settings = NodeSettings(retry=4, retry_delay=0.5, retry_backoff=3)
    assert [settings.wait(attempt, OSError()) for attempt in (1, 2, 3)] == [0.5, 1.5, 4.5]


def test_there_is_no_wait_after_the_last_attempt():
    assert NodeSettings(retry=3, retry_delay=0.5).wait(3, OSError()) is None


def test_without_a_delay_the_next_attempt_comes_at_once():
    assert NodeSettings(retry=3, retry_jitter=1.0).wait(1, OSError(), chance=1.0) == 0.0


def test_another_error_than_those_listed_is_not_tried_again():
    assert NodeSettings(retry=3, retry_on=(OSError,)).wait(1, ValueError()) is None


def test_a_subclass_of_a_listed_error_is_tried_again():
    assert NodeSettings(retry=3, retry_on=(OSError,)).wait(1, FileNotFoundError()) == 0.0


@pytest.mark.parametrize("listed", [Exception, TimeoutError, fast_dag.TimeoutError])
def test_a_timeout_is_tried_again_where_it_or_every_exception_is_listed(listed):
    assert NodeSettings(retry=3, retry_on=listed).wait(1, fast_dag.TimeoutError()) == 0.0


def test_jitter_lengthens_the_wait_by_up_to_its_fraction():
    settings = NodeSettings(retry=3, retry_delay=2.0, retry_jitter=0.5)
    assert [settings.wait(1, OSError(), chance) for chance in (0.0, 0.5, 1.0)] == [2.0, 2.5, 3.0]


def test_the_longest_delay_bounds_the_wait_jitter_included():
    settings = NodeSettings(retry=9, retry_delay=2.0, retry_jitter=0.5, retry_max_delay=2.2)
    assert [settings.wait(attempt, OSError(), 1.0) for attempt in (1, 5)] == [2.2, 2.2]


def test_a_wait_that_no_number_can_hold_is_the_longest_delay():
    settings = NodeSettings(retry=10_000, retry_delay=1, retry_backoff=10, retry_max_delay=60)
    assert settings.wait(9_000, OSError()) == 60


def test_two_decorators_over_one_function_give_one_node_with_both_settings():
    dag = DAG("flow")
    dag.node(timeout=5)(dag.node(retry=3)(fetch))
    settings = dag.nodes["fetch"].settings
    assert (settings.retry, settings.timeout) == (3, 5)


def test_a_bad_setting_in_a_second_decorator_is_a_value_error():
    dag = DAG("flow")
    dag.node(fetch)
    with pytest.raises(ValueError, match="retry"):
        dag.node(fetch, retry=0)


IDLE = {
    "cached=True": [
        ("cache_backend", "disk"),
        ("cache_ttl", 5),
        ("cache_key", ["url"]),
        ("cache_version", "1"),
        ("cache_copy", True),
    ],
    "map=": [("depth", 2), ("max_concurrency", 3), ("item_errors", "skip")],
    "stream='tee'": [("stream_buffer", 5)],
}
SWITCHES = {"cached=True": {"cached": True}, "map=": {"map": "url"}, "stream='tee'": {"stream": "tee"}}


@pytest.mark.parametrize(("needed", "option"), [(needed, each) for needed in IDLE for each in IDLE[needed]])
def test_a_setting_that_would_do_nothing_is_a_value_error_that_says_what_it_needs(needed, option):
    name, value = option
    with pytest.raises(ValueError, match=f"node 'fetch': {name}=.* does nothing without {needed}"):
        Node(fetch, **{name: value})


@pytest.mark.parametrize("needed", IDLE)
def test_settings_with_what_they_need_are_kept(needed):
    settings = Node(fetch, **dict(IDLE[needed]), **SWITCHES[needed]).settings
    assert all(getattr(settings, name) in (value, ("url",)) for name, value in IDLE[needed])


@pytest.mark.parametrize("needed", IDLE)
def test_defaults_may_be_given_where_they_do_nothing(needed):
    defaults = {name: getattr(NodeSettings(), name) for name, _ in IDLE[needed]}
    assert Node(fetch, **defaults).settings == NodeSettings()


@pytest.mark.parametrize(
    ("needed", "off"),
    [("cached=True", {"cached": False}), ("map=", {"map": None}), ("stream='tee'", {"stream": "list"})],
)
def test_what_is_switched_off_goes_back_to_its_defaults(needed, off):
    node = Node(fetch, retry=3, **dict(IDLE[needed]), **SWITCHES[needed])
    node.updated(**off)
    assert node.settings == NodeSettings(
        retry=3, **{name: value for name, value in off.items() if value == "list"}
    )


def test_a_buffer_is_for_a_tee_only():
    for stream in (None, "once", "list", False):
        with pytest.raises(ValueError, match="stream_buffer=5 does nothing without stream='tee'"):
            Node(fetch, stream=stream, stream_buffer=5)


@pytest.mark.parametrize("stream", ["once", "tee"])
def test_the_list_of_a_map_is_no_stream(stream):
    with pytest.raises(ValueError, match=f"node 'fetch': stream='{stream}' does nothing for a map.*'list'"):
        Node(fetch, map="url", stream=stream)
    dag = DAG("flow")
    node = dag.node(fetch, stream=stream)
    with pytest.raises(ValueError, match="does nothing for a map"):
        dag.map(node)
    assert node.settings == NodeSettings(stream=stream)


def test_a_backend_is_never_compared():
    class Unequal:
        def __eq__(self, other):
            raise AssertionError("compared")

        __hash__ = None

    backend = Unequal()
    assert Node(fetch, cached=True, cache_backend=backend).settings.cache_backend is backend
