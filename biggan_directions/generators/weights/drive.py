"""A file on Google Drive, fetched by ``gdown``, which knows how Drive asks for a confirmation."""

import os
from pathlib import Path

import requests

from biggan_directions.errors import WeightsError
from biggan_directions.files.atomic_write import explained
from biggan_directions.generators.weights.catalog import DriveSource
from biggan_directions.generators.weights.download import (
    CACHE_REMEDY,
    TIMEOUT_S,
    Progress,
    file_sha256,
    plain_reason,
)

_RETRIES = 5  # of a transfer that breaks off


def fetch_from_drive(source: DriveSource, target: Path, *, max_bytes: int, progress: Progress | None) -> None:
    """Fetch a file from Drive into ``target``, which appears whole or not at all.

    What arrived before a connection broke is kept for the next call.

    Raises:
        WeightsError: gdown is not installed, or Drive does not give the file; the message is the reason
            alone.
        OutputError: the file cannot be written here.
    """
    try:
        import gdown
    except ImportError as error:
        raise WeightsError("not tried: gdown is not installed (pip install '.[gdown]')") from error

    def watch(done: int, total: int | None) -> None:
        if max(done, total or 0) > max_bytes:
            raise WeightsError(f"the file has {max(done, total or 0)} bytes, expected at most {max_bytes}")
        if progress is not None:
            progress(done, total)

    arriving = target.with_name(f"{target.name}.arriving")
    with explained(target, CACHE_REMEDY):
        try:
            # with no network gdown would try again for half a minute
            requests.head(source.host, timeout=TIMEOUT_S).close()
            gdown.download(
                url=source.address,
                output=str(arriving),
                quiet=True,
                use_cookies=False,
                resume=True,
                progress=watch,
                timeout=TIMEOUT_S,
                retries=_RETRIES,
            )
        except (requests.RequestException, gdown.DownloadError) as error:
            raise WeightsError(_reason(error)) from error
        if source.sha256 is not None and not (got := file_sha256(arriving)).startswith(source.sha256):
            arriving.unlink()
            raise WeightsError(f"the file has SHA-256 {got}, expected {source.sha256}")
        os.replace(arriving, target)


def _reason(error: Exception) -> str:
    """Why there was no file, in a few words: gdown's own errors are paragraphs."""
    if isinstance(error, requests.RequestException):
        return plain_reason(error)
    return " ".join(str(error).split())[:200]
