"""The live page's pictures are those of the library; its command makes them again."""

import io
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from biggan_directions import sample_latents
from biggan_directions.cuda_normals import cuda_normals
from biggan_directions.errors import UnknownClassError, UsageError
from biggan_directions.explore import ImageRequest, Session, Superseded
from biggan_directions.explore.session import png
from biggan_directions.generators import Generator
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.weights.catalog import find_model
from biggan_directions.metrics.scorecard import digest
from biggan_directions.published.reference import directions_of
from biggan_directions.published.sets import find_set
from biggan_directions.rendering import to_bytes
from biggan_directions.scores import DirectionScore, Measure, Scorecard, SetScore
from tests.explore.conftest import Watched, load, make_session, toybox_directions
from tests.support.small_z120 import make
from tests.support.standin import Discs


def ask(class_name: str = "car", truncation: float = 1.0, **more: object) -> ImageRequest:
    return ImageRequest(class_name=class_name, truncation=truncation, **{"moves": {}, **more})  # type: ignore[arg-type]


def test_pictures_are_the_generators_own_at_renders_latents() -> None:
    answer = make_session().answer(ask("duck", 0.5, seed=3, samples=(1, 0), moves={0: 1.5, 2: -1.0}))
    generator = load("duck", 0.5)
    z = sample_latents(2, 32, truncation=0.5, seed=3, purpose="rendering")[[1, 0]]
    rows = toybox_directions().directions
    with torch.no_grad():
        expected = to_bytes(generator(z + 1.5 * rows[0] - 1.0 * rows[2]))
    drawn = np.stack([np.asarray(Image.open(io.BytesIO(image))) for image in answer.images])
    assert np.abs(drawn.astype(int) - expected).max() <= 1
    assert np.abs(drawn[0].astype(int) - drawn[1]).mean() > 5


def test_a_published_set_begins_with_its_authors_latents_and_distances() -> None:
    found, generator = directions_of(find_set("goldens")), make(None, None, "cpu")
    session = Session(
        found,
        lambda name, truncation: make(name, truncation, "cpu"),
        path="published:goldens",
        first=generator,
        table=ClassTable.from_names(["golden_retriever", "church"]),
    )
    info = session.describe()
    assert info.seed == 750
    assert {(one.reach, one.reason) for one in info.directions} == {(2.5, "the file's distance")}
    assert info.directions[5].name == "rotation"
    assert info.unnameable
    drawn = session.answer(ask("golden_retriever", seed=750, samples=(0,), moves={5: 2.5}))
    z = cuda_normals(120, 750)[None] + 2.5 * found.directions[5]
    image = np.asarray(Image.open(io.BytesIO(drawn.images[0])))
    assert np.abs(image.astype(int) - to_bytes(generator(z))[0]).max() <= 1
    assert "edit published:goldens" in drawn.command


def test_the_command_is_quoted_and_says_all_that_differs_from_the_file() -> None:
    session = make_session(path="it's here; rm -rf *.pt")
    answer = session.answer(ask("Duck", 0.43, seed=7, samples=(0, 1), moves={2: -1.0, 0: 2.0, 1: 0.0}))
    assert answer.truncation == pytest.approx(0.44)  # the nearest stored
    words = shlex.split(answer.command)
    assert words[:3] == ["biggan-directions", "edit", "it's here; rm -rf *.pt"]
    assert words[3:] == [
        *("--class", "duck", "--truncation", "0.44", "--seed", "7", "--samples", "2"),
        *("--move", "0=2", "--move", "2=-1", "--out", "edit.png"),
    ]
    plain = make_session(path="-rf.pt").answer(ask())
    assert shlex.split(plain.command)[2] == "./-rf.pt"
    assert "--truncation" not in plain.command


def test_three_generators_are_kept_and_a_misspelt_class_loads_none() -> None:
    loaded: list[tuple[str, float]] = []

    def counted(class_name: str, truncation: float) -> Generator:
        loaded.append((class_name, truncation))
        return load(class_name, truncation)

    session = make_session(counted)
    for name in ("car", "3", "mug", "Mug", "car"):  # the file's own is loaded once, by whoever made it
        session.answer(ask(name))
    assert loaded == [("car", 1.0), ("pine", 1.0), ("mug", 1.0)]
    session.answer(ask("duck"))
    assert len(loaded) == 4
    session.answer(ask("pine"))
    assert loaded[4:] == [("pine", 1.0)]  # the one used longest ago had gone
    with pytest.raises(UnknownClassError, match="mug"):
        session.answer(ask("mugg"))
    assert len(loaded) == 5


def test_a_slider_reaches_as_far_as_render_goes() -> None:
    directions = make_session().describe().directions
    assert [row.reach for row in directions] == [2.0, 6.0, 3.0]
    assert directions[2].effect is None  # NaN is no JSON


def test_a_linear_direction_is_said_to_be_and_has_no_penalty(tmp_path: Path) -> None:
    found, unknown = toybox_directions(), Measure(value=None)
    known = DirectionScore(
        effect=Measure(value=0.2),
        penalty=Measure(value=0.1),
        overlap=unknown,
        unevenness=unknown,
        steadiness=unknown,
    )
    linear = replace(known, penalty=unknown, linear=True)
    Scorecard(
        sets=(SetScore(solver="jacobi", directions=(known, linear, known), paper_penalty=unknown),),
        directions_sha256=digest(found.directions),
        model="toybox",
        classes=("car",),
        truncation=1.0,
        seed=0,
        latents=16,
        evaluations=0,
    ).save(tmp_path)
    told = make_session(path=str(tmp_path / "directions.pt")).describe().directions
    assert [(one.linear, one.penalty) for one in told] == [(False, 0.1), (True, None), (False, 0.1)]


def test_a_direction_that_depends_on_the_latents_is_said_to() -> None:
    session = make_session()
    assert {(one.stability, one.loose) for one in session.describe().directions} == {(None, "")}
    found = replace(toybox_directions(), stability=torch.tensor([1.0, 0.5, float("nan")]))
    toys = find_model("toybox").classes
    told = Session(found, load, path="my.pt", first=load("car", 1.0), table=toys).describe().directions
    assert [one.stability for one in told] == [1.0, 0.5, None]
    assert [one.loose.split(" at ")[0] for one in told] == ["", "direction 1 depends on the latents", ""]


def test_a_direction_that_is_not_there_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match="no direction 3"):
        make_session().answer(ask(moves={3: 1.0}))


def test_directions_of_another_model_are_refused() -> None:
    class Other(Discs):
        z_dim, model = 6, "discs"

    with pytest.raises(UsageError, match="32 dimensions"):
        Session(toybox_directions(), load, path="x.pt", first=Other(), table=find_model("toybox").classes)  # type: ignore[arg-type]


def test_a_direction_acts_at_the_layers_that_were_chosen_for_it() -> None:
    session, generator, rows = make_session(), load("car", 1.0), toybox_directions().directions
    answer = session.answer(ask(seed=3, moves={0: 1.5, 2: -1.0}, layers={0: "coarse", 2: "7"}))
    z = sample_latents(1, 32, truncation=1.0, seed=3, purpose="rendering")
    latents = z[:, None].repeat(1, 8, 1)
    latents[:, :2] += 1.5 * rows[0]
    latents[:, 7] -= rows[2]
    with torch.no_grad():
        expected = to_bytes(generator.from_layers(latents))[0].astype(int)  # type: ignore[attr-defined]
    drawn = np.asarray(Image.open(io.BytesIO(answer.images[0]))).astype(int)
    assert np.abs(drawn - expected).max() <= 1
    assert "--move 0=1.5@coarse --move 2=-1@7 " in answer.command
    usual = session.answer(ask(seed=3, moves={0: 1.5}, layers={0: "0-7", 2: "all"}))
    assert usual.images == session.answer(ask(seed=3, moves={0: 1.5})).images
    assert "@" not in usual.command
    with pytest.raises(UsageError, match="there is no layer 8: toybox has 8 layers"):
        session.answer(ask(moves={0: 1.0}, layers={0: "8"}))


def test_the_layers_of_the_file_are_those_that_are_offered_first() -> None:
    toys = find_model("toybox").classes
    found = replace(toybox_directions(), layers=(0, 1, 2, 5))
    session = Session(found, load, path="my.pt", first=load("car", 1.0), table=toys)
    told = session.describe()
    assert told.at_layers == "0-2,5"
    values = [choice.value for choice in told.layers]
    assert values == ["all", "coarse", "mid", "fine", *map(str, range(8)), "0-2,5"]
    assert [choice.label for choice in told.layers][2:5] == [
        *("mid: layers 2-4", "fine: layers 5-7", "layer 0: generator.gen_z")
    ]
    everywhere = session.answer(ask(moves={0: 1.5}, layers={0: "all"}))
    assert everywhere.images == make_session().answer(ask(moves={0: 1.5})).images
    assert "--move 0=1.5@all " in everywhere.command
    assert session.answer(ask(moves={0: 1.5})).images != everywhere.images


def test_large_pictures_are_given_up_between_two_when_stale() -> None:
    drawn: list[int] = []
    large = Watched(drawn.append, resolution=128)  # which is drawn one by one
    session = make_session(lambda *_: large)
    with pytest.raises(Superseded):
        session.answer(ask(samples=(0, 1, 2, 3)), lambda: sum(drawn) >= 2)
    assert sum(drawn) == 2
    assert len(session.answer(ask(samples=(3,)), lambda: True).images) == 1  # what is done is shown
    assert len(session.answer(ask(samples=(0, 1))).images) == 2


def test_a_session_without_a_way_to_name_says_so() -> None:
    session = Session(
        toybox_directions(), load, path="x.pt", first=load("car", 1.0), table=find_model("toybox").classes
    )
    assert session.describe().unnameable == "names are only shown here"
    with pytest.raises(UsageError, match="the direction cannot be named: names are only shown here"):
        session.rename(0, "turn")
    assert make_session().describe().unnameable == ""


def test_png_loses_nothing() -> None:
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(image)))), image)
