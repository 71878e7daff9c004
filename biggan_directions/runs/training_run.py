"""A run of training in its output folder: locked while it works, saved as it goes, resumed after a stop."""

from __future__ import annotations

import json
import math
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.errors import GeneratorError, OutputError, UsageError
from biggan_directions.files.atomic_write import check_writable, explained
from biggan_directions.generators.weights.catalog import CONFIG_NAME, WEIGHTS_NAME
from biggan_directions.learning.state import check_plain, check_same
from biggan_directions.runs import interrupt
from biggan_directions.runs.checkpoint import CHECKPOINT_NAME, Checkpoint
from biggan_directions.runs.folder import held
from biggan_directions.runs.learn import DIRECTIONS_NAME
from biggan_directions.runs.observer import Note, Observe, RunProgress, ignore
from biggan_directions.runs.penalty_report import penalty_sentence, shown_beside
from biggan_directions.runs.trained_model import (
    ACCOUNT_NAME,
    BEGINNING,
    PENALTY,
    SHEETS,
    write_model,
    write_sheet,
)
from biggan_directions.training.beginning import Beginning
from biggan_directions.training.collapse import Watch
from biggan_directions.training.demand import check_memory
from biggan_directions.training.image_set import ImageSet
from biggan_directions.training.regulariser import RegulariserSettings
from biggan_directions.training.settings import TrainSettings
from biggan_directions.training.trainer import Measures, Trainer

_SAVE_EVERY_S = 60.0
_FREE = ("steps", "decay", "statistics")  # may differ when a run is resumed: a finished run can be extended


@dataclass(frozen=True, kw_only=True)
class TrainResult:
    """What a run has made.

    Attributes:
        folder: with ``config.json`` and ``pytorch_model.bin``: ``--model FOLDER`` loads them.
        steps: training steps that were made, in all.
        measures: at the end; none if the run had finished before.
    """

    folder: Path
    steps: int
    measures: Measures | None


class TrainRun:
    """A run that trains a generator into an output folder, and that can be resumed after any stop.

    The folder gets ``config.json`` and ``pytorch_model.bin`` in the stock layout, ``training.json`` with the
    settings and the measures on the way, ``samples/``, and ``checkpoint.pt``, which stays: a later run with
    more steps continues from it.

    Args:
        folder: the output folder; it is made if need be.
        images: what to train on.
        settings: how; the defaults where left out.
        group: the processes that share the work; all of them make the same run and call :meth:`finish`.
        device: where to compute.
        sheet_every: steps between two sheets of samples.
        penalty: how the generator is penalised; None for not at all.
        beginning: networks to begin with; random ones where left out.

    Raises:
        UsageError: there are too few images, or the settings are not those of the networks to begin with.
    """

    def __init__(
        self,
        folder: str | Path,
        images: ImageSet,
        settings: TrainSettings | None = None,
        *,
        group: ProcessGroup = ALONE,
        device: torch.device | None = None,
        sheet_every: int = 500,
        penalty: RegulariserSettings | None = None,
        beginning: Beginning | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.images, self.settings = images, settings or TrainSettings()
        if len(images) < self.settings.batch:
            raise UsageError(
                f"there are {len(images)} images, expected at least {self.settings.batch}, which is one "
                "batch: add images, or try a smaller --batch"
            )
        self._group, self._device, self._sheet_every = group, device, sheet_every
        self.penalty, self.beginning = penalty, beginning
        for name, value in ({} if beginning is None else beginning.settings).items():
            if getattr(self.settings, name) != value:
                raise UsageError(
                    f"{beginning.name if beginning else ''} has {name} {value}, but the settings say "
                    f"{getattr(self.settings, name)}: leave {name} out"
                )

    def trainer(self) -> Trainer:
        """A trainer at its first step."""
        return Trainer(
            self.settings,
            self.images,
            group=self._group,
            device=self._device,
            penalty=self.penalty,
            beginning=self.beginning,
        )

    @property
    def _own(self) -> dict[str, str]:
        """What a run has beyond its settings and images, in words; a plain run has none of it."""
        found = {PENALTY: self.penalty, BEGINNING: self.beginning}
        return {name: value.words for name, value in found.items() if value is not None}

    def finish(self, *, resume: bool = False, force: bool = False, observe: Observe = ignore) -> TrainResult:
        """Train from the beginning, or from where the run in the folder was stopped, and write the files.

        Args:
            resume: continue the run that is in the folder, or begin one if there is none.
            force: replace what is in the folder; it is removed as soon as the work begins.
            observe: called with the progress after each step, and with notes that a user should read.

        Raises:
            OutputError: the folder already holds a run or a model, or another run is writing into it, or it
                cannot be written.
            UsageError: the run to resume has other settings or images, or there is not enough memory.
            FileFormatError: the checkpoint is damaged.
            GeneratorError: the training has diverged.
            ProcessGroupError: a process has ended or does not answer.
        """
        if resume and force:
            raise UsageError("--resume continues a run and --force replaces it: give only one of them")
        leads = self._group.leads
        if leads:
            check_writable(self.folder / CHECKPOINT_NAME)
        with held(self.folder) if leads else nullcontext() as folder:
            if leads:
                self._check_folder(resume=resume, force=force)
            self._group.check_same(
                settings={**asdict(self.settings), **self._own},
                images={"sha256": self.images.sha256()},
            )
            trainer = self.trainer()
            self._group.together(lambda: check_memory(trainer))
            if leads and force:
                self._clear()
            arithmetic = trainer.device.type
            with (
                Checkpoint(folder, arithmetic=arithmetic, every_s=_SAVE_EVERY_S) if folder else nullcontext()
            ) as saved:
                self._load(trainer, saved, observe)
                done = trainer.step >= self.settings.steps and self._finished(trainer.step)
                if self._group.broadcast(done):
                    return TrainResult(folder=self.folder, steps=trainer.step, measures=None)
                self._train(trainer, saved, observe)
                if saved is not None:
                    saved.write()  # stays: the run can be extended
                if leads:
                    write_model(self.folder, trainer, observe)
        return TrainResult(folder=self.folder, steps=trainer.step, measures=trainer.measures)

    def _check_folder(self, *, resume: bool, force: bool) -> None:
        """Refuse a folder with another run, or with a model that no run of training made."""
        checkpoint, config = self.folder / CHECKPOINT_NAME, self.folder / CONFIG_NAME
        if checkpoint.exists() and not (resume or force):
            raise OutputError(
                f"{checkpoint} belongs to a run of training: continue it with --resume, replace it with "
                "--force, or choose another folder with --out"
            )
        if (self.folder / DIRECTIONS_NAME).exists():
            raise OutputError(
                f"{self.folder} holds {DIRECTIONS_NAME}, a run of learning: choose another folder with --out"
            )
        # A run that was killed while it wrote its model has a checkpoint, and perhaps no account yet.
        if config.exists() and not checkpoint.exists() and not (self.folder / ACCOUNT_NAME).exists():
            raise OutputError(
                f"{config} belongs to a model that was not trained here: choose another folder with --out"
            )

    def _clear(self) -> None:
        names = [CONFIG_NAME, WEIGHTS_NAME, CHECKPOINT_NAME, ACCOUNT_NAME]
        for path in (*(self.folder / name for name in names), *(self.folder / SHEETS).glob("step_*.png")):
            with explained(path):
                path.unlink(missing_ok=True)

    def _load(self, trainer: Trainer, saved: Checkpoint | None, observe: Observe) -> None:
        """Continue from the checkpoint, the same in every process."""
        state, notes = (None, []) if saved is None else saved.load()
        for note in notes:
            observe(Note(note))
        state = self._group.broadcast(state)
        if state is None:
            return
        with nullcontext() if saved is None else saved.resuming():
            asked = {name: value for name, value in asdict(self.settings).items() if name not in _FREE}
            nothing = {PENALTY: "none", BEGINNING: "nothing"}
            asked |= {"images": self.images.sha256(), **nothing, **self._own}
            check_plain(state.get("settings"), "settings")
            known = {
                "images": state.get("images"),
                **{name: state.get(name, nothing[name]) for name in nothing},
            }
            check_same({**state["settings"], **known}, asked)
            trainer.load(state)

    def _finished(self, step: int) -> bool:
        """Whether the files are those of this step."""
        try:
            account = json.loads((self.folder / ACCOUNT_NAME).read_bytes())
            return bool(account["step"] == step) and (self.folder / WEIGHTS_NAME).exists()
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _train(self, trainer: Trainer, saved: Checkpoint | None, observe: Observe) -> None:
        settings, watch = self.settings, Watch()
        images = self.images.sha256()
        begun, first = time.monotonic(), trainer.step
        while trainer.step < settings.steps:
            with interrupt.postponed():
                if saved is not None:
                    saved.forget()
                measures = trainer.advance()
                if not all(math.isfinite(value) for value in asdict(measures).values()):
                    raise GeneratorError(
                        f"the training has diverged: a loss is not finite at step {trainer.step}; start "
                        "again with lower rates: --set generator_rate=1e-4 --set discriminator_rate=1e-4"
                    )
                if saved is not None:
                    saved.offer({**trainer.state(), "images": images, **self._own})
            interrupt.check()
            pace = (trainer.step - first) * settings.batch / max(time.monotonic() - begun, 1e-9)
            observe(
                RunProgress(
                    phase="training",
                    done=trainer.step,
                    total=settings.steps,
                    beside={
                        "D": measures.discriminator_loss,
                        "G": measures.generator_loss,
                        "variety": measures.variety,
                        **shown_beside(trainer),
                        "images/s": pace,
                    },
                )
            )
            for warning in watch.warnings(trainer.step, measures):
                observe(Note(warning))
            if saved is not None and trainer.step % self._sheet_every == 0:
                saved.folder.check()
                path = self.folder / SHEETS / f"step_{trainer.step:06d}.png"
                write_sheet(trainer, path)
                observe(
                    Note(
                        f"step {trainer.step}: losses {measures.discriminator_loss:.3f} (discriminator) and "
                        f"{measures.generator_loss:.3f}, variety {measures.variety:.0%} of that of real "
                        f"images, {pace:.0f} images/s; {penalty_sentence(trainer)}{path}"
                    )
                )
