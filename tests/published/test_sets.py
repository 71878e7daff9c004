"""The list of published sets: complete, consistent, and found by name."""

import subprocess
import sys

import pytest

from biggan_directions.errors import UsageError
from biggan_directions.published.sets import HESSIAN_PENALTY, OROJAR, SETS, find_set


def test_there_are_five_of_one_paper_and_six_of_the_other() -> None:
    assert [known.publication for known in SETS] == [HESSIAN_PENALTY] * 5 + [OROJAR] * 6
    for values in ([known.name for known in SETS], [known.sha256 for known in SETS]):
        assert len(set(values)) == len(SETS)
    assert sum(known.rows for known in SETS) == 2 * 120 + 9 * 40


def test_names_are_of_directions_that_exist_and_no_two_alike() -> None:
    for known in SETS:
        assert len(known.names) == known.rows
        assert all(0 <= index < known.rows for index in known.effects)
        assert len(set(known.effects.values())) == len(known.effects)
    assert find_set("goldens").names[5:9] == ("rotation", "zoom", "", "smoosh")
    assert find_set("orojar_church_fine").effects == {}  # its README repeats the goldens' names


def test_an_unknown_name_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="no published set 'goldens_middle': did you mean goldens_mid"):
        find_set("goldens_middle")
    with pytest.raises(UsageError, match="no published set 'voynov': biggan-directions published lists them"):
        find_set("voynov")


def test_names_need_no_torch() -> None:
    code = "import sys, biggan_directions.published.sets; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
