"""Pack a trained generator as the weights that ship: ``python -m biggan_directions.fashion.packing FOLDER``.

FOLDER is the output folder of ``biggan-directions train``; docs/fashion.md has the whole command.
"""

import json
import sys
from pathlib import Path

from biggan_directions.errors import BigganDirectionsError
from biggan_directions.fashion.shipped import WEIGHTS_FILE
from biggan_directions.files.atomic_write import write_whole
from biggan_directions.generators.biggan_deep.layout import load_state
from biggan_directions.generators.weights.weight_folder import WeightFiles
from biggan_directions.training.stock_weights import compacted, packed


def pack(folder: Path, target: Path) -> int:
    """Write the weights of a folder to the file ``target``, and return its size in bytes.

    Raises:
        FileFormatError: the folder holds no weights in the stock layout.
        OutputError: the file cannot be written.
    """
    config_path, state_path = folder / "config.json", folder / "pytorch_model.bin"
    _, state = load_state(WeightFiles(config_path=config_path, state_path=state_path, sha256=""))
    content = packed(compacted(state), json.loads(config_path.read_bytes()))
    write_whole(target, content)
    return len(content)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = Path(__file__).with_name(WEIGHTS_FILE)
    try:
        size = pack(Path(sys.argv[1]), target)
    except BigganDirectionsError as error:
        sys.exit(f"error: {error}")
    sys.stdout.write(f"wrote {target}: {size:,} bytes\n")


if __name__ == "__main__":
    main()
