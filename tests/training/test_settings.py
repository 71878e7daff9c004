"""Settings of training: one place of defaults, every value checked, texts parsed by their field."""

from typing import Any

import pytest

from biggan_directions.errors import UsageError
from biggan_directions.training.settings import TrainSettings


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"resolution": 48}, "32, 64 or 128, got 48"),
        ({"steps": 0}, "steps must be from 1"),
        ({"width": 3}, "width must be from 4"),
        ({"batch": 64, "micro_batch": 48}, "multiple of micro_batch, got 64 and 48"),
        ({"attention": 32}, "below the resolution"),
        ({"attention": 7}, "attention must be 0"),
        ({"generator_rate": 0.0}, "generator_rate must be above 0"),
        ({"averaging": 1.0}, "averaging must be above 0 and below 1"),
        ({"decay": 1.5}, "decay must be from 0 to 1"),
    ],
)
def test_a_value_out_of_range_is_named(values: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        TrainSettings(**values)


def test_texts_are_parsed_by_the_type_of_their_field() -> None:
    found = TrainSettings.of_text({"width": "8", "augment": "True", "decay": "0.5"}, {"steps": 9})
    assert (found.width, found.augment, found.decay, found.steps) == (8, True, 0.5, 9)
    assert TrainSettings.of_text({}, {"batch": 16}).units == 1
    assert TrainSettings.of_text({}, {"batch": 128}).units == 2
    for words, said in (
        ({"widht": "8"}, "no setting 'widht'; the settings are resolution"),
        ({"width": "8.5"}, "width must be a whole number, got '8.5'"),
        ({"augment": "perhaps"}, "augment must be true or false"),
        ({"decay": "half"}, "decay must be a number"),
        ({"steps": "8"}, "steps is given twice"),
    ):
        with pytest.raises(UsageError, match=said):
            TrainSettings.of_text(words, {"steps": 9})
