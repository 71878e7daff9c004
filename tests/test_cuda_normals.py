"""Numbers of torch's CUDA generator without a GPU: held to what torch printed on GPUs, and to Philox."""

import pytest
import torch

from biggan_directions.cuda_normals import cuda_normals, philox
from tests.support.official_rendering import official_latents

# torch.manual_seed(seed); torch.randn(…, device="cuda"), as printed in public notebooks and documentation
PRINTED = {
    0: [
        *(-0.9247, -0.4253, -2.6438, 0.1452, -0.1209, -0.5797, -0.6229, -0.3284),
        *(-1.0745, -0.3631, -1.6711, 2.2655, 0.3117, -0.1842, 1.2866, 1.1820),
        *(-0.1271, 1.2169, 1.4353, 1.0605, -0.4941, -1.4244, -0.7244, -1.2973),
        *(0.0697, -0.0074, 1.8969, 0.6878, -0.0779, -0.8373, 1.3506, -0.2879),
        *(-0.5965, -0.3283, -0.9086, -0.8059, -0.7407, -0.0504, 0.5435, 1.5150),
    ],
    42: [
        *(0.1940, 2.1614, -0.1721, 0.8491, -1.9244, 0.6530, -0.6494, -0.8175),
        *(0.5280, -1.2753, -1.6621, -0.3033, -0.0926, 0.1992, -1.1204, 1.8577),
        *(-0.7145, 0.6881, 0.7968),
    ],
}


@pytest.mark.parametrize("seed", PRINTED)
def test_they_are_those_of_a_gpu(seed: int) -> None:
    printed = torch.tensor(PRINTED[seed])
    assert (cuda_normals(len(printed), seed) - printed).abs().max() < 5.1e-5  # four decimals were printed


@pytest.mark.parametrize(
    ("counter", "key", "gives"),
    [  # known answers of Random123, the reference implementation
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox(counter: tuple[int, ...], key: tuple[int, int], gives: tuple[int, ...]) -> None:
    assert tuple(int(word) for word in philox(tuple(torch.tensor([word]) for word in counter), key)) == gives


@pytest.mark.parametrize("seed", [0, 750, 2**40 + 3])
def test_an_independent_implementation_agrees(seed: int) -> None:
    plain = official_latents(6, 120, seed)
    assert (cuda_normals(720, seed).reshape(6, 120) - plain).abs().max() < 1e-6


def test_more_numbers_begin_with_the_same_ones() -> None:
    assert torch.equal(cuda_normals(720, 750)[:120], cuda_normals(120, 750))
    assert cuda_normals(0, 750).shape == (0,)


def test_they_are_normal_and_a_seed_is_taken_modulo_two_to_the_64() -> None:
    drawn = cuda_normals(20_000, 1)
    assert abs(float(drawn.mean())) < 0.03
    assert float(drawn.std()) == pytest.approx(1, abs=0.03)
    assert drawn.abs().max() > 3  # untruncated
    assert torch.equal(cuda_normals(8, -1), cuda_normals(8, 2**64 - 1))
