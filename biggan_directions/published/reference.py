"""``published:NAME``, which stands for a published set wherever a command takes a file of directions."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

import torch
from safetensors.torch import load

from biggan_directions.directions import Directions
from biggan_directions.errors import FileFormatError
from biggan_directions.generators import ImageClass
from biggan_directions.generators.classes.imagenet import imagenet_classes
from biggan_directions.generators.weights.download import file_sha256
from biggan_directions.linalg import orthonormal
from biggan_directions.published.published_set import MODEL, RESOLUTION, SAMPLES, Z_DIM, PublishedSet
from biggan_directions.published.sets import find_set
from biggan_directions.solvers.coordinate_block import parse_search_space
from biggan_directions.version import made_with

PREFIX = "published:"
_FOLDER = Path("outputs/published")
_MATRICES = "matrices.safetensors"
# 180 and 60 a second in the official videos: a third of both is the same motion, and a GIF can show it
_FRAMES = 60


def named_set(path: Path) -> PublishedSet | None:
    """The published set that a path names as ``published:NAME``; None where it is a path of a file.

    Raises:
        UsageError: there is no such set.

    >>> named_set(Path("published:church")).seed, named_set(Path("directions.pt"))
    (0, None)
    """
    words = str(path)
    return find_set(words.removeprefix(PREFIX)) if words.startswith(PREFIX) else None


def place_of(path: Path) -> Path:
    """The file beside which scorecards, images and pages go: for a published set, a file that is not made.

    >>> place_of(Path("published:church")).as_posix(), place_of(Path("mine.pt")).as_posix()
    ('outputs/published/church/directions.pt', 'mine.pt')
    """
    chosen = named_set(path)
    return path if chosen is None else _FOLDER / chosen.name / "directions.pt"


def content_sha256(path: Path) -> str:
    """SHA-256 of a file of directions; for a published set, of the file that ``published`` would write."""
    chosen = named_set(path)
    return (
        file_sha256(path) if chosen is None else hashlib.sha256(directions_of(chosen).to_bytes()).hexdigest()
    )


def directions_of(chosen: PublishedSet) -> Directions:
    """A published set as directions: rows made orthonormal in their order, as its authors' script does.

    Raises:
        FileFormatError: the matrix is missing from this installation, or damaged.

    >>> found = directions_of(find_set("goldens_mid"))
    >>> tuple(found.directions.shape), found.names[0], found.classes[0].name
    ((40, 120), 'background removal', 'golden_retriever')
    """
    rows = orthonormal(matrix_of(chosen).double())
    block = parse_search_space(chosen.part, Z_DIM)
    unknown = torch.full((chosen.rows,), float("nan"))
    publication = chosen.publication
    class_name = imagenet_classes().image_class(chosen.class_index).name
    return Directions(
        directions=block.placed(rows, Z_DIM).float(),
        names=chosen.names,
        effect=unknown,
        penalty=unknown.clone(),
        model={"name": MODEL, "resolution": RESOLUTION, "z_dim": Z_DIM, "weights_sha256": ""},
        classes=(ImageClass(chosen.class_index, class_name),),
        truncation=1.0,
        seed=0,  # of all the scripts that learn; what the scripts show has a seed of its own
        solver={"name": "published", "search_space": chosen.part},
        made_with=made_with(),
        license=f"{publication.license} (the directions; the weights have their own)",
        distance=torch.full((chosen.rows,), chosen.path_size),
        rendering={
            "samples": SAMPLES,
            "seed": chosen.seed,
            "frames": _FRAMES,
            "projection": "remove",
            "easing": "official",
            "latents": "cuda",
        },
        source={
            "paper": publication.paper,
            "repository": f"https://github.com/{publication.repository}",
            "commit": publication.commit,
            "file": f"{publication.folder}/{chosen.file}",
            "sha256": chosen.sha256,
            "copyright": publication.copyright,
            "license": _packaged(publication.license_file).decode("utf-8"),
        },
    )


def matrix_of(chosen: PublishedSet) -> torch.Tensor:
    """The matrix as it was published, float32 ``(rows, rows)``: its rows are not orthonormal.

    Raises:
        FileFormatError: it is missing from this installation, or damaged.
    """
    try:
        return load(_packaged(_MATRICES))[chosen.name]
    except (KeyError, ValueError) as error:
        raise FileFormatError(
            f"this installation's {_MATRICES} is damaged: reinstall biggan-directions"
        ) from error


def _packaged(name: str) -> bytes:
    try:
        return resources.files(__package__).joinpath(name).read_bytes()
    except OSError as error:
        raise FileFormatError(
            f"this installation lacks {name} of the published directions: reinstall biggan-directions"
        ) from error
