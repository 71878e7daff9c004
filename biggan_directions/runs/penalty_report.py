"""What a training run says of the penalty on its generator."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

from biggan_directions.training.activeness import ACTIVE, activeness
from biggan_directions.training.fixed_passes import fixed_passes
from biggan_directions.training.regulariser import Regulariser
from biggan_directions.training.trainable import TrainableBigGAN
from biggan_directions.training.trainer import Trainer

_SAMPLES = 32


def shown_beside(trainer: Trainer) -> dict[str, float]:
    """What the progress bar has of the penalty."""
    if trainer.regulariser is None:
        return {}
    found = trainer.regulariser.measures(trainer.step)
    return {"penalty": found.penalty, "λ": found.weight, "share": found.share}


def penalty_sentence(trainer: Trainer) -> str:
    """What the line beside a sheet says of the penalty, and of the coordinates of the averaged generator."""
    if trainer.regulariser is None:
        return ""
    found = trainer.regulariser.measures(trainer.step)
    active = _activeness(trainer, trainer.averaged())
    strongest = float(active.max())
    count = int((active >= ACTIVE * strongest).sum())
    return (
        f"penalty {found.penalty:.3g} with λ {found.weight:.3g}, gradient norms {found.adversarial_norm:.3g} "
        f"(adversarial) and {found.weight * found.penalty_norm:.3g} (λ times the penalty), a share of "
        f"{found.share:.0%}; activeness {strongest:.3g} to {float(active.min()):.2g}, {count} of "
        f"{len(active)} coordinates have a tenth of the strongest one's or more; "
    )


def penalty_account(regulariser: Regulariser, trainer: Trainer, network: TrainableBigGAN) -> dict[str, Any]:
    """What training.json has of the penalty; ``network`` is the averaged generator."""
    return {
        "settings": asdict(regulariser.settings),
        "measures": asdict(regulariser.measures(trainer.step)),
        "activeness": _activeness(trainer, network).tolist(),
        "history": regulariser.history,
    }


def _activeness(trainer: Trainer, network: TrainableBigGAN) -> torch.Tensor:
    """Of the coordinates, at a few latents of all classes, with batch statistics fixed."""
    classes = torch.arange(_SAMPLES, device=trainer.device) % network.classes
    z = torch.randn(_SAMPLES, network.z_dim, generator=torch.Generator().manual_seed(trainer.settings.seed))
    with fixed_passes(network, lambda: network(z.to(trainer.device), classes)):
        return activeness(
            lambda points: network(points.to(trainer.device), classes),
            network.z_dim,
            samples=_SAMPLES,
            seed=trainer.settings.seed,
        )
