"""The page in a real browser: moved by keyboard and pointer, named, reloaded; it asks nobody for anything."""

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import pytest

from biggan_directions.rendering import RenderPlan, RenderSettings
from tests.rendering.test_gallery import account
from tests.support.browser import browser, needs_browser
from tests.support.standin import Discs, request

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser"]  # a fixture, found here by its name
pytestmark = needs_browser
FILE = "it's here/directions.pt"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a page of three directions."""
    folder = tmp_path_factory.mktemp("page")
    settings = RenderSettings(samples=2, frames=16, scale=1, sheet_positions=3)
    shown = request(
        2,
        names=["left to right", "", "<b>size</b>", "", "", ""],
        effects=[0.2] * 6,
        indices=(0, 1, 2),
        account=account(file=shlex.quote(FILE)),
    )
    *_, last = RenderPlan(shown, folder, settings=settings).files(Discs())
    return last.path.as_uri()


@pytest.fixture
def page(browser: "Browser", address: str) -> Iterator["Page"]:
    """The page, opened anew; whatever the test does, nothing leaves it and its console stays silent."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(address)
    yield opened
    context.close()
    assert said == []
    assert {url for url in asked if not url.startswith("data:")} == {address}


def drawn(page: "Page", holder: str, sample: int = 0) -> str:
    """What a canvas shows, once it shows anything."""
    canvas = page.locator(f"{holder} canvas").nth(sample)
    canvas.scroll_into_view_if_needed()
    read = """one => {
      const blank = document.createElement("canvas");
      [blank.width, blank.height] = [one.width, one.height];
      return [one.toDataURL(), blank.toDataURL()];
    }"""
    for _ in range(100):
        shown, blank = canvas.evaluate(read)
        if shown != blank:
            break
        page.wait_for_timeout(20)
    return str(shown)


FIRST = ".direction:nth-of-type(1)"
SECOND = ".direction:nth-of-type(2)"


def test_the_keyboard_moves_a_direction_and_no_other(page: "Page") -> None:
    before = [drawn(page, f"{one} .pictures", sample) for one in (FIRST, SECOND) for sample in (0, 1)]
    slider = page.get_by_label("Distance along direction 0, in units of z")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert slider.input_value() == "7"
    assert slider.get_attribute("aria-valuetext") == page.locator(f"{FIRST} output").inner_text() == "+1.8"
    after = [drawn(page, f"{one} .pictures", sample) for one in (FIRST, SECOND) for sample in (0, 1)]
    assert [a != b for a, b in zip(before, after, strict=True)] == [True, True, False, False]
    page.keyboard.press("Home")
    assert page.locator(f"{FIRST} output").inner_text() == "−2.0"


def test_the_pointer_moves_a_direction_wherever_it_is_shown(page: "Page") -> None:
    output, seen = page.locator(f"{FIRST} output"), {drawn(page, f"{FIRST} .pictures")}
    for holder, there in (
        ("input[type=range]", "+2.0"),
        ("figure:first-child canvas", "−2.0"),
        (".film", "+2.0"),
    ):
        shown = page.locator(f"{FIRST} {holder}").first
        shown.scroll_into_view_if_needed()
        box = shown.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(
            box["x"] + (box["width"] - 2 if there[0] == "+" else 2), box["y"] + box["height"] / 2, steps=4
        )
        page.mouse.up()
        assert output.inner_text() == there
        seen.add(drawn(page, f"{FIRST} .pictures"))
    assert len(seen) == 3  # the centre and both ends


def test_the_film_shows_the_way_at_a_glance(page: "Page") -> None:
    distances = page.locator(f"{FIRST} .film span").all_inner_texts()
    # at steps of a quarter, as near as 9 positions come to them
    assert distances == ["−2.0", "−1.4", "−0.8", "0", "+0.8", "+1.4", "+2.0"]
    assert len({drawn(page, f"{FIRST} .film", step) for step in range(7)}) == 7


def test_all_directions_move_and_play_together(page: "Page") -> None:
    before = drawn(page, f"{SECOND} .pictures")
    page.get_by_label("Position of all directions").focus()
    page.keyboard.press("End")
    assert page.locator(".direction output").all_inner_texts() == ["+2.0"] * 3
    assert drawn(page, f"{SECOND} .pictures") != before
    play = page.get_by_role("button", name="Play all")
    play.click()
    for _ in range(100):
        if page.locator(f"{FIRST} output").inner_text().startswith("−"):
            break
        page.wait_for_timeout(20)
    else:
        pytest.fail("playing does not reach the other side")
    assert play.get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Centre").click()
    assert play.get_attribute("aria-pressed") == "false"
    assert drawn(page, f"{SECOND} .pictures") == before


def test_two_directions_side_by_side(page: "Page") -> None:
    left, right = ".panel[data-side=left] .pictures", ".panel[data-side=right] .pictures"
    drawn(page, left)
    page.get_by_label("Position of both directions").focus()
    page.keyboard.press("End")
    assert drawn(page, left) != drawn(page, right)
    page.get_by_label("Direction on the right").select_option("0 · left to right")
    page.wait_for_timeout(50)
    assert drawn(page, left) == drawn(page, right)


def test_names_become_a_command_and_survive_a_reload(page: "Page") -> None:
    box = page.locator("#names")
    assert not box.is_visible()
    page.get_by_label("Name of direction 1").fill('it\'s $HOME `up`; "down" <i>')
    page.get_by_label("Name of direction 0").fill("turn")
    page.get_by_label("Name of direction 2").fill("")
    words = shlex.split(page.locator("#names-command").inner_text())
    named = ["0=turn", '1=it\'s $HOME `up`; "down" <i>', "2="]
    assert words == ["biggan-directions", "name", FILE, *named]
    page.reload()
    assert page.get_by_label("Name of direction 0").input_value() == "turn"
    assert shlex.split(page.locator("#names-command").inner_text()) == words
    options = page.get_by_label("Direction on the left").locator("option").all_inner_texts()
    assert options == ["0 · turn", '1 · it\'s $HOME `up`; "down" <i>', "2"]
    page.get_by_role("button", name="Forget").click()
    assert page.get_by_label("Name of direction 2").input_value() == "<b>size</b>"
    page.reload()
    assert not box.is_visible()
    assert page.get_by_label("Name of direction 0").input_value() == "left to right"


def test_what_somebody_else_kept_in_the_browser_does_no_harm(page: "Page") -> None:
    key = f"biggan-directions/names/{'f' * 64}"
    for kept in ("nonsense", "[1]", "null", '{"0": 3, "7": "x", "constructor": "y"}'):
        page.evaluate("([key, kept]) => localStorage.setItem(key, kept)", [key, kept])
        page.reload()
        assert page.get_by_label("Name of direction 0").input_value() == "left to right"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_a_phone_and_can_be_read_in_both_schemes(
    browser: "Browser", address: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # WCAG's contrast of soft text, the faintest there is, against what it stands on
    contrast = page.evaluate(
        """() => {
          const light = (colour) => {
            const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
              .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
          };
          const both = [getComputedStyle(document.querySelector(".lede")).color,
                        getComputedStyle(document.body).backgroundColor].map(light).sort();
          return (both[1] + 0.05) / (both[0] + 0.05);
        }"""
    )
    assert contrast > 4.5
    context.close()


def test_everything_that_can_be_used_has_a_name_for_screen_readers(page: "Page") -> None:
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("input, select, button, canvas[role]")].filter((one) =>
             !one.ariaLabel && !one.textContent.trim() && !one.labels?.[0]?.textContent.trim()
           ).map((one) => one.outerHTML)"""
    )
    assert nameless == []
