"""What a user can put right: one base class, and a child for each kind that callers tell apart."""


class BigganDirectionsError(Exception):
    """A mistake or mishap outside the library's own logic.

    The message is one clear sentence that says what is wrong, what was got and what was expected, and ends
    with the
    next thing to type where there is one. The command line prints it on stderr and exits with ``exit_code``.
    """

    exit_code = 1


class UsageError(BigganDirectionsError, ValueError):
    """An argument whose value cannot be used: out of range, of the wrong shape, unknown."""

    exit_code = 2


class UnknownClassError(UsageError):
    """A class name that names no class, or more than one."""


class FileFormatError(BigganDirectionsError):
    """A file that is not what it should be: foreign, corrupt, of another model, or not safe to read."""


class WeightsError(BigganDirectionsError):
    """Weights that are absent, cannot be fetched, or are not what they claim to be."""


class GeneratorError(BigganDirectionsError):
    """A generator whose images cannot be worked with: not finite, or the same for every z."""


class OutputError(BigganDirectionsError):
    """A place that cannot be written, or that holds something which must not be overwritten."""


class ProcessGroupError(BigganDirectionsError):
    """Processes that were to work together, and cannot: one has ended, or cannot be reached.

    ``ours_to_tell`` in one of those that are left, which tells the user.
    """

    def __init__(self, message: str, *, ours_to_tell: bool = True) -> None:
        super().__init__(message)
        self.ours_to_tell = ours_to_tell
