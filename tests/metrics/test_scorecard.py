"""What is added to a scorecard once it is measured."""

import torch

from biggan_directions.metrics.scorecard import loose_remark, remarks, with_stability
from biggan_directions.metrics.scoring import score
from biggan_directions.metrics.settings import ScoreSettings
from biggan_directions.metrics.tables import as_csv, as_plain
from tests.support.separable import Separable


def test_each_file_keeps_its_own_stability() -> None:
    generator = Separable(z_dim=6, factors=4)
    others = [(name, torch.eye(6)[1:3]) for name in ("B", "C")]
    card = score(generator, torch.eye(6)[:3], settings=ScoreSettings(latents=2, baselines=()), others=others)
    known = with_stability(card, torch.tensor([0.5, 0.25, 1.0]), None, torch.tensor([0.75, 0.125]))
    assert [scored.values("stability") for scored in known.sets] == [[0.5, 0.25, 1.0], [], [0.75, 0.125]]


def test_what_depends_on_the_latents_leads_and_nothing_else_is_praised_beside_it() -> None:
    generator = Separable(z_dim=6, factors=4)
    card = score(generator, generator.truth[:2], settings=ScoreSettings(latents=2, baselines=()))
    (settled,) = with_stability(card, torch.tensor([0.99, 1.0])).sets
    assert loose_remark(settled) == ""
    (praise,) = remarks(settled)
    assert praise.startswith("all directions do something")
    assert loose_remark(settled, 0.995).startswith("direction 0 depends on the latents")
    assert remarks(settled, agreement=0.995) == ()


def test_stability_is_that_of_the_first_set_alone_and_unknown_where_it_is_nan() -> None:
    generator = Separable(z_dim=6, factors=4)
    settings = ScoreSettings(latents=2, baselines=("random",))
    card = score(generator, torch.eye(6)[:3], settings=settings)
    known = with_stability(card, torch.tensor([0.5, float("nan"), 1.0 + 1e-7]))
    assert [direction.stability for direction in known.sets[0].directions] == [0.5, None, 1.0]
    assert all(direction.stability is None for direction in known.sets[1].directions)
    assert as_plain(known)["sets"][0]["means"]["stability"] == 0.75
    heads, mean, *_ = as_csv(known).splitlines()
    assert dict(zip(heads.split(","), mean.split(","), strict=True))["stability"] == "0.75"
