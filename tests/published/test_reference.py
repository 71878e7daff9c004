"""published:NAME: the matrices as published, and the figure as the authors' script draws it."""

from importlib import resources
from pathlib import Path

import pytest
import torch

from biggan_directions import Directions, load_generator
from biggan_directions.errors import UsageError
from biggan_directions.generators import Generator
from biggan_directions.metrics.matching import nearest
from biggan_directions.published.published_set import PublishedSet
from biggan_directions.published.reference import directions_of, matrix_of, named_set, place_of
from biggan_directions.published.sets import SETS, find_set
from biggan_directions.rendering import RenderRequest, RenderSettings, images_along
from biggan_directions.rendering.samples import samples_of
from tests.support.biggan_checkpoints import write_biggan
from tests.support.official_rendering import official_latents, official_rows, official_steps, official_z
from tests.support.plain_biggan import random_plain, small_sizes
from tests.support.small_z120 import make

ORIGINALS = Path(__file__).parents[2] / "shared" / "published_directions"
EVERY = pytest.mark.parametrize("chosen", SETS, ids=lambda chosen: chosen.name)


@EVERY
def test_rows_are_orthonormal_as_the_official_script_makes_them(chosen: PublishedSet) -> None:
    found = directions_of(chosen)
    start = {"all": 0, "coarse": 0, "mid": 40, "fine": 80}[chosen.part]
    inside = found.directions[:, start : start + chosen.rows]
    assert (inside - official_rows(matrix_of(chosen))).abs().max() < 1e-5
    assert found.orthonormality_error() < 1e-6
    assert found.directions.count_nonzero() == inside.count_nonzero()  # zeros everywhere else


@EVERY
def test_the_file_that_is_written_says_all(chosen: PublishedSet, tmp_path: Path) -> None:
    made = directions_of(chosen)
    made.save(tmp_path / "set.pt")
    read = Directions.load(tmp_path / "set.pt")
    assert torch.equal(read.directions, made.directions)
    assert read.distance is not None
    assert read.distance.tolist() == [chosen.path_size] * chosen.rows
    assert read.rendering["seed"] == chosen.seed
    assert read.classes[0].index == chosen.class_index
    assert read.solver["search_space"] == chosen.part
    assert chosen.publication.copyright in read.source["license"]
    assert "THIS SOFTWARE IS PROVIDED" in read.source["license"]
    for key in ("names", "classes", "rendering", "source", "license", "model", "truncation"):
        assert getattr(read, key) == getattr(made, key)


@pytest.mark.skipif(not ORIGINALS.is_dir(), reason="the published files are not here")
@EVERY
def test_the_matrices_are_those_that_were_published(chosen: PublishedSet) -> None:
    folder = ORIGINALS / "orojar" if chosen.name.startswith("orojar") else ORIGINALS
    published = torch.load(folder / chosen.file, weights_only=True, map_location="cpu")
    assert torch.equal(matrix_of(chosen), published)


def test_they_are_small_and_their_licences_are_beside_them() -> None:
    files = {
        item.name: len(item.read_bytes())
        for item in resources.files("biggan_directions.published").iterdir()
        if item.is_file()
    }
    assert files["matrices.safetensors"] < 200_000
    assert {"LICENSE.hessian_penalty.txt", "LICENSE.orojar.txt"} <= set(files)


def test_what_a_path_names() -> None:
    assert named_set(Path("published:goldens")) is find_set("goldens")
    assert named_set(Path("outputs/published:goldens")) is None
    assert place_of(Path("published:goldens")) == Path("outputs/published/goldens/directions.pt")
    with pytest.raises(UsageError, match="did you mean goldens"):
        named_set(Path("published:golden"))


@pytest.mark.parametrize(
    ("first", "second", "name", "least"),
    [
        ("goldens", "orojar_goldens_coarse", "rotation", 0.99),
        ("goldens", "orojar_goldens_coarse", "smoosh", 0.98),
        ("goldens", "church", "rotation", 0.99),
        ("goldens_mid", "orojar_goldens_mid", "background removal", 0.97),
        ("goldens_mid", "orojar_church_mid", "colourisation", 0.96),
        ("church", "orojar_church_mid", "colourisation", 0.94),
        ("goldens_fine", "orojar_goldens_fine", "red", 0.98),
    ],
)
def test_what_two_papers_call_by_one_name_is_one_direction(
    first: str, second: str, name: str, least: float
) -> None:
    a, b = (directions_of(find_set(one)) for one in (first, second))
    pair = nearest(a.directions, b.directions)[a.names.index(name)]
    assert b.names[pair.second] == name
    assert pair.cosine > least


def our_frames(chosen: PublishedSet, generator: Generator, shown: tuple[int, ...]) -> torch.Tensor:
    """Images of 180 frames ``(180, directions, samples, 3, H, W)`` as render draws them, before rounding."""
    found = directions_of(chosen)
    settings = RenderSettings.of_file(found.rendering, frames=180)
    z, _ = samples_of(generator, settings.samples, settings.seed, settings.latents)
    assert found.distance is not None
    request = RenderRequest(
        directions=found.directions, z=z, indices=shown, distances=found.distance.tolist()
    )
    drawn: list[torch.Tensor] = []

    def record(z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        drawn.append(generator(z, class_index))
        return drawn[-1]

    path = settings.path()
    positions = len(list(images_along(record, request, path.fractions, settings=settings)))
    images = torch.cat(drawn)
    return images.reshape(positions, len(shown), settings.samples, *images.shape[1:])[list(path.order)]


def their_latents(chosen: PublishedSet, index: int) -> torch.Tensor:
    """The latents ``(180, 6, 120)`` of the frames as the official script makes them."""
    rows = torch.zeros(chosen.rows, 120)
    start = {"all": 0, "coarse": 0, "mid": 40, "fine": 80}[chosen.part]
    rows[:, start : start + chosen.rows] = official_rows(matrix_of(chosen))
    z = official_latents(6, 120, chosen.seed)
    return official_z(z, rows[index], chosen.path_size, official_steps(180))


@pytest.mark.parametrize(
    ("name", "shown"), [("goldens", (5, 6, 8)), ("orojar_church_mid", (3, 4)), ("goldens_fine", (39, 0))]
)
def test_frame_by_frame_the_figure_is_the_official_one(name: str, shown: tuple[int, ...]) -> None:
    chosen, generator = find_set(name), make(None, None, "cpu")
    ours = our_frames(chosen, generator, shown)
    for place, index in enumerate(shown):
        frames = generator(their_latents(chosen, index).reshape(-1, 120)).reshape(180, 6, 3, 8, 8)
        assert (ours[:, place] - frames).abs().max() < 1e-4
        assert (frames[44] - frames[134]).abs().mean() > 0.05  # the two ends differ: something moves


@pytest.mark.slow
def test_frame_by_frame_on_the_papers_architecture(tmp_path: Path) -> None:
    chosen = find_set("goldens")
    narrow = small_sizes(classes=1000, chunk=20, channels=(16, 16, 8, 8, 8, 8))  # of z 120, at 128 pixels
    generator = load_generator(str(write_biggan(tmp_path, sizes=narrow)), "207", truncation=1.0)
    ours = our_frames(chosen, generator, (5,))
    network = random_plain(narrow).normalise_once()  # of the same tensors, and of none of the package's code
    labels = torch.full((6,), 207)
    for frame, z in zip(ours[:, 0], their_latents(chosen, 5), strict=True):
        assert (frame - network(z, labels)).abs().max() < 1e-4
    assert (ours[44] - ours[134]).abs().mean() > 0.05
