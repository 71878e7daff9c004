"""A training that goes wrong is noticed, once, and not before there is anything to see."""

from biggan_directions.training.collapse import Watch
from biggan_directions.training.trainer import Measures


def _measures(*, loss: float = 0.4, variety: float = 0.8) -> Measures:
    return Measures(discriminator_loss=loss, generator_loss=1.0, told_apart=0.7, variety=variety)


def test_lost_variety_and_a_discriminator_that_has_won_are_said_once() -> None:
    watch = Watch()
    assert list(watch.warnings(10, _measures(variety=0.01))) == []
    assert list(watch.warnings(2000, _measures())) == []
    (said,) = watch.warnings(2001, _measures(variety=0.01))
    assert "1.0%" in said
    assert "collapsed" in said
    assert list(watch.warnings(2002, _measures(variety=0.01))) == []
    (said,) = watch.warnings(2003, _measures(variety=0.01, loss=0.001))
    assert "tells all images apart" in said
