"""How each kind of source is asked for a model's two files."""

import shutil
from pathlib import Path

from biggan_directions.errors import WeightsError
from biggan_directions.generators.weights.catalog import CatalogEntry, HubSource, Source
from biggan_directions.generators.weights.download import (
    Progress,
    download,
    explain_write_errors,
    file_sha256,
    plain_reason,
)

_CONFIG_BYTES = 64 * 1024
_OFFLINE = "not tried: offline, because HF_HUB_OFFLINE is set or the caller asked for it"


def fetch_pair(
    source: Source,
    entry: CatalogEntry,
    config_path: Path,
    state_path: Path,
    *,
    progress: Progress | None,
    offline: bool,
) -> None:
    """Put a source's two files at the paths given, whose folder exists and is kept for this source.

    Raises:
        WeightsError: the source does not give them; the message is the reason alone.
        OutputError: they cannot be written.
    """
    if isinstance(source, HubSource):
        if _copy_from_hub_cache(source, config_path, state_path):
            return
        if offline:
            raise WeightsError(f"{_OFFLINE}; nor is it in the Hub's own cache on this machine")
        _fetch_from_hub(source, config_path, max_bytes=_CONFIG_BYTES)
        _fetch_from_hub(
            source, state_path, max_bytes=_most_bytes(entry), sha256=source.sha256, progress=progress
        )
        return
    if offline:
        raise WeightsError(_OFFLINE)
    download(source.config_url, config_path, max_bytes=_CONFIG_BYTES)
    download(
        source.weights_url, state_path, max_bytes=_most_bytes(entry), sha256=source.sha256, progress=progress
    )


def _most_bytes(entry: CatalogEntry) -> int:
    """The size beyond which a file is not taken for the weights; theirs is known to a few per cent."""
    return 2 * entry.weights_bytes + 1024 * 1024


def _copy_from_hub_cache(source: HubSource, config_path: Path, state_path: Path) -> bool:
    """Take what another tool has already fetched from the Hub, at the same revision. No network."""
    from huggingface_hub import try_to_load_from_cache

    for path in (config_path, state_path):
        kept = try_to_load_from_cache(source.repo_id, path.name, revision=source.revision)
        if not isinstance(kept, str):
            return False
        with explain_write_errors(path):
            shutil.copyfile(kept, path)
    return source.sha256 is None or file_sha256(state_path) == source.sha256


def _fetch_from_hub(
    source: HubSource,
    path: Path,
    *,
    max_bytes: int,
    sha256: str | None = None,
    progress: Progress | None = None,
) -> None:
    """Address, access token and checksum by huggingface-hub; the bytes by our own download, which resumes."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    url = hf_hub_url(source.repo_id, path.name, revision=source.revision, endpoint=source.endpoint)
    try:
        about = get_hf_file_metadata(url)
    except (
        Exception
    ) as error:  # the client has changed its HTTP library, and so what it raises, more than once
        raise WeightsError(f"{path.name}: {plain_reason(error)}") from error
    if about.commit_hash != source.revision:
        raise WeightsError(f"{path.name} is of commit {about.commit_hash}, expected {source.revision}")
    # large files are known to the Hub by their SHA-256, small ones by something else
    known = about.etag if about.etag is not None and len(about.etag) == 64 else None
    download(
        url,
        path,
        max_bytes=max_bytes,
        headers=build_hf_headers(),
        sha256=sha256 or known,
        progress=progress,
    )
