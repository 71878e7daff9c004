"""The live page in a real browser: Debian's chromium, headless."""

import base64
import hashlib
import io
import json
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import APIResponse, Browser, BrowserContext, Page, Request, Route, expect
from typer.testing import CliRunner

from biggan_directions.cli import app
from biggan_directions.directions import Directions
from biggan_directions.explore import Session
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.weights.catalog import find_model
from biggan_directions.runs.folder import held
from biggan_directions.runs.naming import rename
from biggan_directions.toybox.names import TOYS
from tests.explore.conftest import NASTY, Live, Watched, load, make_session, serving, toybox_directions
from tests.support.browser import browser, needs_browser

__all__ = ["browser"]  # a fixture, found here by its name
pytestmark = needs_browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as made:
        made.set_default_timeout(15_000)
        yield made


@pytest.fixture
def page(context: BrowserContext, live: Live) -> Iterator[Page]:
    """The page, drawn; afterwards, that it complained of nothing and asked nobody else."""
    opened = context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    visit(opened, live)
    yield opened
    assert complaints == []
    elsewhere = [url for url in asked if not url.startswith((f"http://127.0.0.1:{live.port}/", "data:"))]
    assert elsewhere == []


def visit(page: Page, live: Live) -> None:
    page.goto(live.address)
    settle(page)


def settle(page: Page) -> None:
    """Wait until nothing is being drawn."""
    page.wait_for_timeout(100)
    page.locator("main[aria-busy=false]").wait_for()


def images(page: Page) -> list[str]:
    return [str(image.get_attribute("src")) for image in page.locator("#images img").all()]


def becomes(page: Page, condition: Callable[[], bool]) -> None:
    """Wait for what the page shows to become so."""
    until = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < until, "the page did not change in time"
        page.wait_for_timeout(20)


def test_a_slider_moved_by_keyboard_changes_the_pictures_and_reset_restores_them(page: Page) -> None:
    first = images(page)
    assert len(set(first)) == 4
    slider = page.get_by_role("slider", name="Direction 0 azimuth")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    becomes(page, lambda: "--move 0=0.5 " in page.inner_text("#command"))
    assert not set(images(page)) & set(first)
    assert page.get_by_label("Distance along direction 0, azimuth").input_value() == "0.5"
    expect(slider).to_have_attribute("aria-valuetext", "0.5 of z")
    page.keyboard.press("Home")
    becomes(page, lambda: "--move 0=-2 " in page.inner_text("#command"))  # as far as render goes
    page.get_by_role("button", name="Show before").click()
    becomes(page, lambda: images(page) == first)
    page.get_by_role("button", name="Show before").click()
    becomes(page, lambda: images(page) != first)
    page.get_by_role("button", name="Reset all").click()
    becomes(page, lambda: images(page) == first)
    assert "--move" not in page.inner_text("#command")


def test_a_slider_moved_by_pointer_and_a_typed_distance_beyond_its_end(page: Page) -> None:
    box = page.locator("#slider-1").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + box["width"] / 4, y, steps=5)
    page.mouse.up()
    moved = float(page.locator("#slider-1").input_value())
    assert moved == pytest.approx(3, abs=0.3)
    becomes(page, lambda: f"--move 1={moved:g} " in page.inner_text("#command"))
    page.get_by_label("Distance along direction 0, azimuth").fill("3.14")
    page.keyboard.press("Enter")
    becomes(page, lambda: "--move 0=3.14 " in page.inner_text("#command"))
    assert page.locator("#slider-0").get_attribute("max") == "3.14"
    page.get_by_role("button", name="Reset direction 0, azimuth").click()
    becomes(page, lambda: "--move 0" not in page.inner_text("#command"))


def test_a_direction_acts_at_the_layers_chosen_beside_its_slider(page: Page) -> None:
    first = images(page)
    page.get_by_label("Distance along direction 0, azimuth").fill("1")
    page.keyboard.press("Enter")
    becomes(page, lambda: "--move 0=1 " in page.inner_text("#command"))
    whole = images(page)
    page.get_by_label("Layers of direction 0, azimuth").select_option("coarse")
    becomes(page, lambda: "--move 0=1@coarse " in page.inner_text("#command"))
    assert not set(images(page)) & {*first, *whole}
    page.reload()
    settle(page)
    becomes(page, lambda: "--move 0=1@coarse " in page.inner_text("#command"))
    assert page.get_by_label("Layers of direction 0, azimuth").input_value() == "coarse"
    page.get_by_label("Layers of direction 0, azimuth").select_option("all layers")
    becomes(page, lambda: "--move 0=1 " in page.inner_text("#command"))
    assert images(page) == whole


def test_class_seed_samples_and_truncation(page: Page) -> None:
    first = images(page)
    page.get_by_label("Class").select_option("duck")
    becomes(page, lambda: "--class duck" in page.inner_text("#command"))
    assert page.locator("h1").inner_text() == "toybox · duck"
    page.get_by_label("Class").select_option("car")
    becomes(page, lambda: images(page) == first)
    page.get_by_role("button", name="New images").click()
    seed = page.get_by_label("Seed").input_value()
    becomes(page, lambda: f"--seed {seed} " in page.inner_text("#command"))
    assert images(page) != first
    page.get_by_label("Samples").select_option("9")
    becomes(page, lambda: "--samples 9" in page.inner_text("#command"))
    assert len(set(images(page))) == 9
    page.get_by_label("Truncation").fill("0.43")
    page.keyboard.press("Enter")
    becomes(page, lambda: "--truncation 0.44" in page.inner_text("#command"))
    assert page.get_by_label("Truncation").input_value() == "0.44"
    note = page.locator("#truncation-note").inner_text()
    assert "0.43 is not stored; the nearest stored value, 0.44, is used" in note
    assert "scales the latents" in note


def test_an_answer_does_not_overwrite_what_is_being_typed(page: Page) -> None:
    field = page.get_by_label("Truncation")
    field.fill("0.5")
    page.locator("#slider-0").evaluate(
        "slider => { slider.value = 1; slider.dispatchEvent(new Event('input')) }"
    )
    becomes(page, lambda: "--move 0=1 " in page.inner_text("#command"))
    assert field.input_value() == "0.5"
    assert "--truncation" not in page.inner_text("#command")
    page.keyboard.press("Enter")
    becomes(page, lambda: "--truncation 0.5" in page.inner_text("#command"))


def test_an_answer_that_comes_late_does_not_replace_a_newer_one(page: Page) -> None:
    late: list[tuple[Route, APIResponse]] = []

    def hold_the_first(route: Route) -> None:
        if late:
            route.continue_()
        else:
            late.append((route, route.fetch()))

    page.route("**/api/images", hold_the_first)
    page.locator("#slider-0").fill("1")
    becomes(page, lambda: bool(late))
    page.locator("#slider-0").fill("-1")
    becomes(page, lambda: "--move 0=-1 " in page.inner_text("#command"))
    newest = images(page)
    late[0][0].fulfill(response=late[0][1])
    page.wait_for_timeout(200)
    assert images(page) == newest
    assert "--move 0=-1 " in page.inner_text("#command")


def test_names_are_shown_as_they_are_and_never_run(page: Page) -> None:
    assert page.get_by_label("Name of direction 1").input_value() == NASTY
    assert page.get_by_role("slider", name=f"Direction 1 {NASTY}").count() == 1
    assert page.locator("img:not(#images img)").count() == 0
    assert page.title() == "explore · biggan-directions"


@pytest.mark.parametrize("only", [False, True])
def test_what_is_shown_is_saved_and_the_command_that_is_copied_makes_the_same_file(
    context: BrowserContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, only: bool
) -> None:
    path = tmp_path / "it's mine.pt"
    toybox_directions().save(path)
    monkeypatch.chdir(tmp_path)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    with serving(make_session(path=path.name)) as live:
        page = context.new_page()
        visit(page, live)
        page.get_by_label("Truncation").fill("0.5")
        page.get_by_label("Distance along direction 0, azimuth").fill("1.2345678")
        page.keyboard.press("Enter")
        page.locator("#images button").nth(2).click()
        if only:
            page.get_by_role("button", name="Only chosen").click()
        drawn = "--sample 2" if only else "--samples 4"
        becomes(page, lambda: f"--truncation 0.5 --seed 0 {drawn} --move 0=1" in page.inner_text("#command"))
        settle(page)
        shown = [pixels(base64.b64decode(url.partition(",")[2])) for url in images(page)]
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as PNG").click()
        assert download.value.suggested_filename == f"car_seed0{'_sample2' if only else ''}.png"
        saved = download.value.path().read_bytes()
        page.get_by_role("button", name="Copy as command").click()
        expect(page.locator("#said")).to_have_text("Copied.")
        copied = str(page.evaluate("() => navigator.clipboard.readText()"))
        assert copied == page.locator("#command").text_content()
    done = CliRunner().invoke(app, shlex.split(copied)[1:])
    assert done.exit_code == 0, done.output
    made = (tmp_path / "edit.png").read_bytes()
    assert np.array_equal(pixels(saved), pixels(made))
    assert saved == made
    assert len(shown) == (1 if only else 4)
    step = (pixels(saved).shape[1] - 64) // max(1, len(shown) - 1)  # side by side, with some space between
    for place, image in enumerate(shown):
        assert np.array_equal(pixels(saved)[:, place * step : place * step + 64], image)
    text = Image.open(io.BytesIO(saved)).info
    assert text["Command"] == copied
    assert (text["Model"], text["Class"], text["Truncation"], text["Seed"]) == ("toybox", "car", "0.5", "0")
    assert text["Moves"] == "0 (azimuth)=1.2345678"
    assert text["Directions SHA-256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def pixels(content: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_what_is_saved_before_is_not_moved(page: Page) -> None:
    page.locator("#slider-0").fill("1")
    becomes(page, lambda: "--move 0=1 " in page.inner_text("#command"))
    page.get_by_role("button", name="Show before").click()
    becomes(page, lambda: "--move" not in page.inner_text("#command"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as PNG").click()
    assert download.value.suggested_filename == "car_seed0_before.png"
    assert Image.open(download.value.path()).info["Moves"] == "none"


def test_the_chosen_picture_alone_and_all_again(page: Page) -> None:
    four = images(page)
    page.locator("#images button").nth(1).click()
    page.get_by_role("button", name="Only chosen").click()
    becomes(page, lambda: len(images(page)) == 1 and "--sample 1" in page.inner_text("#command"))
    settle(page)
    alone = pixels(base64.b64decode(images(page)[0].partition(",")[2])).astype(int)
    assert np.abs(alone - pixels(base64.b64decode(four[1].partition(",")[2]))).max() <= 1
    page.locator("#slider-0").fill("1")
    becomes(page, lambda: "--sample 1 --move 0=1 " in page.inner_text("#command"))
    page.reload()
    settle(page)
    assert "--sample 1 --move 0=1 " in page.inner_text("#command")
    page.get_by_role("button", name="Reset all").click()
    page.get_by_role("button", name="Only chosen").click()
    becomes(page, lambda: images(page) == four)
    page.get_by_label("Samples").select_option("1")
    expect(page.get_by_role("button", name="Only chosen")).to_be_hidden()


def test_a_name_is_kept_in_the_file_and_seen_in_other_tabs(context: BrowserContext, tmp_path: Path) -> None:
    path = tmp_path / "directions.pt"
    toybox_directions().save(path)
    with serving(make_session(path=str(path))) as live:
        page, other = context.new_page(), context.new_page()
        for tab in (page, other):
            visit(tab, live)
        other.get_by_label("Name of direction 0").fill("half-typed")
        field = page.get_by_label("Name of direction 2")
        field.fill(NASTY.upper())
        page.keyboard.press("Enter")
        expect(page.locator("#said")).to_have_text(f"Direction 2 is now named {NASTY.upper()}.")
        assert Directions.load(path).names == ("azimuth", NASTY, NASTY.upper())
        expect(page.get_by_role("slider", name=f"Direction 2 {NASTY.upper()}", exact=True)).to_have_count(1)
        expect(other.get_by_label("Name of direction 2")).to_have_value(NASTY.upper())
        assert other.get_by_label("Name of direction 0").input_value() == "half-typed"
        field.fill("")
        page.keyboard.press("Enter")
        expect(page.locator("#said")).to_have_text("Direction 2 has no name now.")
        expect(other.get_by_label("Name of direction 2")).to_have_value("")
        rename(path, {2: "wheels"})  # in a terminal
        field.fill("spokes")
        page.keyboard.press("Escape")
        assert field.input_value() == ""
        page.get_by_label("Name of direction 0").fill("turn")
        page.keyboard.press("Tab")
        expect(field).to_have_value("wheels")
        assert Directions.load(path).names == ("turn", NASTY, "wheels")
        page.reload()
        settle(page)
        assert page.get_by_label("Name of direction 0").input_value() == "turn"
        assert page.locator("img:not(#images img)").count() == 0


def test_a_name_that_is_refused_says_why_at_its_field(context: BrowserContext, tmp_path: Path) -> None:
    path = tmp_path / "directions.pt"
    toybox_directions().save(path)
    with serving(make_session(path=str(path))) as live:
        page = context.new_page()
        visit(page, live)
        field, wrong = page.get_by_label("Name of direction 2"), page.locator("#wrong-2")
        for name, reason in (("azimuth", "direction 0 is named 'azimuth' already"), ("7", "'7' is a number")):
            field.fill(name)
            page.keyboard.press("Enter")
            expect(wrong).to_contain_text(reason)
            expect(field).to_have_attribute("aria-invalid", "true")
        with held(tmp_path):
            field.fill("wheels")
            page.keyboard.press("Enter")
            expect(wrong).to_contain_text("another run is writing into")
        assert Directions.load(path).names == toybox_directions().names
        field.fill("wheel")
        expect(wrong).to_be_hidden()
        page.keyboard.press("Enter")
        expect(page.locator("#said")).to_contain_text("wheel.")
        assert page.locator("[aria-invalid]").count() == 0


def test_a_bare_matrix_says_that_it_has_no_names(context: BrowserContext) -> None:
    bare = replace(toybox_directions(), names=("", "", ""), model={})
    session = Session(
        bare, load, path="theirs.pt", first=load("car", 1.0), table=find_model("toybox").classes
    )
    with serving(session) as live:
        page = context.new_page()
        visit(page, live)
        field = page.get_by_label("Name of direction 2")
        expect(field).to_have_attribute("placeholder", "a bare matrix has no names")
        expect(field).not_to_be_editable()


def test_a_direction_that_depends_on_the_latents_has_a_mark_and_a_sentence(context: BrowserContext) -> None:
    found = replace(toybox_directions(), stability=torch.tensor([1.0, 0.614, float("nan")]))
    toys = find_model("toybox").classes
    with serving(Session(found, load, path="my.pt", first=load("car", 1.0), table=toys)) as live:
        page = context.new_page()
        visit(page, live)
        expect(page.get_by_text("stability ↑ 1.00 ·")).to_have_count(1)
        expect(page.get_by_text("stability ↑ 0.61 ! ·")).to_have_count(1)
        expect(page.get_by_text("stability ↑")).to_have_count(2)
        expect(page.get_by_text("! direction 1 depends on the latents")).to_be_visible()
        assert page.locator("#directions .measures:visible").count() == 3 + 1


def test_a_reload_keeps_what_was_set(page: Page) -> None:
    page.locator("#slider-0").fill("1.5")
    page.get_by_label("Seed").fill("12")
    page.keyboard.press("Enter")
    becomes(page, lambda: "--seed 12 --samples 4 --move 0=1.5 " in page.inner_text("#command"))
    shown = images(page)
    page.reload()
    settle(page)
    assert images(page) == shown
    assert page.locator("#slider-0").input_value() == "1.5"


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_it_fits_a_phone_and_everything_has_a_name(page: Page, width: int, scheme: Any) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    for control in page.locator("input, select, button").all():
        # what a screen reader would say
        assert has_name(control.aria_snapshot()), control.evaluate("e => e.outerHTML")
    background = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, background[4:-1].split(","))) < 200) is (scheme == "dark")
    page.locator("#slider-2").scroll_into_view_if_needed()
    box, slider = page.locator("#images").bounding_box(), page.locator("#slider-2").bounding_box()
    assert box is not None
    assert slider is not None
    assert box["y"] + box["height"] > 100  # the pictures stay in sight of the slider
    assert width > 1000 or slider["y"] >= box["y"] + box["height"] - 1


def has_name(snapshot: str) -> bool:
    """Whether the first line of an aria snapshot, such as ``- button "Save"``, has a name in it."""
    return '"' in snapshot.splitlines()[0]


def test_errors_reach_the_page_as_words_and_the_next_picture_clears_them(context: BrowserContext) -> None:
    many = ClassTable.from_names([*TOYS, "crane", "crane", *(f"thing {i}" for i in range(40))])
    with serving(make_session(table=many)) as live:  # enough classes to be typed
        page = context.new_page()
        visit(page, live)
        page.get_by_label("Class").fill("crane")
        page.keyboard.press("Enter")
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("could be any of 10 crane_10, 11 crane_11")
        expect(page.get_by_label("Class")).to_have_attribute("aria-invalid", "true")
        page.get_by_label("Seed").fill("1.5")
        page.keyboard.press("Tab")
        expect(alert).to_contain_text("seed is 1.5, expected a whole number")
        page.locator("#slider-0").fill("1")
        expect(alert).to_be_hidden()
        assert page.get_by_label("Seed").input_value() == "0"
    page.locator("#slider-0").fill("2")  # the server is gone
    expect(alert).to_contain_text("does not answer")


def test_without_the_token_the_page_is_words(context: BrowserContext, live: Live) -> None:
    page = context.new_page()
    answer = page.goto(f"http://127.0.0.1:{live.port}/?token=wrong")
    assert answer is not None
    assert answer.status == 403
    assert "token" in page.inner_text("body")
    assert page.locator("input").count() == 0


def test_where_drawing_is_slow_only_the_chosen_picture_follows_and_the_rest_come_at_rest(
    context: BrowserContext,
) -> None:
    asked: list[dict[str, Any]] = []
    answered: list[int] = []

    def note(request: Request) -> None:
        if request.url.endswith("/api/images"):
            asked.append(json.loads(request.post_data or "{}"))

    slow = Watched(lambda count: time.sleep(0.06 * count))
    with serving(make_session(lambda *_: slow)) as live:
        page = context.new_page()
        visit(page, live)
        page.on("request", note)
        page.on("response", lambda response: answered.append(response.status))
        page.locator("#images button").nth(1).click()
        page.locator("#slider-0").focus()
        for _ in range(20):
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(15)
        becomes(page, lambda: "--move 0=1 " in page.inner_text("#command"))
        assert page.locator(".behind").count() == 0
    assert asked[0]["samples"] == [1]
    assert asked[-1]["samples"] == [0, 1, 2, 3]
    assert asked[-1]["moves"] == {"0": 1}
    assert answered[-1] == 200
    assert answered.count(204) >= 3  # newer ones took their places on the server
