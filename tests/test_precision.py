from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from biggan_directions.precision import full_precision

LEGACY: dict[str, Callable[[], Any]] = {
    "matmul": torch.get_float32_matmul_precision,
    "cuda": lambda: torch.backends.cuda.matmul.allow_tf32,
    "cudnn": lambda: torch.backends.cudnn.allow_tf32,
}
NEWER = ("cuda.matmul", "cudnn.conv", "cudnn.rnn", "mkldnn.matmul", "mkldnn.conv", "mkldnn.rnn")


def newer(path: str) -> Any:
    room, part = path.split(".")
    return getattr(getattr(torch.backends, room), part, None)


def settings() -> dict[str, Any]:
    """Whatever of torch's switches can be read now, older and newer."""
    found: dict[str, Any] = {}
    for name, read in LEGACY.items():
        try:
            found[name] = read()
        except RuntimeError:
            found[name] = "unreadable"
    return found | {path: getattr(newer(path), "fp32_precision", None) for path in NEWER}


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    before = settings()
    yield
    torch.set_float32_matmul_precision(before["matmul"])
    torch.backends.cudnn.allow_tf32 = before["cudnn"]
    for path in NEWER:
        if before[path] is not None:
            newer(path).fp32_precision = before[path]


def test_reduced_float32_is_off_inside_and_restored() -> None:
    torch.set_float32_matmul_precision("medium")
    torch.backends.cudnn.allow_tf32 = True
    before = settings()
    with full_precision():
        inside = settings()
        assert inside["matmul"] == "highest"
        assert inside["cuda"] is False
        assert inside["cudnn"] is False
        assert {value for key, value in inside.items() if "." in key} <= {"ieee", None}
    assert settings() == before


def test_the_newer_switches_are_honoured_where_torch_has_them() -> None:
    if not hasattr(torch.backends.cuda.matmul, "fp32_precision"):
        pytest.skip("this torch has no fp32_precision")
    newer("cuda.matmul").fp32_precision = "tf32"
    newer("cudnn.conv").fp32_precision = "ieee"
    newer("mkldnn.conv").fp32_precision = "bf16"
    before = settings()
    assert before["cudnn"] == "unreadable"  # what makes the mixture awkward
    with full_precision():
        assert {value for key, value in settings().items() if "." in key} == {"ieee"}
    assert settings() == before


def test_settings_are_restored_after_an_error() -> None:
    def fail() -> None:
        with full_precision():
            raise ZeroDivisionError

    torch.set_float32_matmul_precision("high")
    before = settings()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with pytest.raises(ZeroDivisionError):
            fail()
        assert settings() == before
        assert torch.is_autocast_enabled("cpu")


def test_blocks_nest() -> None:
    before = settings()
    with full_precision():
        with full_precision():
            pass
        assert settings()["matmul"] == "highest"
    assert settings() == before


def test_autocast_is_off_inside_and_on_again_after() -> None:
    ones = torch.ones(2, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with full_precision():
            assert (ones @ ones).dtype is torch.float32
        assert (ones @ ones).dtype is torch.bfloat16
