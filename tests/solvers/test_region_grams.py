"""First derivatives inside a region and outside: against the Jacobian of a linear generator."""

import torch

from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.region_grams import RegionGrams
from tests.support.oracles import Pixels, normal, random_orthogonal


def test_the_matrices_are_those_of_the_jacobian() -> None:
    """Of a linear function, by dense algebra; the held direction need not lie in the basis."""
    matrix, weights = normal(36, 7), torch.rand(6, 6, generator=torch.Generator().manual_seed(0))
    basis, held = random_orthogonal(7)[:4], random_orthogonal(7, seed=1)[:2]
    evaluator = Evaluator(Pixels(lambda z: z @ matrix.T.to(z)), 3)
    begun = RegionGrams.empty(4)

    def sample(index: int) -> tuple[torch.Tensor, None]:
        return normal(7, seed=index), None

    *_, sums = begun.continued(evaluator, basis, held, weights, sample, total=3, epsilon=0.1, seed=0)
    jacobian, changes = matrix @ basis.T, matrix @ held.T
    alike = jacobian.T @ (changes / changes.norm(dim=0))
    share = weights.double().flatten()[:, None]
    expected = torch.stack(
        [jacobian.T @ (share * jacobian), jacobian.T @ ((1 - share) * jacobian), alike @ alike.T]
    )
    torch.testing.assert_close(sums.halves[0], 2 * expected / 36, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(sums.halves[1], expected / 36, rtol=1e-5, atol=1e-6)
    assert evaluator.evaluations == 3 * (1 + 4 + 2)
