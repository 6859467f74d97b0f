from fast_dag.observe.alarms import Alarm


def test_an_alarm_rings_once_and_again_when_it_has_fallen_below_nine_tenths_of_its_mark():
    alarm = Alarm("memory", 0.8, 100.0, "{value:g} of {limit:g}")
    assert [alarm.rung(value, 0.0) is not None for value in (79, 80, 95, 75, 85, 71.9, 80)] == [
        *(False, True, False, False, False, False, True)
    ]


def test_an_alert_says_what_came_close_to_what():
    alert = Alarm("cpu", 0.5, 10.0, "{value:g} of {limit:g}").rung(6.0, 7.0)
    assert (alert.kind, alert.threshold, alert.limit, alert.value) == ("cpu", 0.5, 10.0, 6.0)
    assert (alert.message, alert.timestamp) == ("6 of 10", 7.0)


def test_what_is_not_known_rings_nothing():
    assert Alarm("cpu", 0.5, 10.0, "").rung(None, 0.0) is None
