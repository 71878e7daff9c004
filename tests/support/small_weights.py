"""A small model of the catalog, at whatever addresses a test serves it from."""

import os
import sys

from biggan_directions.errors import WeightsError
from biggan_directions.generators.weights.catalog import CatalogEntry, HubSource, Source, UrlSource
from biggan_directions.generators.weights.locating import locate_weights
from tests.support.elsewhere import Elsewhere
from tests.support.file_server import FileServer

COMMIT = "c98e5e826ec6dc3dabaa01b7703d86c34fad5342"
REPO = "someone/small-biggan"


def locate_elsewhere(kind: str, url: str, **environment: str) -> Elsewhere:
    """A process that locates the small model, from one address or from a mirror of the Hub.

    It prints the checksum, or the error.
    """
    cache = os.environ["BIGGAN_DIRECTIONS_CACHE"]
    return Elsewhere(
        _locate, kind, url, {"HF_ENDPOINT": url, "BIGGAN_DIRECTIONS_CACHE": cache, **environment}
    )


def _locate(kind: str, url: str, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    try:
        source = HubSource(repo_id=REPO, revision=COMMIT) if kind == "hub" else at(url)
        sys.stdout.write(f"{locate_weights(small(source)).sha256}\n")
    except WeightsError as error:
        sys.stdout.write(f"{error}\n")


def small(*sources: Source, name: str = "small") -> CatalogEntry:
    return CatalogEntry(
        name=name,
        resolution=16,
        z_dim=4,
        num_classes=3,
        truncation=0.4,
        weights_bytes=200_000,
        license="MIT",
        description="a small one",
        sources=sources,
    )


def at(url: str, **facts: str) -> UrlSource:
    return UrlSource(config_url=f"{url}/config.json", weights_url=f"{url}/pytorch_model.bin", **facts)


def hub(server: FileServer, **facts: str) -> HubSource:
    return HubSource(**{"repo_id": REPO, "revision": COMMIT, "endpoint": server.url, **facts})
