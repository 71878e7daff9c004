"""Files from anywhere, read as plain values and tensors: nothing in them runs, and what they claim is checked
against what they hold before any memory is given to it."""

from biggan_directions.reading.plain_json import read_json
from biggan_directions.reading.safetensors_file import read_safetensors
from biggan_directions.reading.torch_file import read_torch_file

__all__ = ["read_json", "read_safetensors", "read_torch_file"]
