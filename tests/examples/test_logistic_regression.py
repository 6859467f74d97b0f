import pytest


@pytest.fixture(scope="module")
def fitted(example):
    """What a fit comes to: the part told right, and the result of its cycle."""

    def fit(**inputs):
        told_right = example["flow"].run(path=example["DATA"], **inputs)
        return told_right, example["flow"].context.metadata["cycles"]["fit"]

    return fit


def test_it_ends_on_a_plateau(fitted):
    told_right, result = fitted()
    losses = result.metric_history["loss"]
    assert (result.reason, result.verdict) == ("converged", "converged")
    assert (losses[-5] - losses[-1]) / 4 < 5e-4 <= (losses[-6] - losses[-2]) / 4
    assert losses == sorted(losses, reverse=True)
    assert told_right > 0.88


def test_it_is_given_up_when_the_steps_are_too_big(fitted):
    _, result = fitted(rate=12.0)
    assert (result.reason, result.converged) == ("early_stopped", False)
    assert result.total_iterations - 1 - result.best_iteration == 5
    assert result.best_quality == min(result.metric_history["other_loss"])


@pytest.mark.parametrize("mode", ["parallel", "async"])
def test_every_mode_fits_the_same(example, fitted, mode):
    few = {"rate": 12.0}
    one, other = fitted(**few)[1], fitted(**few, mode=mode)[1]
    assert one.outputs["judge"] == other.outputs["judge"]


def test_main_tells_of_three_fits(example, capsys):
    example["main"]([])
    reasons = [line.split()[2] for line in capsys.readouterr().out.splitlines()]
    assert reasons == ["converged", "converged", "early_stopped"]


def test_a_report_is_written_where_it_is_wanted(example, tmp_path, capsys):
    example["main"](["--report", str(tmp_path / "fit.html")])
    page = (tmp_path / "fit.html").read_text()
    assert page.startswith("<!doctype html>")
    assert all(word in page for word in ("logistic regression", "descend", "judge", "other_loss"))
    assert len(capsys.readouterr().out.splitlines()) == 3
