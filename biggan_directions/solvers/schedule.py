"""Numbers of latents after which a closed form asks whether its directions have settled."""

from __future__ import annotations

LEAST, MOST = 8, 256
CHECKED = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)


def counts_within(latents: int | None, *, budget: int, each: int) -> tuple[int, ...]:
    """The numbers of latents after which to ask; the last one is the most that are measured.

    Args:
        latents: number of latents that the user asked for, or None.
        budget: images to draw, if the user asked for no number of latents.
        each: images drawn at a latent.

    Returns:
        The number asked for alone; or some numbers up to what the budget allows, but at least 8 and at most
        256 latents.

    >>> counts_within(None, budget=500, each=20), counts_within(5, budget=500, each=20)
    ((8, 12, 16, 24, 25), (5,))
    """
    if latents is not None:
        return (latents,)
    most = min(MOST, max(LEAST, budget // each))
    return (*(count for count in CHECKED if count < most), most)
