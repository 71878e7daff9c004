"""The documentation's examples run, and do what the page says."""

import importlib
import re
import runpy
from pathlib import Path

import pytest
import torch

from tests.support.markdown import ROOT, code_blocks


def test_the_generator_of_your_own_is_recovered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = code_blocks("docs/own-generator.md")
    assert len([line for line in block.splitlines() if line]) <= 25
    (tmp_path / "spot.py").write_text(block, "utf-8")
    runpy.run_path(str(tmp_path / "spot.py"), run_name="__main__")
    found = dict(re.findall(r"^(\w+): recovery (\S+)$", capsys.readouterr().out, re.MULTILINE))
    assert sorted(found) == ["across", "backdrop", "down"]
    assert min(map(float, found.values())) >= 0.99


def test_the_readme_and_the_page_show_the_same_generator() -> None:
    assert code_blocks("README.md")[2:] == code_blocks("docs/own-generator.md")


def test_the_penalty_joins_a_training_loop() -> None:
    """The lines of the README and the page, with a generator and a discriminator as a reader has them."""
    (block,) = code_blocks("docs/training.md")
    assert block == code_blocks("README.md")[1]
    assert len([line for line in block.splitlines() if line]) == 8
    torch.manual_seed(0)
    blocks = {name: torch.nn.Sequential(torch.nn.Linear(12, 12), torch.nn.Tanh()) for name in "ab"}
    generator = torch.nn.Sequential()
    for name in blocks:
        generator.add_module(name, blocks[name])
        generator.add_module(f"norm_{name}", torch.nn.BatchNorm1d(12))
    scope = {
        "torch": torch,
        "F": torch.nn.functional,
        "generator": generator,
        "discriminator": torch.nn.Linear(12, 1),
        "optimizer": torch.optim.Adam(generator.parameters(), lr=1e-3),
        "steps": 20,
    }
    before = [parameter.detach().clone() for parameter in generator.parameters()]
    exec(block.replace("ramp_steps=10_000", "ramp_steps=10"), scope)  # the page's own lines
    assert not all(map(torch.equal, before, generator.parameters()))
    z = torch.randn(64, 12)
    assert 0 < scope["penalty"].measure(z, step=99).item() < 1e6  # type: ignore[attr-defined]
    assert int(generator.state_dict()["norm_a.num_batches_tracked"]) == 20  # by the loop's own passes alone


def test_the_readmes_library_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    scope = runpy.run_path(_saved(code_blocks("README.md")[0], tmp_path / "example.py"))
    assert scope["images"].shape == (4, 3, 64, 64)
    assert (tmp_path / "directions.pt").exists()


def test_every_link_in_the_documentation_leads_somewhere() -> None:
    pages = [
        ROOT / "README.md",
        ROOT / "SECURITY.md",
        *(ROOT / "docs").glob("*.md"),
        ROOT / "benchmarks/README.md",
    ]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def _saved(text: str, path: Path) -> str:
    path.write_text(text, "utf-8")
    return str(path)


def test_every_function_that_the_method_names_exists() -> None:
    table = (
        (ROOT / "docs/method.md")
        .read_text("utf-8")
        .split("## From equation to function")[1]
        .split("\n## ")[0]
    )
    named = re.findall(r"`([a-z_]+(?:\.[a-z_]+)*\.[A-Za-z_]+)`", table)
    assert len(named) >= 12
    for name in named:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(f"biggan_directions.{module}"), attribute), name
