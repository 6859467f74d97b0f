import networkx as nx
import pytest


def reachable(days):
    """What networkx finds when all flights are known at once."""
    return nx.transitive_closure(nx.DiGraph([flight for day in days for flight in day]))


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_each_day_is_as_if_all_flights_had_been_known_at_once(example, mode):
    days = example["DAYS"]
    with example["announced"]().session(mode=mode) as session:
        flights = session.input("reachable")
        for number, news in enumerate(days):
            flights.advance_to(number)
            flights.send_many(news)
    found = session.results("board")
    for number, (time, day) in enumerate(found):
        closed = reachable(days[: number + 1])
        assert time == (number,)
        assert day.connections == closed.number_of_edges()
        assert day.from_lisbon == sorted(city for city in closed.successors("Lisbon") if city != "Lisbon")


def test_a_day_works_out_what_its_news_adds(example):
    flow = example["announced"]()
    found = []
    with flow.session() as session:
        flights = session.input("reachable")
        for number, news in enumerate(example["DAYS"]):
            flights.send_many(news)
            flights.advance_to(number + 1)
            session.drain()
            history = flow.context.metadata["cycles"]["routes"].history
            found.append(sum(each.items for each in history))
    # Besides the flights themselves; what was announced on the fourth day was known already.
    assert found[3] == 0
    assert sum(found) + 9 - 1 == reachable(example["DAYS"]).number_of_edges()


def test_main_shows_every_day(example, capsys):
    example["main"]()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "day 0: 9 connections, 3 rounds of work"
    assert printed[6] == "day 3: 19 connections, 0 rounds of work"
    assert len(printed) == 10
