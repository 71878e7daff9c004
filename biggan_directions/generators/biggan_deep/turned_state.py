"""Fold a rotation of z into a checkpoint in the stock layout."""

from collections.abc import Mapping

import torch


def turned(state: Mapping[str, torch.Tensor], rotation: torch.Tensor) -> dict[str, torch.Tensor]:
    r"""The tensors of a generator that draws at ``z`` what this one draws at ``z Q``, Q the rotation.

    A linear layer maps z and the embedding e of the class to ``W [z, e]``, so the columns of W for z become
    ``W_z Qᵀ``. Spectral norm divides by ``uᵀ W v``, with v a unit vector in the space of ``[z, e]``. That
    number is the same if the part of v for z becomes ``Q v_z``, and since an orthogonal factor changes no
    singular value, u and v are as near to the leading pair as before.

    Args:
        state: by the names of ``BigGAN(config).state_dict()``; it is not modified, and tensors that do not
            meet z are shared with the result.
        rotation: Q, orthogonal, float64 ``(z_dim, z_dim)``.

    Returns:
        Tensors of the same names, shapes and dtypes; the products are computed in float64.

    A layer of a z with two numbers and an embedding of one, turned by a right angle:

    >>> layer = {"scale.weight_orig": torch.tensor([[1.0, 2.0, 3.0]]), "scale.weight_v": torch.ones(3)}
    >>> turned(layer, torch.tensor([[0.0, 1.0], [-1.0, 0.0]]).double())["scale.weight_orig"].tolist()
    [[2.0, -1.0, 3.0]]
    """
    size = len(rotation)
    found = dict(state)
    for name, weight in state.items():
        if not name.endswith(".weight_orig") or weight.ndim != 2:
            continue  # a convolution, which meets no z
        vector = f"{name.removesuffix('_orig')}_v"
        for key, columns in ((name, weight), (vector, state[vector])):
            product = columns[..., :size].double() @ rotation.T
            found[key] = torch.cat([product.to(columns.dtype), columns[..., size:]], -1)
    return found
