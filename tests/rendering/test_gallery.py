"""The page as a file: what is in it, how large it is, and that text from files stays text."""

import base64
import html
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from biggan_directions import load_generator, sample_latents
from biggan_directions.rendering import Account, RenderPlan, RenderRequest, RenderSettings
from biggan_directions.rendering.gallery import PageDirection, gallery_html
from biggan_directions.rendering.images import draw
from biggan_directions.scores import read_scores
from biggan_directions.toybox import true_directions
from biggan_directions.traversal import apply_moves
from tests.support.standin import Discs, directions, request
from tests.test_scores import card

EVIL = "</script><script>alert(1)</script>\"'&<img src=x onerror=alert(2)>\u202e\ud800"
SETTINGS = RenderSettings(samples=2, frames=8, scale=1, sheet_positions=3)


def account(**changed: Any) -> Account:
    """What a page says, with nothing special in it."""
    usual: dict[str, Any] = {
        "title": "6 directions in discs",
        "subtitle": "directions.pt",
        "fingerprint": "f" * 64,
        "file": "directions.pt",
        "captions": ["", ""],
        "penalties": [0.1] * 6,
        "facts": [("model", "discs")],
        "commands": [("draws this page", "biggan-directions render directions.pt")],
        "score_command": "biggan-directions score directions.pt",
    }
    return Account(**{**usual, **changed})


def data_of(page: str) -> Any:
    """The page's data as its script reads them."""
    return json.loads(page.split('<script type="application/json" id="data">')[1].split("</script>")[0])


def decoded(strip: str) -> Any:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(strip))).convert("RGB")).astype(int)


def test_strips_show_the_generator_at_every_position(tmp_path: Path) -> None:
    shown = request(2, effects=[0.2] * 6, indices=(4, 1), class_index=torch.tensor([0, 3]), account=account())
    records = list(RenderPlan(shown, tmp_path, settings=SETTINGS).files(Discs(128)))
    assert records[-1].path == tmp_path / "gallery_part.html"
    assert records[-1].size_bytes == records[-1].path.stat().st_size
    data = data_of(records[-1].path.read_text(encoding="utf-8"))
    assert [one["index"] for one in data["directions"]] == [4, 1]
    assert data["fractions"] == sorted(data["fractions"])
    assert len(data["fractions"]) == 5
    for one in data["directions"]:
        for sample, strip in enumerate(one["strips"]):
            pixels = decoded(strip).reshape(5, 128, 128, 3)
            for image, fraction in zip(pixels, data["fractions"], strict=True):
                moved = apply_moves(shown.z, directions(), {one["index"]: fraction * one["distance"]})
                expected = list(draw(Discs(128), moved, shown.class_index))[sample].astype(int)
                assert np.abs(image - expected).mean() < 3


def test_a_grid_s_page_has_the_same_strips(tmp_path: Path) -> None:
    pages = []
    for grid in (False, True):
        settings = replace(SETTINGS, grid=grid)
        *_, last = RenderPlan(request(2, account=account()), tmp_path, settings=settings).files(Discs())
        pages.append(data_of(last.path.read_text(encoding="utf-8")))
    assert pages[0].keys() == pages[1].keys()
    for alone, together in zip(pages[0]["directions"], pages[1]["directions"], strict=True):
        assert [decoded(strip).shape for strip in alone["strips"]] == [(5 * 128, 128, 3)] * 2
        for one, other in zip(alone["strips"], together["strips"], strict=True):
            assert np.abs(decoded(one) - decoded(other)).mean() < 1


def test_the_toybox_s_page_is_small(tmp_path: Path) -> None:
    """Two directions × 4 samples × 25 positions: three times as much is at most 3 MB."""
    car = load_generator("toybox", "car")
    z = sample_latents(4, car.z_dim, truncation=1.0, seed=0, purpose="rendering")
    settings = RenderSettings(format="webp", sheet_positions=3)
    said = account(captions=[""] * 4)
    shown = RenderRequest(directions=true_directions()[1][:2], z=z, effects=[0.2] * 2, account=said)
    *_, last = RenderPlan(shown, tmp_path, settings=settings).files(car)
    data = data_of(last.path.read_text(encoding="utf-8"))
    assert (len(data["directions"]), len(data["fractions"])) == (2, 25)
    assert all(len(one["strips"]) == 4 for one in data["directions"])
    assert 3 * last.size_bytes < 3e6


class _Reader(HTMLParser):
    """Every tag with its attributes, and all text outside scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _evil_page(tmp_path: Path) -> str:
    path = tmp_path / "scorecard.json"
    content = json.dumps(card(classes=[EVIL])).replace("azimuth", json.dumps(EVIL)[1:-1])
    path.write_text(content.replace("jacobi", json.dumps(EVIL)[1:-1]))
    scores = read_scores(path, "f" * 64, 2)
    said = account(
        title=EVIL,
        subtitle=EVIL,
        fingerprint="f" * 64,
        file=EVIL,
        captions=[EVIL],
        facts=[(EVIL, EVIL)],
        commands=[(EVIL, EVIL)],
        scores=scores,
    )
    shown = [
        PageDirection(index=index, name=EVIL, effect=0.2, distance=2.0, strips=[b"webp"]) for index in (0, 1)
    ]
    return gallery_html(said, shown, fractions=[-1.0, 0.0, 1.0], size=(64, 64))


def test_text_from_files_stays_text(tmp_path: Path) -> None:
    page = _evil_page(tmp_path)
    page.encode()  # a lone surrogate has become visible, too
    reader = _Reader()
    reader.feed(page)
    assert [attributes.get("type") for tag, attributes in reader.tags if tag == "script"] == [
        "application/json",
        None,
    ]
    assert "img" not in {tag for tag, _ in reader.tags}
    assert not [name for _, attributes in reader.tags for name in attributes if name.startswith("on")]
    assert "\u202e" not in page
    seen = EVIL.replace("\u202e", "\ufffd").replace("\ud800", "\ufffd")
    assert reader.text.count(html.unescape(seen)) >= 9
    data = data_of(page)
    assert (data["directions"][0]["name"], data["file"], data["captions"]) == (seen, seen, [seen])


def test_the_page_asks_nobody_for_anything(tmp_path: Path) -> None:
    page = _evil_page(tmp_path)
    reader = _Reader()
    reader.feed(page)
    links = [
        value
        for _, attributes in reader.tags
        for name, value in attributes.items()
        if name in ("src", "href", "action", "srcset")
    ]
    assert links == ["data:,", "#directions"]
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|WebSocket|sendBeacon", page)


def with_factors(worst: str) -> dict[str, Any]:
    """A scorecard whose first set has image factors."""
    content = card(
        image_factors={
            "factors": ["width", "area"], "spreads": [0.1, 0.2], "source": "real images", "latents": 16,
            "images": 208,
        }
    )  # fmt: skip
    for change, direction in zip((0.41, -0.12), content["sets"][0]["directions"], strict=True):
        direction["image_factors"] = {
            "changes": [change, None],
            "errors": [0.01, None],
            "strongest": "width" if change > 0 else None,
            "selectivity": 0.93 if change > 0 else None,
            "agreement": {"mean": 0.8, "worst": worst, "by_class": {worst: 0.31}},
        }
    return content


def test_image_factors_are_a_table_of_the_page(tmp_path: Path) -> None:
    path = tmp_path / "scorecard.json"
    path.write_text(json.dumps(with_factors(EVIL)))
    shown = [
        PageDirection(index=index, name=name, effect=0.2, distance=2.0, strips=[b"webp"])
        for index, name in enumerate(("collar", ""))
    ]
    said = account(scores=read_scores(path, "f" * 64, 2))
    page = gallery_html(said, shown, fractions=[-1.0, 0.0, 1.0], size=(64, 64))
    table = page.split("Image factors")[1].split("</table>")[0]
    assert "<strong>+0.41</strong>" in table
    assert "93%" in table
    assert "collar" in table
    assert [word in table for word in ("-0.12", "<strong>-0.12", "–", "0.80, ", "0.31")] == [
        *(True, False, True, True, True)
    ]
    assert "<img" not in page
    plain = gallery_html(account(), shown, fractions=[-1.0, 0.0, 1.0], size=(64, 64))
    assert "Image factors" not in plain


def test_without_a_scorecard_the_page_says_how_to_get_one() -> None:
    shown = [PageDirection(index=0, name="", effect=0.25, distance=2.0, strips=[b""])]
    page = gallery_html(account(), shown, fractions=[-1.0, 0.0, 1.0], size=(64, 64))
    assert "biggan-directions score directions.pt" in page
    assert "0.250" in page
    assert "0.100" in page
    assert "<table>" not in page
    assert 'id="compare"' not in page  # one direction has nothing beside it


@pytest.mark.parametrize("unknown", [float("nan")])
def test_what_was_not_measured_is_left_out(unknown: float) -> None:
    shown = [PageDirection(index=0, name="", effect=unknown, distance=2.0, strips=[b""])]
    said = account(penalties=[unknown] * 6)
    page = gallery_html(said, shown, fractions=[-1.0, 0.0, 1.0], size=(64, 64))
    assert '<dl class="measures">' not in page
    assert "nan" not in page.lower().replace("nano", "")
