"""A small model of the catalog, at whatever addresses a test serves it from.

``python -m tests.support.small_weights KIND URL`` locates it in a process of its own: prints its checksum, or
the error.
"""

import os
import subprocess
import sys

from biggan_directions.errors import WeightsError
from biggan_directions.generators.weights.catalog import CatalogEntry, HubSource, Source, UrlSource
from biggan_directions.generators.weights.locating import locate_weights
from tests.support.file_server import FileServer
from tests.support.markdown import ROOT

COMMIT = "c98e5e826ec6dc3dabaa01b7703d86c34fad5342"
REPO = "someone/small-biggan"


def locate_elsewhere(kind: str, url: str, **environment: str) -> "subprocess.Popen[str]":
    """Start a process that locates the small model, from one address or from a mirror of the Hub."""
    return subprocess.Popen(
        [sys.executable, "-m", __name__, kind, url],
        cwd=ROOT,
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


if __name__ == "__main__":
    kind, url = sys.argv[1:]
    try:
        source = HubSource(repo_id=REPO, revision=COMMIT) if kind == "hub" else at(url)
        sys.stdout.write(f"{locate_weights(small(source)).sha256}\n")
    except WeightsError as error:
        sys.stdout.write(f"{error}\n")
