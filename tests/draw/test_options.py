"""What is shown in a drawing, and in which colours."""

import dataclasses

import pytest

from fast_dag import UnknownOptionError, ValidationError
from fast_dag.draw.options import FIELDS, VisualizationOptions, options_with


def test_inputs_and_outputs_are_shown_by_default_and_nothing_else():
    options = VisualizationOptions()
    shown = {name for name in FIELDS if name.startswith("show_") and getattr(options, name)}
    assert shown == {"show_inputs", "show_outputs"}


def test_lines_lead_from_top_to_bottom_by_default():
    assert VisualizationOptions().direction == "TB"


@pytest.mark.parametrize("direction", ["TB", "BT", "LR", "RL"])
def test_a_direction_is_one_of_four(direction):
    assert VisualizationOptions(direction=direction).direction == direction


def test_top_down_is_another_name_of_top_to_bottom():
    assert VisualizationOptions(direction="TD") == VisualizationOptions(direction="TB")


@pytest.mark.parametrize("direction", ["", "tb", "up", "TB\n", None, 1, ["TB"]])
def test_any_other_direction_is_an_error_that_lists_them(direction):
    with pytest.raises(ValueError, match="known are TB, BT, LR, RL"):
        VisualizationOptions(direction=direction)


@pytest.mark.parametrize("color", ["#abc", "#A1b2C3", "red", "LightBlue"])
def test_a_color_is_a_hexadecimal_number_or_a_plain_name(color):
    assert VisualizationOptions(error_color=color).error_color == color


@pytest.mark.parametrize("name", ["success_color", "error_color", "skipped_color"])
@pytest.mark.parametrize(
    "color",
    [
        "",
        "#",
        "#ab",
        "#abcd",
        "#abcdefa",
        "#xyz",
        "red;",
        "red\n",
        'red"',
        "a b",
        "rgb(1,2,3)",
        "rød",
        None,
        7,
    ],
)
def test_any_other_color_is_an_error_that_names_the_option(name, color):
    with pytest.raises(ValueError, match=f"{name} must be '#rgb', '#rrggbb' or a name"):
        VisualizationOptions(**{name: color})


@pytest.mark.parametrize("name", [name for name in FIELDS if name.startswith("show_")])
@pytest.mark.parametrize("value", ["no", 1, None])
def test_a_switch_is_true_or_false(name, value):
    with pytest.raises(ValueError, match=f"{name} must be True or False"):
        VisualizationOptions(**{name: value})


@pytest.mark.parametrize("limit", [0, -1, 2.5, True, None, "10"])
def test_a_longest_text_has_at_least_one_character(limit):
    with pytest.raises(ValueError, match="max_text must be an integer >= 1"):
        VisualizationOptions(max_text=limit)


def test_options_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        VisualizationOptions().direction = "LR"


def test_no_options_and_no_keywords_are_the_defaults():
    assert options_with(None, {}, "draw", ()) == VisualizationOptions()


def test_keywords_alone_make_options():
    assert options_with(None, {"direction": "LR"}, "draw", ()) == VisualizationOptions(direction="LR")


def test_keywords_come_before_the_given_options():
    given = VisualizationOptions(direction="LR", show_types=True)
    made = options_with(given, {"direction": "RL"}, "draw", ())
    assert made == VisualizationOptions(direction="RL", show_types=True)


def test_keywords_are_checked_as_options_are():
    with pytest.raises(ValueError, match="no direction 'up'"):
        options_with(VisualizationOptions(), {"direction": "up"}, "draw", ())


def test_an_unknown_keyword_is_told_with_the_nearest_option():
    with pytest.raises(
        UnknownOptionError, match=r"draw takes no 'show_result'; did you mean 'show_results'\?"
    ):
        options_with(None, {"show_result": True}, "draw", ())


def test_an_unknown_keyword_is_told_with_the_nearest_parameter():
    with pytest.raises(UnknownOptionError, match=r"draw takes no 'backnd'; did you mean 'backend'\?"):
        options_with(None, {"backnd": "dot"}, "draw", ("backend",))


def test_every_unknown_keyword_is_told():
    with pytest.raises(UnknownOptionError) as caught:
        options_with(None, {"one": 1, "direction": "LR", "two": 2}, "draw", ())
    assert [text.split("'")[1] for text in caught.value.errors] == ["one", "two"]


def test_options_of_another_class_are_an_error():
    with pytest.raises(
        ValidationError, match=r"options must be VisualizationOptions, got .'direction': 'LR'."
    ):
        options_with({"direction": "LR"}, {}, "draw", ())
