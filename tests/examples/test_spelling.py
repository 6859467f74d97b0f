import re

import pytest

MODES = ["sequential", "parallel", "async"]


@pytest.fixture
def correct(example, tmp_path):
    """What the machine makes of a text."""
    path = tmp_path / "text.txt"

    def run(text, known, **options):
        path.write_text(text)
        return example["flow"].run(path=path, known=set(known.split()), **options)

    return run


@pytest.mark.parametrize("mode", MODES)
def test_a_text_without_mistakes_is_reviewed_once(example, correct, mode):
    assert correct("The sea.", "the sea", mode=mode) == ("The sea.", [], 1.0)
    assert example["flow"].state_history == ["draft", "review", "finalize"]


@pytest.mark.parametrize("mode", MODES)
def test_it_is_left_as_soon_as_it_is_good(example, correct, mode):
    final = correct("The wether on the islnd", "the weather island on", mode=mode)
    assert final.text == "The weather on the island"
    assert example["flow"].state_history == ["draft", "review", "refine", "review", "finalize"]


def test_what_is_less_alike_takes_another_round(example, correct):
    assert correct("wethr wether", "weather").text == "weather weather"
    texts = [review.text for review in example["flow"].get_history("review")]
    assert texts == ["wethr wether", "wethr weather", "weather weather"]


def test_after_three_rounds_it_is_left_as_it_is_and_what_is_unknown_is_marked(example, correct):
    final = correct("the xyz", "the")
    assert final == ("the [xyz]", ["xyz"], 0.5)
    visits = example["flow"].context.visits
    assert visits == {"draft": 1, "review": 4, "refine": 3, "finalize": 1}


def test_a_word_that_stands_there_twice_stays_once(correct):
    assert correct("on and\nand on", "on and").text == "on and\nand on"
    assert correct("on and and on", "on and").text == "on and on"


def test_an_empty_text_is_good(correct):
    assert correct("", "a") == ("", [], 1.0)


def test_the_words_that_ship_with_it_are_in_order(example):
    words = (example["DATA"] / "words.txt").read_text().split()
    assert words == sorted(set(words))
    assert all(re.fullmatch("[a-z]+", word) for word in words)


def test_main_gets_better_from_review_to_review(example, capsys):
    example["main"]()
    lines = capsys.readouterr().out.splitlines()
    shares = [float(line.split()[2].rstrip("%")) for line in lines if line.startswith("review")]
    assert shares == sorted(shares)
    assert shares[0] < 90
    assert shares[-1] == shares[-2] > 98
    marked = [word for line in lines for word in re.findall(r"\[(\w+)\]", line)]
    assert marked == ["naybor", "Klausen"]
