import pytest

from fast_dag.cycles import RetryExhaustedError


@pytest.fixture
def asked(example, tmp_path):
    """What comes of asking a server with these troubles, and of the cycle around that."""
    path = tmp_path / "file"
    path.write_text("species\n" + "Adelie\nGentoo\nAdelie\n" * 10)
    flow = example["flow"]

    def run(*troubles, **options):
        with example["serving"](path, *troubles) as host:
            found = flow.run(host=host, **options)
        return found, flow.context.metadata["cycles"]["asking"]

    return run


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
@pytest.mark.parametrize("troubles", [[], ["busy"], ["cut", "busy"], ["busy", "cut", "cut", "busy"]])
def test_it_asks_until_the_answer_is_good(asked, troubles, mode):
    found, asking = asked(*troubles, mode=mode)
    assert found == {"Adelie": 20, "Gentoo": 10}
    assert (asking.total_iterations, asking.converged) == (len(troubles) + 1, True)


def test_it_gives_up_in_the_end(asked):
    with pytest.raises(RetryExhaustedError) as caught:
        asked(*["busy"] * 9)
    assert caught.value.attempts == 5


def test_a_server_that_is_away_is_asked_again_too(example, tmp_path):
    (tmp_path / "file").touch()
    with example["serving"](tmp_path / "file") as host:
        pass
    with pytest.raises(RetryExhaustedError) as caught:
        example["flow"].run(host=host)
    assert isinstance(caught.value.__cause__, OSError)


def test_main_shows_an_answer_and_a_server_that_is_given_up(example, capsys):
    example["main"]()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "{'Adelie': 152, 'Gentoo': 124, 'Chinstrap': 68}"
    assert printed[1] == "converged after 4 attempts"
    assert printed[3] == "max_iterations after 5 attempts"
