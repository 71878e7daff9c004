"""Runs of a method on a known truth with one seed, kept a line each in a file that is only added to."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.support.measure import machine
from benchmarks.truths import Recovery, recovery, truth
from biggan_directions import LearnSettings, learn
from biggan_directions.errors import UsageError
from biggan_directions.solvers import registry

SCORE_LATENTS = 2  # the directions are compared with the truth, and their measures are not looked at


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to learn directions.

    Attributes:
        name: as it is shown.
        settings: of :class:`~biggan_directions.LearnSettings`; those of the solver are its ``options``.
    """

    name: str
    settings: Mapping[str, Any]

    def changed(self, values: Mapping[str, str]) -> Method:
        """The same with other settings, typed as ``key=value``: those of all solvers or the solver's own."""
        common = {key: value for key, value in asdict(LearnSettings()).items() if key != "options"}
        settings = dict(self.settings)
        options = dict(settings.pop("options", {}))
        for key, text in values.items():
            if key in common:
                settings[key] = _value(key, text, like=common[key])
            else:
                options[key] = text
        name = " ".join([self.name, *(f"{key}={text}" for key, text in values.items())])
        made = Method(name=name, settings={**settings, **({"options": options} if options else {})})
        LearnSettings(**made.settings)  # raises a UsageError where a value is out of range or unknown
        return made


_SETTINGS: dict[str, dict[str, Any]] = {
    "random": {"solver": "random"},
    "coordinate": {"solver": "coordinate"},
    "first-order": {"solver": "first-order"},
    "sefa": {"solver": "sefa"},
    "plain": {"solver": "jacobi", "options": {"weighting": "plain"}},  # the paper's sum over pixels
    "jacobi": {"solver": "jacobi"},
    "orojar": {"solver": "orojar"},
    "joint": {"solver": "joint"},
}
METHODS = {name: Method(name=name, settings=settings) for name, settings in _SETTINGS.items()}


def method_named(name: str) -> Method:
    """One of ``METHODS``, or a solver at its own defaults.

    Raises:
        UsageError: there is no such solver.
    """
    if name in METHODS:
        return METHODS[name]
    registry.find(name)
    return Method(name=name, settings={"solver": name})


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What a method found on a truth with one seed.

    Attributes:
        method: the method's name.
        truth: the truth's name.
        seed: of the method and of the truth's hidden rotation.
        settings: every setting of the run.
        mean: recovery over the factors; None where there is no truth.
        least: of them.
        factors: recovery of each factor.
        images: drawn to find the directions.
        gradients: how many of these were differentiated.
        seconds: of the run.
        stability: of each direction, as the solver gives it; None where it cannot tell.
        directions: float16 ``(ndirs, z_dim)`` in base64, strongest first, in the z of the generator that is
            not turned.
    """

    method: str
    truth: str
    seed: int
    settings: dict[str, Any]
    mean: float | None
    least: float | None
    factors: dict[str, float]
    images: int
    gradients: int
    seconds: float
    stability: list[float] | None
    directions: str

    def rows(self) -> torch.Tensor:
        """The directions in the z of the generator that is not turned: float64 ``(ndirs, z_dim)``."""
        numbers = np.frombuffer(base64.b64decode(self.directions), dtype="<f2").astype(np.float64)
        rows = torch.from_numpy(numbers).reshape(self.settings["ndirs"], -1)
        lengths: torch.Tensor = rows.norm(dim=1, keepdim=True)
        return rows / lengths


def measured(method: Method, name: str, seed: int) -> Cell | None:
    """Learn directions on a truth; None where the method lacks what it needs, as sefa does of a formula."""
    known = truth(name, seed)
    settings = _settings(method, known.ndirs, seed)
    if settings.made().missing(known.generator):
        return None
    begun = time.perf_counter()
    solution = learn(known.generator, settings)
    seconds = time.perf_counter() - begun
    found: Recovery = recovery(solution.directions, known)
    stability = solution.stability
    back = known.turned_back(solution.directions).numpy().astype("<f2")
    return Cell(
        method=method.name,
        truth=name,
        seed=seed,
        settings=asdict(settings),
        mean=round(found.mean, 5) if found.factors else None,
        least=round(found.least, 5) if found.factors else None,
        factors={key: round(value, 5) for key, value in found.factors.items()},
        images=solution.evaluations,
        gradients=solution.gradients,
        seconds=round(seconds, 2),
        stability=None if stability is None else [round(value, 4) for value in stability.tolist()],
        directions=base64.b64encode(back.tobytes()).decode("ascii"),
    )


class CellFile:
    """A file of cells, a JSON object a line; a line that is not a cell tells on what the next were measured.

    Cells are only added, each with one write, so that an interrupted run loses the cell that it was at and
    several processes may share a file.

    Args:
        path: of the file, which need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def cells(self) -> list[Cell]:
        """All cells, in the order in which they were first measured; of a repeated one the last."""
        found = {}
        for line in self._lines():
            if "method" in line:
                cell = Cell(**line)
                found[cell.method, cell.truth, cell.seed] = cell
        return list(found.values())

    def filled(
        self, methods: Sequence[Method], truths: Iterable[str], seeds: Iterable[int], *, again: bool = False
    ) -> Iterator[tuple[Cell, bool]]:
        """The cells of all methods, truths and seeds, and whether each was measured now.

        A cell in the file is taken from there if its settings are today's, and ``again`` is not set.
        """
        known = {(cell.method, cell.truth, cell.seed): cell for cell in self.cells()}
        begun = False
        seeds = tuple(seeds)
        for name in truths:
            for seed in seeds:
                for method in methods:
                    old = known.get((method.name, name, seed))
                    if old is not None and not again and old.settings == _as_read(method, old):
                        yield old, False
                        continue
                    cell = measured(method, name, seed)
                    if cell is None:
                        continue
                    if not begun:
                        self._add({"machine": machine(torch.device("cpu"))})
                        begun = True
                    self._add(asdict(cell))
                    yield cell, True

    def _lines(self) -> Iterator[dict[str, Any]]:
        if not self.path.exists():
            return
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:  # cut short by a kill
                continue

    def _add(self, line: Mapping[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        whole = not self.path.exists() or self.path.read_bytes()[-1:] in (b"", b"\n")
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(("" if whole else "\n") + json.dumps(line) + "\n")


def _value(key: str, text: str, *, like: Any) -> Any:
    """A setting that was typed: a number if it reads as one."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if isinstance(like, str):
            return text
        raise UsageError(f"{key} must be a number, got {text!r}") from error


def _settings(method: Method, ndirs: int, seed: int) -> LearnSettings:
    common = {"ndirs": ndirs, "seed": seed, "score_latents": SCORE_LATENTS}
    return LearnSettings(**{**common, **method.settings})


def _as_read(method: Method, old: Cell) -> dict[str, Any]:
    """Today's settings of a cell, as they come back from a file."""
    settings = asdict(_settings(method, old.settings["ndirs"], old.seed))
    read: dict[str, Any] = json.loads(json.dumps(settings))
    return read
