"""Which generators there are: what they are, where their weights come from, and under which licence.

The licence of the BigGAN-deep weights: the modules' pages on TensorFlow Hub name none (in
tensorflow/tfhub.dev, ``assets/docs/deepmind/models/biggan-deep-*/1.md``), and TensorFlow Hub's documentation
says that Apache-2.0 is then to be assumed (in tensorflow/hub, ``docs/writing_documentation.md``). The code
that converted them, pytorch-pretrained-biggan, is under MIT; the Hub's copy of the converted weights names no
licence of its own.
"""

import difflib
import os
from dataclasses import dataclass

from biggan_directions.errors import UsageError

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


Source = HubSource | UrlSource


@dataclass(frozen=True, kw_only=True)
class CatalogEntry:
    """One generator.

    Attributes:
        sources: where its weights can be fetched, the best first; none where they ship with the package.
        weights_bytes: the size of the weights, to within a few per cent.
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

    @property
    def license_in_full(self) -> str:
        """The licence and what it rests on, as results name it."""
        return f"{self.license} ({self.license_note})" if self.license_note else self.license

    @property
    def bundled(self) -> bool:
        """Whether its weights ship with the package."""
        return not self.sources


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
        sources=(*copies, _published(resolution)),
    )


CATALOG: tuple[CatalogEntry, ...] = (
    CatalogEntry(
        name="toybox",
        resolution=64,
        z_dim=32,
        num_classes=10,
        truncation=1.0,
        weights_bytes=2_251_208,
        license="MIT",
        description="ten toys, 64×64, eight known factors: ships with this package, needs no network",
    ),
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
)


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
