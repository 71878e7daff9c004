"""OpenMMLab's names for the tensors of this family, turned into those of the authors.

MMGeneration (later MMEditing) has the same network under other names, and lists a converted copy of the
138k weights, ``biggan_imagenet1k_128x128_cvt_BigGAN-PyTorch_rgb_20210730_125223-3e353fef.pth``. The names
here follow its modules (open-mmlab/mmgeneration, ``mmgen/models/architectures/biggan``: ``BigGANGenerator``,
``BigGANGenResBlock``, ``BigGANConditionBN``, ``SelfAttentionBlock``, ``SNConvModule``). No such file was
opened, so these are not verified: the names in the file itself; whether they have the prefix
``generator_ema.``, ``generator.`` or none; and whether spectral norm is stored as torch does it, as the
configuration of the converted copy says, or as the authors' code does. All of these are read.

OpenMMLab's images are in the order blue, green, red. What it trained itself draws in that order, and is
turned here. Its converted copies draw red first, as ``rgb`` in their names says, and its own code turns their
images by the setting ``rgb2bgr``; here they are left as they are.
"""

import re
from collections.abc import Iterator, Mapping

import torch

State = Mapping[str, torch.Tensor]

_PREFIXES = ("generator_ema.", "generator.", "")
_BLOCK = re.compile(r"conv_blocks\.(\d+)\.(.*)")
_PARTS = {
    "noise2feat.": "linear.",
    "shared_embedding.": "shared.",
    "output_layer.bn.weight": "output_layer.0.gain",
    "output_layer.bn.bias": "output_layer.0.bias",
    "output_layer.bn.": "output_layer.0.",
    "output_layer.conv.": "output_layer.2.",
}
_WITHIN = ((".bn.", "."), (".conv.", "."), ("running_", "stored_"))


def is_openmmlabs(names: Mapping[str, object]) -> bool:
    """Whether tensors have OpenMMLab's names."""
    return any(_prefix_fits(prefix, names) for prefix in _PREFIXES)


def renamed(state: State) -> dict[str, torch.Tensor]:
    """The generator's tensors by the authors' names; averaged ones where both are there."""
    prefix = next(prefix for prefix in _PREFIXES if _prefix_fits(prefix, state))
    own = {name[len(prefix) :]: tensor for name, tensor in state.items() if name.startswith(prefix)}
    places = dict(_places(own))
    return {
        _authors_name(name, places): tensor
        for name, tensor in own.items()
        if not name.endswith("num_batches_tracked") and not name.startswith(("generator.", "discriminator."))
    }


def red_first(state: State) -> dict[str, torch.Tensor]:
    """The same network with its colours in the opposite order."""
    turned = {"weight", "weight_orig", "bias", "u0", "weight_u"}
    return {
        name: tensor.flip(0 if last != "u0" else 1)
        if name.startswith("output_layer.2.") and (last := name.rpartition(".")[2]) in turned
        else tensor
        for name, tensor in state.items()
    }


def _prefix_fits(prefix: str, names: Mapping[str, object]) -> bool:
    return any(name.startswith(f"{prefix}noise2feat.") for name in names)


def _places(state: State) -> Iterator[tuple[str, str]]:
    """Of each member of ``conv_blocks``, which are counted with attention among them, the authors' name."""
    found = {int(match[1]) for name in state if (match := _BLOCK.fullmatch(name)) and len(match[1]) < 4}
    place = -1
    for index in sorted(found):
        attention = any(name.startswith(f"conv_blocks.{index}.theta.") for name in state)
        place += not attention
        yield str(index), f"blocks.{place}.{int(attention)}"


def _authors_name(name: str, places: Mapping[str, str]) -> str:
    if (match := _BLOCK.fullmatch(name)) and match[1] in places:
        inner = match[2].replace("shortcut.", "conv_sc.")
        for theirs, ours in _WITHIN:
            inner = inner.replace(theirs, ours)
        return f"{places[match[1]]}.{inner}"
    for theirs, ours in _PARTS.items():
        if name.startswith(theirs):
            return ours + name[len(theirs) :].replace("running_", "stored_")
    return name
