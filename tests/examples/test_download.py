import time

import pytest

MODES = ["sequential", "parallel", "async"]


@pytest.fixture
def download(example, tmp_path):
    """What the machine makes of a server with these troubles."""
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")

    def run(*troubles, **options):
        with example["serving"](path, *troubles) as host:
            return example["flow"].run(host=host, **options)

    return run


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("troubles", "attempts"), [([], 1), (["busy"], 2), (["cut", "busy"], 3), (["busy", "cut", "spoilt"], 4)]
)
def test_it_is_tried_again_until_the_file_is_there(example, download, troubles, attempts, mode):
    assert download(*troubles, mode=mode) == (b"0123456789", "")
    assert example["flow"].context.visits["fetch"] == attempts
    assert example["flow"].is_terminated


@pytest.mark.parametrize(
    ("trouble", "fault"),
    [("busy", "status 503"), ("cut", "5 of 10 bytes"), ("spoilt", "another checksum")],
)
def test_after_4_attempts_it_is_given_up_without_an_exception(example, download, trouble, fault):
    assert download(*[trouble] * 9) == (b"", fault)
    flow = example["flow"]
    assert flow.state_history == ["fetch", "check", "wait"] * 3 + ["fetch", "check"]
    assert flow.is_terminated


def test_a_server_that_is_away_has_status_0(example, tmp_path):
    (tmp_path / "file").touch()
    with example["serving"](tmp_path / "file") as host:
        pass
    assert example["flow"].run(host=host) == (b"", "status 0")


def test_each_pause_is_twice_as_long_as_the_one_before(example, download, monkeypatch):
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    download(*["busy"] * 4)
    assert pauses == [0.01, 0.02, 0.04]


def test_main_shows_one_download_and_one_that_is_given_up(example, capsys):
    example["main"]()
    assert capsys.readouterr().out.splitlines() == [
        "attempt 1: status 503",
        "attempt 2: 7620 of 15241 bytes",
        "attempt 3: another checksum",
        "attempt 4: all is well",
        "15241 bytes",
        *[f"attempt {number}: status 503" for number in (1, 2, 3, 4)],
        "given up",
    ]
