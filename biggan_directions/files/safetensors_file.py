"""A ``.safetensors`` file, read by the ``safetensors`` library.

It checks that the tensors lie side by side and fill the file, and takes memory for their bytes alone.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from biggan_directions.errors import FileFormatError
from biggan_directions.files.plain_file import opened

_LARGEST_HEADER = 2**20  # bytes; that of a BigGAN-deep-512 has some 100 thousand; the library takes 100 MB


def read_safetensors(path: Path, *, largest: int, what: str) -> dict[str, torch.Tensor]:
    """The tensors of a file of at most ``largest`` bytes, by name, on the CPU.

    Raises:
        FileFormatError: it cannot be read, is larger, is damaged, or is not ``what``.
    """
    with opened(path, largest) as (file, _):
        length = int.from_bytes(file.read(8), "little")
        try:
            if length > _LARGEST_HEADER:
                raise ValueError(f"its header claims {length} bytes, expected at most {_LARGEST_HEADER}")
            # pread and not mmap: the tensors are ours, whatever happens to the file afterwards
            with safe_open(path, framework="pt", device="cpu", backend="pread") as found:
                return {name: found.get_tensor(name) for name in found.keys()}  # noqa: SIM118
        except (SafetensorError, ValueError) as error:
            raise FileFormatError(f"{path} is damaged, cut short, or not {what}: {error}") from error
