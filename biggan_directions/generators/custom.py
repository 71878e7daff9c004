"""A generator of your own: any function or nn.Module from latents to images."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import torch
from torch import nn

from biggan_directions.errors import BigganDirectionsError, GeneratorError, UsageError
from biggan_directions.generators.capabilities import TrueDirections
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.load import check_truncation, choose_device
from biggan_directions.latents import sample_latents

_ORTHONORMAL = 1e-4  # as for the directions of a file
_OVERSHOOT = 0.01  # beyond [-1, 1]: rounding, and no more than a level or two of an 8-bit image


class CallableGenerator:
    """Wrap a function or nn.Module as a :class:`~biggan_directions.generators.Generator`.

    An nn.Module is frozen: it is moved to the device and put into eval mode, and its parameters no longer
    take gradients. The first call draws two images to check shape, device and range.

    Args:
        f: ``f(z)`` draws latents ``(N, z_dim)`` as images ``(N, 3, resolution, resolution)`` in [-1, 1].
            Where there are several classes it is called as ``f(z, class_index)``, with the place in
            ``classes`` of each image's class, int64 ``(N,)``. To learn directions it must be differentiable
            in z.
        z_dim: numbers of a latent.
        resolution: side of the images in pixels.
        name: what results and folders are named after.
        classes: names of the classes.
        truncation: latents are drawn from a normal distribution truncated to [-2, 2] and scaled by this
            number in (0, 1]; 1 where it is None.
        device: where z must lie, ``auto`` for a GPU where there is one; where an nn.Module's parameters lie,
            and otherwise the CPU, where left out.
        license: of the weights.
        true_directions: orthonormal rows ``(factors, z_dim)``, where it is known what each factor's direction
            is: scorecards then say how well they are recovered.
        factors: names of the factors, one a row of ``true_directions``; numbers where left out.

    Attributes:
        weights_sha256: tells generators apart. Of an nn.Module it is the SHA-256 of its state_dict: of each
            tensor's name, dtype, shape and bytes, sorted by name. Of a function, or a module without tensors,
            it is that of the name, z_dim, resolution and classes: a function that is changed counts as
            another generator only once its name is changed.

    Raises:
        UsageError: an argument is out of range, or the true directions are not orthonormal.

    >>> def grey(z):
    ...     return torch.tanh(z[:, :1, None, None]).expand(-1, 3, 8, 8)
    >>> generator = CallableGenerator(grey, z_dim=4, resolution=8, name="grey")
    >>> tuple(generator(torch.zeros(2, 4)).shape), generator.classes[0].name
    ((2, 3, 8, 8), 'image')
    """

    true_directions: TrueDirections  # set where they are known: see KnownTruth

    def __init__(
        self,
        f: Callable[..., torch.Tensor],
        *,
        z_dim: int,
        resolution: int,
        name: str,
        classes: Sequence[str] = ("image",),
        truncation: float | None = 1.0,
        device: str | torch.device | None = None,
        license: str = "",
        true_directions: torch.Tensor | None = None,
        factors: Sequence[str] = (),
    ) -> None:
        check_truncation(truncation)
        if not callable(f):
            raise UsageError(f"f must be a function or an nn.Module, got a {type(f).__name__}")
        if z_dim < 1 or resolution < 1 or not name:
            raise UsageError(
                "z_dim and resolution must be 1 or more and name must not be empty, got "
                f"{z_dim}, {resolution} and {name!r}"
            )
        table = ClassTable.from_names([classes] if isinstance(classes, str) else classes)
        if not len(table):
            raise UsageError('classes must have at least one name, such as ("image",)')
        self.z_dim, self.resolution, self.model, self.license = z_dim, resolution, name, license
        self.classes = tuple(table.image_class(entry.index) for entry in table)
        self.truncation = 1.0 if truncation is None else float(truncation)
        if true_directions is not None:
            self.true_directions = _checked_truth(true_directions, tuple(factors), z_dim)
        elif factors:
            raise UsageError("factors name the rows of true_directions: give both, or neither")
        tensors = [*f.parameters(), *f.buffers()] if isinstance(f, nn.Module) else []
        if device is None:
            device = tensors[0].device if tensors else "cpu"
        self._device = choose_device(str(device))
        self._dtype = next((tensor.dtype for tensor in tensors if tensor.is_floating_point()), None)
        self._f = f.eval().requires_grad_(False).to(self._device) if isinstance(f, nn.Module) else f
        self._conditional = len(self.classes) > 1
        self._checked = False
        self.weights_sha256 = self._fingerprint()

    @property
    def device(self) -> torch.device:
        """Where z must lie."""
        return self._device

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        """Draw ``z (N, z_dim)`` as images ``(N, 3, resolution, resolution)`` in [-1, 1], in z's dtype.

        ``class_index (N,)``, integer, indexes ``classes``; left out, every image is of the first.

        Raises:
            UsageError: z or class_index has another shape.
            GeneratorError: at the first call, the images are not as they should be.
        """
        if z.ndim != 2 or z.shape[1] != self.z_dim:
            raise UsageError(f"z must have shape (N, {self.z_dim}), got {tuple(z.shape)}")
        if class_index is not None and class_index.shape != z.shape[:1]:
            raise UsageError(f"class_index must have shape ({len(z)},), got {tuple(class_index.shape)}")
        if not self._checked:
            self._check()
        return self._draw(z, class_index).to(z.dtype)

    def of_class(self, *places: int) -> CallableGenerator:
        """The same with the classes ``classes[place]`` alone, in the order given."""
        twin = copy.copy(self)
        twin.classes = tuple(self.classes[place] for place in places)
        return twin

    def _draw(self, z: torch.Tensor, class_index: torch.Tensor | None) -> torch.Tensor:
        z = z if self._dtype is None else z.to(self._dtype)
        if not self._conditional:
            return self._f(z)
        known = torch.tensor([item.index for item in self.classes], device=z.device)
        return self._f(z, known[:1].expand(len(z)) if class_index is None else known[class_index])

    def _check(self) -> None:
        """Refuse a function whose images are not as they should be, on two latents that it is asked for."""
        z = sample_latents(2, self.z_dim, truncation=self.truncation, seed=0, purpose="first call")
        try:
            with torch.no_grad():
                images: Any = self._draw(z.to(self._device), None)
        except BigganDirectionsError:
            raise
        except Exception as error:
            raise GeneratorError(
                f"{self.model}: drawing latents of shape {tuple(z.shape)} raised {said_by(error)}"
            ) from error
        if fault := self._fault(images):
            raise GeneratorError(f"{self.model}: {fault}")
        self._checked = True

    def _fault(self, images: Any) -> str:
        """What is wrong with the images of two latents, and what to write instead; "" if nothing."""
        side = self.resolution
        if not isinstance(images, torch.Tensor):
            return f"the images are a {type(images).__name__}, expected a torch.Tensor"
        if images.shape != (2, 3, side, side):
            shape = tuple(images.shape)
            fault = f"the images of 2 latents have shape {shape}, expected (2, 3, {side}, {side})"
            hints: dict[tuple[int, ...], str] = {
                (2, side, side, 3): ": .permute(0, 3, 1, 2) puts the channels first",
                (2, 1, side, side): ": .expand(-1, 3, -1, -1) makes three channels of one",
            }
            return fault + hints.get(shape, "")
        if not images.is_floating_point():
            return f"the images are {images.dtype}, expected floating point in [-1, 1]: images / 127.5 - 1"
        if images.device.type != self._device.type:
            return f"the images are on {images.device}, but z is on {self._device}: choose another --device"
        low, high = images.min().item(), images.max().item()
        if not bool(torch.isfinite(images).all()):
            return "an image has values that are not finite"
        if low < -1 - _OVERSHOOT or high > 1 + _OVERSHOOT:
            remedy = "end with torch.tanh or .clamp(-1, 1)" if low < 0 or high <= 2 else "images / 127.5 - 1"
            return f"the images have values from {low:.3g} to {high:.3g}, expected -1 to 1: {remedy}"
        return ""

    def _fingerprint(self) -> str:
        """See ``weights_sha256``."""
        state = self._f.state_dict() if isinstance(self._f, nn.Module) else {}
        tensors = {name: value for name, value in sorted(state.items()) if isinstance(value, torch.Tensor)}
        if not tensors:
            names = [item.name for item in self.classes]
            return sha256(json.dumps([self.model, self.z_dim, self.resolution, names]).encode()).hexdigest()
        digest = sha256()
        for name, tensor in tensors.items():
            digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
            digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()


def said_by(error: BaseException) -> str:
    """Type and first line of another's error, as part of a sentence.

    >>> said_by(ValueError("too many\\nof them"))
    'ValueError: too many'
    """
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _checked_truth(rows: torch.Tensor, names: tuple[str, ...], z_dim: int) -> TrueDirections:
    """The true directions, named, if they are orthonormal rows over z."""
    if rows.ndim != 2 or rows.shape[1] != z_dim or not 1 <= len(rows) <= z_dim:
        raise UsageError(
            f"true_directions must have shape (factors, {z_dim}) with at most {z_dim} rows, got "
            f"{tuple(rows.shape)}"
        )
    rows = rows.detach().cpu().double()
    error = (rows @ rows.T - torch.eye(len(rows), dtype=rows.dtype)).abs().max().item()
    if not error <= _ORTHONORMAL:
        raise UsageError(
            f"true_directions must be orthonormal rows, but Q Qᵀ differs from the identity by {error:.2g}"
        )
    names = names or tuple(f"factor {index}" for index in range(len(rows)))
    if len(names) != len(rows):
        raise UsageError(f"factors has {len(names)} names for {len(rows)} rows of true_directions")
    return TrueDirections(tuple(map(str, names)), rows.float())
