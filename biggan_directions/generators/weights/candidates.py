"""Which of several files holds a generator's weights, where there is no ``config.json`` to say so."""

from collections.abc import Sequence

from biggan_directions.errors import FileFormatError
from biggan_directions.files.packed_file import ENDINGS
from biggan_directions.generators.weights.catalog import AVERAGED_NAME

# The other files that ajbrock/BigGAN-PyTorch writes beside a generator: a discriminator, optimizers, a log.
_OTHERS = {"D.pth", "D_optim.pth", "G_optim.pth", "state_dict.pth"}


def generator_among(names: Sequence[str], *, where: str, archives: bool) -> str | None:
    """The file that holds a generator: ``G_ema.pth``, or else the only one that could; None if there is none.

    Args:
        names: of the files in a folder or an archive, with the folders within it.
        where: the folder or archive, for the error.
        archives: whether an archive may be meant, too.

    Raises:
        FileFormatError: several could be meant.

    >>> generator_among(["138k/D.pth", "138k/G.pth", "138k/G_ema.pth"], where="x.zip", archives=False)
    '138k/G_ema.pth'
    """
    endings = (".pth", *ENDINGS) if archives else (".pth",)
    real = [name for name in names if not name.startswith("__MACOSX/") and not _last(name).startswith("._")]
    averaged = [name for name in real if _last(name) == AVERAGED_NAME]
    others = [name for name in real if name.endswith(endings) and _last(name) not in _OTHERS]
    found = averaged or others
    if len(found) > 1:
        raise FileFormatError(
            f"{where} holds {' and '.join(found[:4])}: which is meant? Put the right one into a folder of "
            "its own, and give that folder"
        )
    return found[0] if found else None


def member_of(names: Sequence[str], *, where: str) -> str:
    """The file of an archive that holds a generator.

    Raises:
        FileFormatError: there is none, or several could be meant.
    """
    found = generator_among(names, where=where, archives=False)
    if found is None:
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        raise FileFormatError(
            f"{where} holds no weights of a generator: expected {AVERAGED_NAME} in it, "
            f"found {shown or 'no file'}"
        )
    return found


def _last(name: str) -> str:
    return name.rpartition("/")[2]
