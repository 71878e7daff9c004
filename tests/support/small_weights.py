"""A small model of the catalog, at whatever addresses a test serves it from."""

import os
import subprocess
import sys

from biggan_directions.generators.weights.catalog import CatalogEntry, HubSource, Source, UrlSource
from tests.support.file_server import FileServer

COMMIT = "c98e5e826ec6dc3dabaa01b7703d86c34fad5342"
REPO = "someone/small-biggan"
# Another process that locates the small model: prints its checksum, or the error.
SCRIPT = f"""
import sys
from biggan_directions.errors import WeightsError
from biggan_directions.generators.weights.catalog import CatalogEntry, HubSource, UrlSource
from biggan_directions.generators.weights.locating import locate_weights
kind, url = sys.argv[1:]
source = UrlSource(config_url=url + "/config.json", weights_url=url + "/pytorch_model.bin")
if kind == "hub":
    source = HubSource(repo_id={REPO!r}, revision={COMMIT!r})
small = CatalogEntry(
    name="small", resolution=16, z_dim=4, num_classes=3, truncation=1.0, weights_bytes=200_000,
    license="MIT", description="", sources=(source,),
)
try:
    print(locate_weights(small).sha256)
except WeightsError as error:
    print(error)
"""


def locate_elsewhere(kind: str, url: str, **environment: str) -> "subprocess.Popen[str]":
    """Start a process that locates the small model, from one address or from a mirror of the Hub."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, kind, url],
        env={**os.environ, "HF_ENDPOINT": url, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


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
