"""Fold a rotation of each chunk of z into a checkpoint of ajbrock's family."""

from collections.abc import Mapping

import torch

from biggan_directions.generators.biggan.sizes import Sizes

_NORMS = (("bn1", "gain"), ("bn1", "bias"), ("bn2", "gain"), ("bn2", "bias"))


def turned(
    sizes: Sizes, state: Mapping[str, torch.Tensor], rotation: torch.Tensor
) -> dict[str, torch.Tensor]:
    r"""The tensors of a generator that draws at ``z`` what this one draws at ``z Q``, Q the rotation.

    Layer l meets chunk l of z alone, so Q must have a block of its own for each chunk. ``linear`` is
    multiplied by its chunk; the gain and the bias of a norm by the class's embedding and the chunk, in this
    order, so of their weights the last columns become ``W_z Q_lᵀ``. Spectral norm takes a power step from
    ``u``, or has both vectors; v is turned with the columns, and the norm stays what it was.

    Args:
        sizes: of the network.
        state: by the names of :meth:`Sizes.expected_shapes`; it is not modified, and tensors that do not meet
            z are shared with the result.
        rotation: Q, orthogonal, float64 ``(z_dim, z_dim)``, zero between chunks.

    Returns:
        Tensors of the same names, shapes and dtypes; the products are computed in float64.
    """
    found = dict(state)
    weight, vectors = ("weight_orig", ("weight_v",)) if sizes.torch_style else ("weight", ())
    for place, layer in enumerate(sizes.layer_names):
        chunk = sizes.chunk_of(place)
        block = rotation[chunk, chunk]
        met = [layer] if place == 0 else [f"{layer}.0.{norm}.{part}" for norm, part in _NORMS]
        for name in met:
            for key in (f"{name}.{weight}", *(f"{name}.{vector}" for vector in vectors)):
                of_class, of_z = state[key].tensor_split((state[key].shape[-1] - sizes.chunk,), -1)
                product = (of_z.double() @ block.T).to(of_z.dtype)
                found[key] = torch.cat([of_class, product], -1)
    return found
