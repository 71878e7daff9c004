"""Notice a training that has gone wrong: loss of variety, or a discriminator that has won."""

from __future__ import annotations

from collections.abc import Iterator

from biggan_directions.training.trainer import Measures

_FIRST_STEP = 1000  # before it, a generator may draw the mean image of each class
_LEAST_VARIETY = 0.05  # of that of real images; a healthy run of Fashion-MNIST has 0.5 and more
_WON = 0.01  # loss of the discriminator; 0.69 where it cannot tell images apart


class Watch:
    """Says once of each thing that goes wrong that it does."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def warnings(self, step: int, measures: Measures) -> Iterator[str]:
        """Sentences for what has gone wrong and was not told yet."""
        if step < _FIRST_STEP:
            return
        if measures.variety < _LEAST_VARIETY and self._first("variety"):
            yield (
                f"the images of a class hardly differ from each other at step {step} (variety "
                f"{measures.variety:.1%} of that of real images): the generator has collapsed; go back to an "
                "earlier checkpoint, or start again with --augment or another --seed"
            )
        if measures.discriminator_loss < _WON and self._first("won"):
            yield (
                f"the discriminator tells all images apart at step {step} (loss "
                f"{measures.discriminator_loss:.3f}), so the generator no longer learns: start again with "
                "--augment, or --set discriminator_rate=1e-4"
            )

    def _first(self, what: str) -> bool:
        new = what not in self._told
        self._told.add(what)
        return new
