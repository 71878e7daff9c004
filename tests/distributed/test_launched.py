"""A process's place among others is what torchrun put into its environment."""

import pytest

from biggan_directions.distributed.launched import leads, processes


@pytest.mark.parametrize(
    ("environment", "count", "leading"),
    [
        ({}, 1, True),
        ({"WORLD_SIZE": "1", "RANK": "0"}, 1, True),
        ({"WORLD_SIZE": "3", "RANK": "0"}, 3, True),
        ({"WORLD_SIZE": "3", "RANK": "2"}, 3, False),
    ],
)
def test_the_place_of_a_process(
    environment: dict[str, str], count: int, leading: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert processes() == count
    assert leads() == leading
