"""The classifier of clothes that ships: its features measure how far generated clothes are from real ones.

``python -m biggan_directions.fashion.feature_network FOLDER`` trains it on the idx files of Fashion-MNIST in
FOLDER; it takes about seven minutes of one core.
"""

import sys
from importlib import resources
from pathlib import Path

import torch
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors

from biggan_directions.errors import BigganDirectionsError, WeightsError
from biggan_directions.fashion.clothes import CLOTHES
from biggan_directions.files.atomic_write import write_whole
from biggan_directions.training.classifier import Classifier, accuracy, train_classifier
from biggan_directions.training.pictures import read_parts

_FILE = "classifier.safetensors"
_RESOLUTION = 32
_EPOCHS = 8


def feature_network() -> Classifier:
    """The classifier, in evaluation mode; docs/fashion.md has its accuracy.

    Raises:
        WeightsError: its weights are missing from the installation.
    """
    network = _new()
    try:
        content = resources.files(__package__).joinpath(_FILE).read_bytes()
    except OSError as error:
        raise WeightsError(
            f"this installation lacks the classifier of fashion ({error.strerror}): "
            "reinstall biggan-directions"
        ) from error
    network.load_state_dict(load_safetensors(content))
    return network.eval().requires_grad_(False)


def save(network: Classifier, target: Path) -> None:
    """Write a classifier's weights in float16; counters of batches are left as they are."""
    tensors = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in network.state_dict().items()
    }
    write_whole(target, save_safetensors(tensors))


def _new() -> Classifier:
    return Classifier(channels=1, classes=len(CLOTHES), generator=torch.Generator().manual_seed(0))


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    try:
        images, held_out = read_parts(folder, resolution=_RESOLUTION, names=CLOTHES)
        network = _new()
        for step in train_classifier(network, images, epochs=_EPOCHS, seed=0):
            if step.done % 100 == 0:
                sys.stdout.write(f"step {step.done} of {step.total}  loss {step.loss:.3f}\n")
                sys.stdout.flush()
        save(network, Path(__file__).with_name(_FILE))
        right = accuracy(feature_network(), held_out)
        sys.stdout.write(f"accuracy on {len(held_out):,} test images: {right:.2%}\n")
    except BigganDirectionsError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
