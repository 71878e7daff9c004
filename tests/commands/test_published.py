"""Published directions on the command line: listed, written, and taken wherever a file is."""

import hashlib
import html
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner, Result

from biggan_directions import Directions
from biggan_directions.cli import app
from biggan_directions.commands.completion import complete_directions, complete_published
from biggan_directions.errors import BigganDirectionsError
from biggan_directions.published.reference import directions_of
from biggan_directions.published.sets import find_set
from tests.rendering.test_gallery import data_of
from tests.support.biggan_checkpoints import write_biggan
from tests.support.plain_biggan import small_sizes
from tests.support.small_z120 import REFERENCE, make

SMALL = ("--model", REFERENCE)
QUICK = ("--samples", "2", "--frames", "8")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def typed(*arguments: str) -> Result:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, f"{done.output} {done.exception}"
    return done


def said(*arguments: str) -> str:
    """The one sentence of a mistake."""
    done = CliRunner().invoke(app, list(arguments))
    assert isinstance(done.exception, BigganDirectionsError), f"{done.output} {done.exception!r}"
    return str(done.exception)


def drawn_by(page: str) -> str:
    """The command that draws the page."""
    (command,) = re.findall("<code>(biggan-directions render .*)</code>", page)
    assert f" --model {REFERENCE} " in command
    return str(command)


def plain(*arguments: str) -> Any:
    return json.loads(typed(*arguments, "--json").stdout)


def test_the_eleven_are_listed_with_what_their_authors_say() -> None:
    done = typed("published")
    assert "The Hessian Penalty (ECCV 2020" in done.stdout
    assert "orojar_goldens_coarse" in done.stdout  # a long name is whole in 80 columns
    assert done.stdout.splitlines()[-1].endswith("render published:goldens --directions rotation,zoom,smoosh")
    rows = plain("published")
    assert len(rows) == 11
    mid = next(row for row in rows if row["name"] == "orojar_church_mid")
    assert mid["effects"] == {"3": "colourisation", "4": "object light", "6": "light"}
    assert (mid["class"], mid["part"], mid["rows"], mid["path_size"], mid["seed"]) == (
        "church",
        "mid",
        40,
        3.5,
        0,
    )
    assert plain("published", "orojar_church_mid") == mid
    assert "github.com/csyxwei/OroJaR" in typed("published", "orojar_church_mid").stdout


def test_a_set_is_written_as_a_file_but_not_over_another() -> None:
    done = typed("published", "goldens", "--out", "goldens.pt")
    assert "wrote goldens.pt: 120 directions" in done.stdout
    found = Directions.load("goldens.pt")
    assert found.names[5:9] == ("rotation", "zoom", "", "smoosh")
    assert found.classes[0] == (207, "golden_retriever")
    assert "already: choose another name, or use --force" in said(
        "published", "church", "--out", "goldens.pt"
    )
    assert plain("published", "church", "--out", "goldens.pt", "--force")["path"] == "goldens.pt"
    assert Directions.load("goldens.pt").names[14] == "shift"
    Path("folder").mkdir()
    assert "--out folder/church.pt" in said("published", "church", "--out", "folder")
    assert "published NAME --out FILE" in said("published", "--out", "all.pt")
    for words in (("--force",), ("goldens", "--force")):
        assert "--force replaces the file of --out" in said("published", *words)


@pytest.mark.slow
def test_the_papers_figure_is_one_command(tmp_path: Path) -> None:
    named = ("--directions", "rotation,zoom,smoosh")
    done = typed("render", "published:goldens", *named, *SMALL)
    folder = tmp_path / "outputs" / "published" / "goldens"
    assert done.stdout.count("±2.5 of z (the file's distance)") == 3
    animation = Image.open(folder / "direction_05.gif")
    assert animation.n_frames >= 30  # type: ignore[attr-defined]  # 60, of which equal neighbours are merged
    page = html.unescape((folder / "gallery_part.html").read_text("utf-8"))
    shown = data_of(page)
    assert [one["name"] for one in shown["directions"]] == ["rotation", "zoom", "smoosh"]
    assert {one["distance"] for one in shown["directions"]} == {2.5}
    assert len(shown["directions"][0]["strips"]) == 6
    assert "--directions 5,6,8" in drawn_by(page)
    assert f"biggan-directions score published:goldens --model {REFERENCE}" in page
    assert "biggan-directions learn" not in page
    assert "wpeebles/hessian_penalty" in page
    assert "numbers 0 to" not in page  # they are of all of z


def test_the_written_file_is_drawn_as_the_name_is() -> None:
    typed("published", "church", "--out", "church.pt")
    for source, folder in (("published:church", "a"), ("church.pt", "b")):
        typed("render", source, "--directions", "4", "--out", folder, *SMALL, *QUICK)
    assert Path("a/direction_04.gif").read_bytes() == Path("b/direction_04.gif").read_bytes()


def test_the_settings_of_the_authors_give_way_to_those_that_are_typed() -> None:
    options = ("--distance", "1", "--projection", "keep", "--seed", "3")
    typed(
        "render", "published:church", "--directions", "rotation", *options, *SMALL, *QUICK, "--out", "typed"
    )
    page = html.unescape(Path("typed/gallery_part.html").read_text("utf-8"))
    first = Path("typed/direction_04.gif").read_bytes()
    command = shlex.split(drawn_by(page))
    assert {"--projection", "--distance", "--seed"} <= set(command)
    typed(*command[1:-1], "again")
    assert Path("again/direction_04.gif").read_bytes() == first
    typed("render", "published:church", "--directions", "rotation", *SMALL, *QUICK, "--out", "usual")
    assert Path("usual/direction_04.gif").read_bytes() != Path("typed/direction_04.gif").read_bytes()


def test_a_folder_of_the_papers_architecture_draws_them(tmp_path: Path) -> None:
    narrow = small_sizes(classes=1000, chunk=20, channels=(16, 16, 8, 8, 8, 8))  # of z 120, at 128 pixels
    folder = str(write_biggan(tmp_path / "narrow", sizes=narrow))
    words = ("--directions", "rotation", "--samples", "1", "--frames", "8", "--out", "drawn")
    typed("render", "published:goldens", "--model", folder, *words)
    assert Image.open("drawn/direction_05.gif").width > 128
    assert "biggan-deep-128 has one of 128" in said(
        "inspect", "published:goldens", "--model", "biggan-deep-128"
    )


def test_the_record_of_an_edit_names_the_same_file_at_any_layers(tmp_path: Path) -> None:
    narrow = small_sizes(classes=1000, chunk=20, channels=(16, 16, 8, 8, 8, 8))
    folder = str(write_biggan(tmp_path / "narrow", sizes=narrow))
    file = hashlib.sha256(written("goldens").read_bytes()).hexdigest()
    for layers in ("all", "coarse"):
        words = ("--move", "rotation=1", "--model", folder, "--layers", layers, "--out", "edited.png")
        typed("edit", "published:goldens", *words)
        assert Image.open("edited.png").text["Directions SHA-256"] == file  # type: ignore[attr-defined]


def test_resume_leaves_what_is_drawn() -> None:
    words = ("render", "published:church", "--directions", "4", *SMALL, *QUICK)
    typed(*words)
    assert "nothing to do" in typed(*words, "--resume").stdout


def test_the_page_says_which_part_of_z_its_directions_are_in() -> None:
    typed("render", "published:goldens_mid", "--directions", "0", *SMALL, *QUICK)
    page = Path("outputs/published/goldens_mid/gallery_part.html").read_text("utf-8")
    assert "<h2>Mid: numbers 40 to 79 of z</h2>" in page


def test_edit_moves_the_latents_that_the_authors_show() -> None:
    typed("edit", "published:goldens", "--move", "rotation=2.5", *SMALL)
    image = Image.open("outputs/published/goldens/edit.png")
    assert image.text["Seed"] == "750"  # type: ignore[attr-defined]
    assert image.text["Command"].startswith("biggan-directions edit published:goldens ")  # type: ignore[attr-defined]
    far = CliRunner().invoke(app, ["edit", "published:goldens", "--move", "5=3", *SMALL])
    assert "±2.5 of z (the file's distance)" in far.output
    typed("edit", "published:goldens", "--sample", "1", "--out", "one.png", *SMALL)
    typed("edit", "published:goldens", "--samples", "2", "--out", "two.png", *SMALL)
    both = Image.open("two.png")
    one = Image.open("one.png").tobytes()
    assert both.crop((both.width - 8, 0, both.width, both.height)).tobytes() == one
    typed("edit", "published:goldens", "--seed", "1", "--out", "other.png", *SMALL)
    assert Image.open("other.png").tobytes() != Image.open("outputs/published/goldens/edit.png").tobytes()


def test_inspect_says_where_they_are_from() -> None:
    done = typed("inspect", "published:goldens_fine")
    assert "named: 1 red, 5 brightness, 13 white, 20 saturation" in done.stdout
    facts = plain("inspect", "published:goldens_fine")
    assert facts["distance"] == 6
    assert facts["source"]["file"].endswith("our_goldens_fine.pt")
    assert facts["solver"]["search_space"] == "fine"
    assert "SOFTWARE" not in done.stdout  # the licence's text is in the file alone


def test_compare_says_which_of_ours_is_their_rotation() -> None:
    theirs = Directions.load(written("goldens"))
    rows = theirs.directions[[8, 5, 1]]
    torch.save(torch.cat([rows[:1], -rows[1:2], rows[2:]]), "ours.pt")
    done = typed("compare", "published:goldens", "ours.pt")
    printed = [line.split() for line in done.stdout.splitlines()]
    assert ["5", "rotation", "1", "1.000"] in printed
    assert "zoom (6 of the first): nearest is" in done.stdout  # no row of the table has it
    assert "rotation (5 of" not in done.stdout
    named = plain("compare", "published:goldens", "ours.pt")["named"]
    assert [(one["name"], one["nearest"]) for one in named if one["cosine"] > 0.99] == [
        ("rotation", 1),
        ("smoosh", 0),
    ]


def test_a_matrix_of_a_part_of_z_is_compared_once_it_is_placed() -> None:
    mid = directions_of(find_set("goldens_mid")).directions[:, 40:80]
    torch.save(mid.contiguous(), "third.pt")
    assert "is placed by --model and --search-space" in said("compare", "published:goldens_mid", "third.pt")
    sentence = said("compare", "published:goldens_mid", "third.pt", *SMALL)
    assert "40 columns" in sentence
    assert "--search-space coarse, mid, fine, or START:STOP" in sentence
    words = ("compare", "published:goldens_mid", "third.pt", *SMALL, "--search-space", "mid")
    assert plain(*words)["mean_cosine"] == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("command", ["render", "inspect", "edit", "score", "export"])
def test_a_part_of_z_is_refused_where_nothing_is_to_be_placed_in_it(command: str) -> None:
    """``--search-space`` had no effect on a file that is no bare matrix, and nothing said so."""
    more = ("--out", "new") if command == "export" else ()
    for source in ("published:goldens_mid", str(written("goldens_mid"))):
        sentence = said(command, source, "--search-space", "fine", *more)
        assert f"places a bare matrix in z, and there is none in {source}: leave it out" in sentence
    both = ("compare", "published:goldens", "published:church", "--search-space", "mid")
    assert "none in published:goldens or published:church" in said(*both)


def written(name: str) -> Path:
    typed("published", name, "--out", f"{name}.pt", "--force")
    return Path(f"{name}.pt")


def test_score_keeps_its_scorecard_where_render_draws() -> None:
    words = ("--latents", "2", "--no-baselines")
    done = typed("score", "published:orojar_church_coarse", *SMALL, *words)
    assert "wrote outputs/published/orojar_church_coarse/scorecard.json" in done.stdout
    assert "published:orojar_church_coarse" in done.stdout
    assert "effect" in typed("inspect", "published:orojar_church_coarse").stdout
    assert "--seeds cannot learn it again" in said("score", "published:church", *SMALL, "--seeds", "1")


@pytest.mark.parametrize("command", ["render", "inspect", "score", "explore", "edit"])
def test_a_set_that_does_not_exist_is_a_sentence(command: str) -> None:
    assert "no published set 'golden': did you mean goldens?" in said(command, "published:golden")


def test_a_model_of_another_z_is_a_sentence() -> None:
    sentence = said("render", "published:goldens", "--model", "toybox", "--class", "car")
    assert "published:goldens is of a z of 120 numbers, and toybox has one of 32" in sentence


def test_without_weights_it_says_how_to_get_them() -> None:
    assert "biggan-directions models --fetch biggan-128" in said("render", "published:goldens")


def test_they_are_not_named_in_place() -> None:
    sentence = said("name", "published:goldens", "0=nothing")
    assert "is not a file: write one with biggan-directions published goldens --out goldens.pt" in sentence
    typed("name", str(written("goldens")), "0=nothing")
    assert Directions.load("goldens.pt").source["commit"] == "559a270"  # the rest of the file is kept


def test_a_third_of_z_is_searched_by_its_name() -> None:
    words = ("--class", "church", "--ndirs", "2", "--search-space", "fine", "--search-dims", "4")
    typed("learn", *SMALL, *words, "--latents", "2", "--score-latents", "2", "--out", "ours")
    found = Directions.load("ours/directions.pt")
    assert found.solver["search_space"] == "fine"
    assert found.directions[:, :80].abs().max() < 1e-6
    typed("render", "ours/directions.pt", *SMALL, *QUICK)
    assert "<h2>Fine: numbers 80 to 119 of z</h2>" in Path("ours/gallery.html").read_text("utf-8")
    sentence = said("learn", *SMALL, "--class", "church", "--search-space", "middle")
    assert "search space 'middle' is unknown: expected active, all, coarse, mid, fine" in sentence


def test_a_shell_completes_them() -> None:
    assert complete_published("orojar_c") == [
        "orojar_church_coarse",
        "orojar_church_mid",
        "orojar_church_fine",
    ]
    assert complete_directions("published:goldens_m") == ["published:goldens_mid"]
    assert complete_directions("") == []  # then the shell offers the names of files


def test_the_small_generator_has_the_classes_of_the_sets() -> None:
    assert [item.name for item in make(None, None, "cpu").classes] == ["golden_retriever", "church"]
