"""The version, in one place; the build reads it from here."""

__version__ = "0.1.0"


def made_with() -> dict[str, str]:
    """Versions of all that a result's last digits depend on."""
    import platform

    import torch

    return {
        "biggan-directions": __version__,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
    }
