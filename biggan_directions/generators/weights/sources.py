"""How each kind of source is asked for a model's files."""

import shutil
from pathlib import Path

from biggan_directions.errors import WeightsError
from biggan_directions.generators.weights.catalog import (
    CONFIG_NAME,
    WEIGHTS_NAME,
    DriveSource,
    FileSource,
    HubSource,
    Source,
    UrlSource,
)
from biggan_directions.generators.weights.download import (
    TIMEOUT_S,
    Progress,
    download,
    file_sha256,
    plain_reason,
)
from biggan_directions.generators.weights.drive import fetch_from_drive

_CONFIG_BYTES = 64 * 1024


def fetch_files(
    source: Source, folder: Path, *, max_bytes: int, progress: Progress | None, offline: bool
) -> list[str]:
    """Put a source's files into a folder that is kept for this source; returns their names, weights last.

    Raises:
        WeightsError: the source does not give them; the message is the reason alone.
        OutputError: they cannot be written.
    """
    if isinstance(source, HubSource) and _copied_from_hub_cache(source, folder):
        return [CONFIG_NAME, WEIGHTS_NAME]
    if offline:
        raise WeightsError("not tried: offline, because HF_HUB_OFFLINE is set or the caller asked for it")
    if isinstance(source, FileSource | DriveSource):
        target, most = folder / source.file_name, source.largest_bytes or max_bytes
        if isinstance(source, DriveSource):
            fetch_from_drive(source, target, max_bytes=most, progress=progress)
        else:
            download(source.url, target, max_bytes=most, sha256=source.sha256, progress=progress)
        return [source.file_name]
    for name, most, bar in ((CONFIG_NAME, _CONFIG_BYTES, None), (WEIGHTS_NAME, max_bytes, progress)):
        url, headers, sha256 = _request(source, name)
        download(url, folder / name, max_bytes=most, headers=headers, sha256=sha256, progress=bar)
    return [CONFIG_NAME, WEIGHTS_NAME]


def _copied_from_hub_cache(source: HubSource, folder: Path) -> bool:
    """Take what another tool has already fetched from the Hub, at the same revision. No network."""
    from huggingface_hub import try_to_load_from_cache

    for name in (CONFIG_NAME, WEIGHTS_NAME):
        kept = try_to_load_from_cache(source.repo_id, name, revision=source.revision)
        if not isinstance(kept, str):
            return False
        shutil.copyfile(kept, folder / name)
    return source.sha256 in (None, file_sha256(folder / WEIGHTS_NAME))


def _request(source: HubSource | UrlSource, name: str) -> tuple[str, dict[str, str], str | None]:
    """Address, headers (for the Hub with the user's access token, if any) and known SHA-256 of a file."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    sha256 = source.sha256 if name == WEIGHTS_NAME else None
    if isinstance(source, UrlSource):
        return source.weights_url if name == WEIGHTS_NAME else source.config_url, {}, sha256
    url = hf_hub_url(source.repo_id, name, revision=source.revision, endpoint=source.endpoint)
    try:
        about = get_hf_file_metadata(url, timeout=TIMEOUT_S)
    except Exception as error:  # huggingface-hub has changed its HTTP library, and what it raises, twice
        raise WeightsError(f"{name}: {plain_reason(error)}") from error
    if about.commit_hash != source.revision:
        raise WeightsError(f"{name} is of commit {about.commit_hash}, expected {source.revision}")
    # the Hub's ETag of a large file is its SHA-256, of a small one something shorter
    return url, build_hf_headers(), sha256 or (about.etag if len(about.etag or "") == 64 else None)
