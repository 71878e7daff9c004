"""The record of an edited image: what it shows, and the command that makes it again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from biggan_directions.files.escaping import printable, shell_path, shell_word


@dataclass(frozen=True, kw_only=True)
class EditRecord:
    """How an edited image was made; written into its PNG as text.

    Args:
        path: file of directions, as it was typed.
        directions_sha256: checksum of that file.
        model: name of the model.
        class_names: class of each image.
        truncation, seed: of the latents.
        samples: index of each image's latent among those of the seed.
        moves: for the index of a direction, the distance in units of z.
        layers: for the index of a direction, the layers at which it acts; none where they are those of the
            file or of the options.
        names: one per direction.
        classes_option: values of ``--class``; none where the file's own classes are drawn.
        truncation_option: whether the command needs ``--truncation``: it is not the file's own.
        options: further options of the command, such as ``--model``.
        out: name of the PNG.
    """

    path: str
    directions_sha256: str
    model: str
    class_names: tuple[str, ...]
    truncation: float
    seed: int
    samples: tuple[int, ...]
    moves: Mapping[int, float]
    layers: Mapping[int, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    classes_option: tuple[str, ...] = ()
    truncation_option: bool = False
    options: tuple[str, ...] = ()
    out: str = "edit.png"

    def command(self) -> str:
        """The command that makes the same image, quoted for a shell.

        >>> record = EditRecord(
        ...     path="my car.pt", directions_sha256="", model="toybox", class_names=("car",), truncation=1.0,
        ...     seed=7, samples=(2,), moves={1: 0.0, 0: -0.1234567},
        ... )
        >>> record.command()
        "biggan-directions edit 'my car.pt' --seed 7 --sample 2 --move 0=-0.1234567 --out edit.png"
        """
        words = list(self.options)
        for name in self.classes_option:
            words += ["--class", name]
        if self.truncation_option:
            words += ["--truncation", exact(self.truncation)]
        words += ["--seed", str(self.seed)]
        if self.samples == tuple(range(len(self.samples))):
            words += ["--samples", str(len(self.samples))]
        else:
            words += [word for sample in self.samples for word in ("--sample", str(sample))]
        for index, distance in self._moved():
            words += ["--move", f"{index}={exact(distance)}{self._where(index)}"]
        words += ["--out", self.out]
        return f"biggan-directions edit {shell_path(self.path)} {' '.join(map(shell_word, words))}"

    def text(self) -> dict[str, str]:
        """The record as keywords and values of a PNG's text chunks."""
        facts = {
            "Model": self.model,
            "Class": ", ".join(dict.fromkeys(self.class_names)),
            "Truncation": exact(self.truncation),
            "Seed": str(self.seed),
            "Samples": ", ".join(map(str, self.samples)),
            "Moves": ", ".join(
                f"{self._called(index)}={exact(by)}{self._where(index)}" for index, by in self._moved()
            )
            or "none",
            "Directions SHA-256": self.directions_sha256,
            "Command": self.command(),
        }
        return {keyword: printable(value) for keyword, value in facts.items()}

    def _moved(self) -> list[tuple[int, float]]:
        return sorted((index, distance) for index, distance in self.moves.items() if distance)

    def _where(self, index: int) -> str:
        return f"@{self.layers[index]}" if index in self.layers else ""

    def _called(self, index: int) -> str:
        name = self.names[index] if self.names else ""
        return f"{index} ({name})" if name else str(index)


def exact(number: float) -> str:
    """A number in as few digits as give it back exactly.

    >>> exact(2.0), exact(0.1), exact(1.2345678)
    ('2', '0.1', '1.2345678')
    """
    short = f"{number:g}"
    return short if float(short) == number else repr(number)
