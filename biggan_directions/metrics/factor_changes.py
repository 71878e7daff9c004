"""How directions change the image factors, in standard deviations of real images where these are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.factor_records import (
    IMAGE_FACTORS,
    OWN,
    REAL,
    ClassAgreement,
    FactorChanges,
    FactorScale,
)
from biggan_directions.generators import Generator
from biggan_directions.generators.chosen_layers import layers_of, layers_text
from biggan_directions.generators.weights.catalog import CATALOG
from biggan_directions.latents import sample_inputs
from biggan_directions.metrics.image_factors import all_uniform, image_factors, spreads_within
from biggan_directions.metrics.scorecard import mean_measure
from biggan_directions.scores import Scorecard, SetScore
from biggan_directions.solvers.evaluator import Evaluator

STEP = 1.0  # of the differences, in units of z: the shortest way of an animation
_LATENTS = 16  # at which changes are measured, at least, and by which the background is judged
_LATENTS_A_CLASS = 4  # of a set of several classes
_CLASSES = 32  # most of them for which classes are compared
_STILL = 1e-3  # spread up to which a factor does not vary, and has no changes
_SPREAD_IMAGES = 64  # for spreads of the model's own images, at least


def with_image_factors(
    card: Scorecard,
    generator: Generator,
    sets: Sequence[Tensor],
    *,
    micro_batch: int = 8,
    group: ProcessGroup = ALONE,
    observe: Callable[[int, int], None] = lambda _done, _total: None,
) -> Scorecard:
    r"""The scorecard, with what its first sets of directions change in the image.

    The change of factor F along direction q is the mean over latents of [F(z + q) − F(z − q)] / 2σ_F, per
    unit of z; σ_F is the factor's standard deviation within a class: of the real images that the model learnt
    from, where these are known, or else of its own images. The factors are those of
    :func:`~biggan_directions.metrics.image_factors.image_factors`. They are measured at latents of their own,
    16, or four for each class if there are several.

    Args:
        card: is returned as it is where the background of the images is not uniform.
        generator: what the card was measured on.
        sets: the matrices ``(n, z_dim)`` of the card's first sets.
        micro_batch: images drawn at once.
        group: the processes that share the latents; all of them call this.
        observe: called with the number of latents that are done, and of all.

    Raises:
        GeneratorError: the images are not finite.
        ProcessGroupError: a process has ended or does not answer.
    """
    run = _Run(generator, card, micro_batch, group)
    if not run.uniform():
        return replace(card, evaluations=card.evaluations + run.evaluator.evaluations)
    real = _real_spreads(generator)
    spreads = run.own_spreads() if real is None else real
    changes, class_index = run.changes(sets, observe)
    changes = changes / torch.where(spreads > _STILL, spreads, float("nan"))
    names = [item.name for item in generator.classes] if run.compares else []
    scored: list[SetScore] = list(card.sets)
    for place, of_set in enumerate(torch.split(changes, [len(rows) for rows in sets], dim=1)):
        directions = tuple(
            replace(direction, image_factors=_summary(of_set[:, index], class_index, names))
            for index, direction in enumerate(scored[place].directions)
        )
        scored[place] = replace(scored[place], directions=directions)
    scale = FactorScale(
        factors=tuple(factor.key for factor in IMAGE_FACTORS),
        spreads=tuple(spreads.nan_to_num(0.0).tolist()),
        source=OWN if real is None else REAL,
        latents=run.latents,
        images=run.evaluator.evaluations,
    )
    return replace(card, sets=tuple(scored), evaluations=card.evaluations + scale.images, image_factors=scale)


class _Run:
    """One measurement; every process of the group makes the same one."""

    def __init__(self, generator: Generator, card: Scorecard, micro_batch: int, group: ProcessGroup) -> None:
        self.generator, self.seed, self.micro_batch = generator, card.seed, micro_batch
        layers = None if card.layers is None else layers_of(generator, layers_text(card.layers))
        self.evaluator = Evaluator(generator, micro_batch, group, layers)
        self.compares = 2 <= len(generator.classes) <= _CLASSES
        self.latents = max(_LATENTS, _LATENTS_A_CLASS * len(generator.classes)) if self.compares else _LATENTS
        self._unmoved: list[Tensor] = []  # factors of the images at z, (micro_batch, 7), block by block

    def uniform(self) -> bool:
        """Whether the background is uniform, by the first images."""
        blocks = self._blocks(0, -(-_LATENTS // self.micro_batch))
        self._unmoved = [block[:, :-1] for block in blocks]
        return all_uniform(torch.cat(blocks)[:, -1])

    def own_spreads(self) -> Tensor:
        """The spread of each factor over the model's own images."""
        begun = len(self._unmoved)
        end = max(begun, -(-_SPREAD_IMAGES // self.micro_batch))
        self._unmoved += [block[:, :-1] for block in self._blocks(begun, end)]
        factors = torch.cat(self._unmoved)
        _, class_index = self._inputs(0, len(factors))
        return spreads_within(factors, torch.zeros(len(factors)) if class_index is None else class_index)

    def changes(
        self, sets: Sequence[Tensor], observe: Callable[[int, int], None]
    ) -> tuple[Tensor, Tensor | None]:
        """[F(z + q) − F(z − q)] / 2, ``(latents, directions, 7)``, and the class of each latent."""
        rows = self.evaluator.group.broadcast(torch.cat([*sets]).double().cpu())

        def at(index: int) -> Tensor:
            z, class_index = self._inputs(index, 1)
            points = (z.double() + STEP * torch.cat([rows, -rows])).to(z.dtype)
            classes = None if class_index is None else class_index.expand(len(points))
            return self._factors(points, classes, z[0])[:, :-1].flatten()

        found: list[Tensor] = []
        for indices in self.evaluator.group.rounds(range(self.latents)):
            for flat in self.evaluator.shared(indices, at):
                ahead, behind = flat.reshape(2, len(rows), -1)
                found.append((ahead - behind) / (2 * STEP))
                observe(len(found), self.latents)
        return torch.stack(found), self._inputs(0, self.latents)[1]

    def _blocks(self, first: int, end: int) -> list[Tensor]:
        """Factors at z and whether the background is uniform, ``(micro_batch, 8)``, of some blocks."""

        def at(block: int) -> Tensor:
            z, class_index = self._inputs(block * self.micro_batch, self.micro_batch)
            return self._factors(z, class_index, z).flatten()

        return [
            flat.reshape(self.micro_batch, -1)
            for blocks in self.evaluator.group.rounds(range(first, end))
            for flat in self.evaluator.shared(blocks, at)
        ]

    def _factors(self, z: Tensor, class_index: Tensor | None, base: Tensor) -> Tensor:
        found = [image_factors(images) for _, images in self.evaluator.images(z, class_index, base)]
        return torch.cat([torch.cat([one.factors, one.uniform[:, None].double()], dim=1) for one in found])

    def _inputs(self, start: int, count: int) -> tuple[Tensor, Tensor | None]:
        return sample_inputs(self.generator, start, count, "image factors", seed=self.seed)


def _real_spreads(generator: Generator) -> Tensor | None:
    """The spreads of the real images that a model of the catalog learnt from, pooled over its classes."""
    entry = next((entry for entry in CATALOG if entry.name == generator.model), None)
    if entry is None or entry.image_spreads is None:
        return None
    known = entry.image_spreads()
    rows = [[known[item.name][factor.key] for factor in IMAGE_FACTORS] for item in generator.classes]
    return torch.tensor(rows, dtype=torch.float64).square().mean(dim=0).sqrt()


def _summary(changes: Tensor, class_index: Tensor | None, names: Sequence[str]) -> FactorChanges:
    """What ``changes (latents, 7)`` say of a direction."""
    means = [mean_measure(column) for column in changes.T]
    sizes = [abs(mean.value or 0.0) for mean in means]
    most = max(range(len(means)), key=sizes.__getitem__)
    error = means[most].error
    told = error is not None and sizes[most] > 2 * error
    return FactorChanges(
        changes=tuple(mean.value for mean in means),
        errors=tuple(mean.error for mean in means),
        strongest=IMAGE_FACTORS[most].key if told else None,
        selectivity=sizes[most] ** 2 / sum(size**2 for size in sizes) if told else None,
        agreement=None if class_index is None or not names else agreement(changes, class_index, names),
    )


def agreement(changes: Tensor, class_index: Tensor, names: Sequence[str]) -> ClassAgreement | None:
    """Whether a direction changes the factors alike in all classes: see :class:`ClassAgreement`.

    Args:
        changes: of the factors at each latent, in spreads, ``(latents, factors)``; NaN where not known.
        class_index: the latents' classes, ``(latents,)``, each of which occurs.
        names: the classes' names.

    Returns:
        None where fewer than two classes have a signature.

    >>> changes = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> agreement(changes, torch.tensor([0, 1, 2]), ("mug", "car", "duck")).worst
    'duck'
    """
    signatures = torch.stack(
        [changes[class_index == index].double().nanmean(dim=0) for index in range(len(names))]
    ).nan_to_num(0.0)
    others = signatures.sum(dim=0) - signatures
    cosines = torch.nn.functional.cosine_similarity(signatures, others, dim=1).tolist()
    lengths = (signatures.norm(dim=1) * others.norm(dim=1)).tolist()
    known = {name: cosine for name, cosine, length in zip(names, cosines, lengths, strict=True) if length > 0}
    if len(known) < 2:
        return None
    return ClassAgreement(
        mean=sum(known.values()) / len(known),
        worst=min(known, key=known.__getitem__),
        by_class={name: known.get(name) for name in names},
    )
