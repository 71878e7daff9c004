"""Curves of recovery and stability by images drawn."""

from pathlib import Path

import pytest

from benchmarks.recovery_curves import curves, draw, efforts
from benchmarks.support.cells import CellFile, method_named


def test_efforts_are_latents_or_cotangents() -> None:
    assert [method.name for method in efforts(method_named("jacobi"))][:2] == [
        "jacobi latents=2",
        "jacobi latents=4",
    ]
    assert next(iter(efforts(method_named("first-order")))).settings["vjps"] == 16


def test_curves_rise_with_the_images(tmp_path: Path) -> None:
    way = [method_named("first-order").changed({"vjps": str(count)}) for count in (2, 512)]
    cells = [cell for cell, _ in CellFile(tmp_path / "cells.jsonl").filled(way, ["two-objects"], range(3))]
    recovered, stable = curves(cells, way)
    assert [images for images, _ in recovered] == [images for images, _ in stable] == [2, 512]
    assert recovered[1][1] > recovered[0][1] + 0.1
    assert stable[1][1] > stable[0][1] + 0.1
    pytest.importorskip("matplotlib")
    path = draw(cells, {"first-order": way}, tmp_path)
    assert path.name == "recovery_of_two_objects.png"
    assert path.read_bytes().startswith(b"\x89PNG")
