"""Which of several files is a generator's."""

import pytest

from biggan_directions.errors import FileFormatError
from biggan_directions.generators.weights.candidates import generator_among, member_of

RELEASE = ["138k/D.pth", "138k/D_optim.pth", "138k/G.pth", "138k/G_optim.pth", "138k/state_dict.pth"]


@pytest.mark.parametrize(
    ("names", "meant"),
    [
        ([*RELEASE, "138k/G_ema.pth"], "138k/G_ema.pth"),
        (RELEASE, "138k/G.pth"),
        (["__MACOSX/G_ema.pth", "._G_ema.pth", "x/._G.pth", "x/G.pth"], "x/G.pth"),
        (["model-3e353fef.pth", "log.txt"], "model-3e353fef.pth"),
        (["D.pth", "G.txt"], None),
        ([], None),
    ],
)
def test_the_averaged_generator_or_the_only_one(names: list[str], meant: str | None) -> None:
    assert generator_among(names, where="x", archives=False) == meant


def test_archives_count_in_folders_alone() -> None:
    assert generator_among(["a.zip"], where="x", archives=True) == "a.zip"
    assert generator_among(["a.zip"], where="x", archives=False) is None
    with pytest.raises(FileFormatError, match=r"^x holds a.zip and b.tar.gz: which is meant\?"):
        generator_among(["a.zip", "b.tar.gz"], where="x", archives=True)
    assert generator_among(["a.zip", "b.tar", "G_ema.pth"], where="x", archives=True) == "G_ema.pth"


def test_an_archive_without_one_says_what_it_has() -> None:
    with pytest.raises(FileFormatError, match=r"expected G_ema.pth in it, found a, b, c, d and 2 more$"):
        member_of(list("abcdef"), where="x")
    with pytest.raises(FileFormatError, match=r"found no file$"):
        member_of([], where="x")
