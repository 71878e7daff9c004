"""Architectures: how a folder with a model's weights is recognised, read, and made into a generator.

An architecture of ours is one folder of ``generators/`` with a module ``architecture.py``, which has an
:class:`Architecture` named ``ARCHITECTURE``. Other packages add theirs by an entry point of the group
``biggan_directions.architectures`` that refers to such an object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from biggan_directions import plugins
from biggan_directions.errors import FileFormatError, UsageError
from biggan_directions.generators.config_file import read_config_values

if TYPE_CHECKING:
    import torch

    from biggan_directions.generators import Generator, ImageClass
    from biggan_directions.generators.capabilities import TrueDirections
    from biggan_directions.generators.classes.class_table import ClassTable
    from biggan_directions.generators.weights.weight_folder import WeightFiles

GROUP = "biggan_directions.architectures"
_PACKAGE = "biggan_directions.generators"
_MODULE = "architecture"


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What is known of a model before its weights are read.

    Attributes:
        resolution: side of its images in pixels.
        z_dim: numbers of a latent.
        classes: what it draws.
        truncation: what suits it if nobody says otherwise, in (0, 1].
    """

    resolution: int
    z_dim: int
    classes: ClassTable
    truncation: float


class Weights(Protocol):
    """A model's weights in memory, every tensor checked."""

    @property
    def facts(self) -> ModelFacts:
        """What the configuration says."""
        ...

    @property
    def state(self) -> Mapping[str, torch.Tensor]:
        """The tensors by name."""
        ...

    @property
    def sha256(self) -> str:
        """Of the file of weights, hexadecimal."""
        ...

    @property
    def parameters(self) -> int:
        """How many learnt numbers there are; statistics and vectors of spectral norm are not learnt."""
        ...

    def freeze(
        self,
        *,
        classes: Sequence[ImageClass],
        truncation: float,
        model: str,
        license: str,
        true_directions: TrueDirections | None,
        device: torch.device,
    ) -> Generator:
        """A generator of these classes at this truncation; it carries what else is given.

        Raises:
            UsageError: the truncation is outside (0, 1].
        """
        ...


@runtime_checkable
class Turnable(Protocol):
    """Weights in which other coordinates can take the place of z's. ``export`` needs them.

    Weights have this capability when they have the members below; they derive from nothing.
    """

    @property
    def parts(self) -> tuple[range, ...]:
        """The coordinates of z that a rotation may mix with each other.

        All of z where every layer meets all of it; a part for each chunk where z is hierarchical.
        """
        ...

    def config_values(self) -> dict[str, Any]:
        """The values of a ``config.json`` for these weights, the list of classes among them."""
        ...

    @property
    def file_name(self) -> str:
        """Of the file of weights that :meth:`file_state` is for."""
        ...

    def file_state(self) -> dict[str, torch.Tensor]:
        """The tensors by name, as other programs that read such weights expect them."""
        ...

    def turned(self, rotation: torch.Tensor) -> Weights:
        """Weights that draw at ``z`` what these draw at ``z @ rotation``.

        Args:
            rotation: orthogonal, float64 ``(z_dim, z_dim)``; it does not mix :attr:`parts`.
        """
        ...


class Architecture(Protocol):
    """One kind of network, in the files of a model's folder: ``config.json`` and the weights.

    Attributes:
        needs_config: whether there must be a ``config.json``. Without one, the shapes of the tensors say all
            sizes; only one of our own architectures can be so, and none of another package.
    """

    needs_config: bool

    def recognises(self, config: Mapping[str, Any]) -> bool:
        """Whether the values of a ``config.json``, which are unchecked, look like this architecture's.

        A file that says ``"architecture": NAME`` itself is not asked about.
        """
        ...

    def facts(self, files: WeightFiles) -> ModelFacts:
        """What a ``config.json`` says, or the tensors where there is none; all of it checked.

        Raises:
            FileFormatError: a value is absent or out of bounds.
        """
        ...

    def read(self, files: WeightFiles) -> Weights:
        """Both files, all that is in them checked: they may come from anybody.

        Raises:
            FileFormatError: a file is not what it should be; the first tensor that is wrong is named.
        """
        ...


def names() -> list[str]:
    """The names of all architectures, sorted; none is imported."""
    return plugins.names(_PACKAGE, GROUP, _MODULE)


def architecture_of(config_path: Path) -> Architecture:
    """The architecture of a model's folder: the one that its ``config.json`` names, or that recognises it.

    Raises:
        FileFormatError: it is not JSON, or of no architecture that is installed, or of several.
        UsageError: the architecture that it names cannot be imported, or none recognises it and those of
            another package cannot be imported or fail.
    """
    values, known = read_config_values(config_path), names()
    named = values.get("architecture")
    if named is not None:
        if named not in known:
            raise FileFormatError(
                f"{config_path} is of the architecture {str(named)[:80]!r}, which is not installed; there "
                f"are {', '.join(known)}"
            )
        return _load(named)
    own = plugins.own_names(_PACKAGE, _MODULE)
    broken: list[str] = []
    found = [name for name in own if _load(name).recognises(values)]
    if not found:
        found, broken = _recognising([name for name in known if name not in own], values)
    if broken and not found:
        raise UsageError(
            f"{config_path} is recognised by none of the architectures that work here, and "
            f"{'; '.join(broken)}: repair or uninstall that package"
        )
    if not found:
        raise FileFormatError(
            f"{config_path} is of no architecture that is installed ({', '.join(known)}); if it is of one of "
            f'them, write for example "architecture": "{known[0]}" into it'
        )
    if len(found) > 1:
        raise FileFormatError(
            f"{config_path} could be of the architectures {' and '.join(found)}: write the right one into "
            f'it, for example "architecture": "{found[0]}"'
        )
    return _load(found[0])


def read_facts(files: WeightFiles) -> ModelFacts:
    """The sizes and classes of a model; errors as of :func:`architecture_of` and Architecture.facts."""
    return _of_files(files).facts(files)


def read_weights(files: WeightFiles) -> Weights:
    """A model's weights; errors as of :func:`architecture_of` and Architecture.read."""
    return _of_files(files).read(files)


def _of_files(files: WeightFiles) -> Architecture:
    if files.config_path is not None:
        return architecture_of(files.config_path)
    own = map(_load, plugins.own_names(_PACKAGE, _MODULE))
    return next(architecture for architecture in own if not architecture.needs_config)


def _load(name: str) -> Architecture:
    found = plugins.load(_PACKAGE, GROUP, name, _MODULE)
    return cast(Architecture, found.ARCHITECTURE if isinstance(found, ModuleType) else found)


def _recognising(candidates: Iterable[str], values: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The architectures that recognise a configuration, and for each broken one a sentence."""
    found, broken = [], []
    for name in candidates:
        try:
            architecture = _load(name)
        except UsageError as error:
            broken.append(str(error))
            continue
        try:
            if architecture.recognises(values):
                found.append(name)
        except Exception as error:  # someone else's code may raise anything
            broken.append(f"{plugins.origin(GROUP, name)} fails on it: {type(error).__name__}: {error}")
    return found, broken
