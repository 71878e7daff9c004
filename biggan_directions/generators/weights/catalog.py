"""Which generators there are: what they are, where their weights come from, and under which licence.

The published models are listed here; a model that ships with the package registers itself.

The licence of the BigGAN-deep weights: the modules' pages on TensorFlow Hub name none (in
tensorflow/tfhub.dev, ``assets/docs/deepmind/models/biggan-deep-*/1.md``), and TensorFlow Hub's documentation
says that Apache-2.0 is then to be assumed (in tensorflow/hub, ``docs/writing_documentation.md``). The code
that converted them, pytorch-pretrained-biggan, is under MIT; the Hub's copy of the converted weights names no
licence of its own.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from biggan_directions.errors import UsageError
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.classes.imagenet import imagenet_classes

if TYPE_CHECKING:
    from biggan_directions.generators.capabilities import TrueDirections
    from biggan_directions.generators.registry import Weights

AVERAGED_NAME = "G_ema.pth"
CONFIG_NAME = "config.json"
WEIGHTS_NAME = "pytorch_model.bin"


@dataclass(frozen=True, kw_only=True)
class HubSource:
    """A repository on the Hugging Face Hub, at one commit.

    ``sha256`` is the weights' checksum where it is known; ``endpoint`` a mirror in place of the Hub's own
    address, which otherwise follows ``HF_ENDPOINT``.
    """

    repo_id: str
    revision: str
    sha256: str | None = None
    endpoint: str | None = None

    @property
    def address(self) -> str:
        """Where a person would look."""
        host = self.endpoint or os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
        return f"{host}/{self.repo_id}/tree/{self.revision}"


@dataclass(frozen=True, kw_only=True)
class UrlSource:
    """Two files, each at an address of its own; ``sha256`` is the weights' checksum where it is known."""

    config_url: str
    weights_url: str
    sha256: str | None = None

    @property
    def address(self) -> str:
        """Where a person would look."""
        return self.weights_url


@dataclass(frozen=True, kw_only=True)
class FileSource:
    """One file at an address, which says all sizes itself.

    Attributes:
        url: of the file.
        file_name: what it is called on this machine.
        sha256: its checksum where it is known, or the beginning of that.
        largest_bytes: the most that it may have; None: about the size of the weights.
    """

    url: str
    file_name: str
    sha256: str | None = None
    largest_bytes: int | None = None

    @property
    def address(self) -> str:
        """Where a person would look."""
        return self.url


@dataclass(frozen=True, kw_only=True)
class DriveSource:
    """One file on Google Drive, which the package ``gdown`` fetches; attributes as of :class:`FileSource`."""

    file_id: str
    file_name: str
    sha256: str | None = None
    largest_bytes: int | None = None
    host: str = "https://drive.google.com"

    @property
    def address(self) -> str:
        """Where a person would look."""
        return f"{self.host}/uc?id={self.file_id}"


Source = HubSource | UrlSource | FileSource | DriveSource


@dataclass(frozen=True, kw_only=True)
class CatalogEntry:
    """One generator.

    Attributes:
        sources: where its weights can be fetched, the best first; none where they ship with the package.
        loader: reads the weights that ship with the package.
        class_names: its classes; bare numbers where left out.
        truth: its true directions, where they are known.
        image_spreads: standard deviations of image factors of the real images that it learnt from, where
            they are known: by the name of the class, then by the factor's key.
        weights_bytes: the size of the weights, to within a few per cent.
        weights_name: what the file of weights is called; without a ``config.json`` unless it is the default.
        parameters: how many learnt numbers the network has, where sizes in pixels do not tell it from others.
        portrait: the class that ``models --check`` draws, where weights can be judged only by looking.
        unverified: what is not known of the weights, in a sentence.
        truncation: what suits the model if nobody says otherwise.
        license: of the weights, by its SPDX name.
        license_note: what that rests on, where the weights themselves do not say.
    """

    name: str
    resolution: int
    z_dim: int
    num_classes: int
    truncation: float
    weights_bytes: int
    license: str
    description: str
    license_note: str = ""
    sources: tuple[Source, ...] = ()
    loader: Callable[[], Weights] | None = None
    class_names: Callable[[], ClassTable] | None = None
    truth: Callable[[], TrueDirections] | None = None
    image_spreads: Callable[[], Mapping[str, Mapping[str, float]]] | None = None
    weights_name: str = WEIGHTS_NAME
    parameters: int | None = None
    portrait: str = ""
    unverified: str = ""

    @property
    def wanted(self) -> str:
        """The files to get in another way, in words."""
        if self.weights_name == WEIGHTS_NAME:
            return f"{CONFIG_NAME} and {WEIGHTS_NAME}"
        return f"{self.weights_name} (or a zip or tar that holds it)"

    @property
    def them(self) -> str:
        """Those files, by a pronoun."""
        return "them" if self.weights_name == WEIGHTS_NAME else "it"

    @property
    def classes(self) -> ClassTable:
        """What it draws."""
        return self.class_names() if self.class_names else ClassTable.numbered(self.num_classes)

    @property
    def license_in_full(self) -> str:
        """The licence and what it rests on, as results name it."""
        return f"{self.license} ({self.license_note})" if self.license_note else self.license

    @property
    def bundled(self) -> bool:
        """Whether its weights ship with a package."""
        return self.loader is not None


def _published(resolution: int) -> UrlSource:
    """The addresses that pytorch-pretrained-biggan has for the weights it converted."""
    base = f"https://s3.amazonaws.com/models.huggingface.co/biggan/biggan-deep-{resolution}"
    return UrlSource(config_url=f"{base}-{CONFIG_NAME}", weights_url=f"{base}-{WEIGHTS_NAME}")


def _biggan_deep(resolution: int, weights_bytes: int, *copies: Source) -> CatalogEntry:
    return CatalogEntry(
        name=f"biggan-deep-{resolution}",
        resolution=resolution,
        z_dim=128,
        num_classes=1000,
        truncation=0.4,
        weights_bytes=weights_bytes,
        license="Apache-2.0",
        license_note="assumed: TensorFlow Hub's default where a model names none",
        description=f"DeepMind's BigGAN-deep, {resolution}×{resolution}, the 1000 classes of ImageNet",
        class_names=imagenet_classes,
        sources=(*copies, _published(resolution)),
    )


_OPENMMLAB = "biggan_imagenet1k_128x128_cvt_BigGAN-PyTorch_rgb_20210730_125223-3e353fef.pth"

CATALOG: list[CatalogEntry] = [
    _biggan_deep(
        128,
        211_000_000,
        HubSource(
            repo_id="osanseviero/BigGAN-deep-128",
            revision="c98e5e826ec6dc3dabaa01b7703d86c34fad5342",
            # the Git LFS id that the Hub shows for pytorch_model.bin at this revision
            sha256="b86146a8cfcde4cda135adba4b2806f78b3abe2dac9d0fd090cc3ab318604ad9",
        ),
    ),
    _biggan_deep(256, 234_000_000),
    _biggan_deep(512, 236_000_000),
    CatalogEntry(
        name="biggan-128",
        resolution=128,
        z_dim=120,
        num_classes=1000,
        truncation=1.0,  # none: the Hessian Penalty's paper draws with none
        weights_bytes=282_000_000,
        license="MIT",
        license_note="that of its code: the weights name none of their own",
        description="the Hessian Penalty's own BigGAN (ajbrock's, 138k iterations), 128×128, ImageNet",
        class_names=imagenet_classes,
        weights_name=AVERAGED_NAME,
        parameters=70_433_988,
        portrait="golden_retriever",
        unverified="no checksum of G_ema.pth is published, so the numbers could be of another network of "
        "these sizes, and this package was written without having them",
        sources=(
            DriveSource(  # named in the README of ajbrock/BigGAN-PyTorch
                file_id="1nAle7FCVFZdix2--ks0r5JBkFnKw8ctW",
                file_name="BigGAN_ch96_bs256x8_138k.zip",
                largest_bytes=4 * 1024**3,  # it holds the discriminator and the optimizers, too
            ),
            FileSource(  # named by WarpedGANSpace, with the checksum
                url="https://www.dropbox.com/s/z82rwv65lwry0ox/pretrained_biggan_generator.tar?dl=1",
                file_name="pretrained_biggan_generator.tar",
                sha256="748f4d85dff5e89a106a74b7f8c80a5a52cb735680356a00da025695c7b21198",
            ),
            FileSource(  # OpenMMLab ends a file's name with the beginning of its checksum
                url=f"https://download.openmmlab.com/mmgen/biggan/{_OPENMMLAB}",
                file_name=_OPENMMLAB,
                sha256="3e353fef",
                largest_bytes=1024**3,
            ),
        ),
    ),
]


def register(entry: CatalogEntry) -> None:
    """Add a model that ships with a package: after those that were added before, and before what is fetched.

    Raises:
        UsageError: there is a model of this name already.
    """
    if entry.name in [other.name for other in CATALOG]:
        raise UsageError(f"there is a model {entry.name!r} already: register it under another name")
    CATALOG.insert(sum(other.bundled for other in CATALOG), entry)


def find_model(name: str) -> CatalogEntry:
    """The generator of this name, in any case.

    >>> find_model("biggan-deep-256").resolution
    256

    Raises:
        UsageError: there is none; the message names the nearest, or all.
    """
    names = [entry.name for entry in CATALOG]
    wanted = name.strip().casefold().replace("_", "-")
    if wanted in names:
        return CATALOG[names.index(wanted)]
    near = difflib.get_close_matches(wanted[:80], names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the models are {', '.join(names)}."
    raise UsageError(
        f"there is no model {name[:80]!r}, nor a folder of that name; {hint} See: biggan-directions models"
    )
