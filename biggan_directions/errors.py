"""Errors that a user can correct: one base class, and a subclass for each kind that callers distinguish."""


class BigganDirectionsError(Exception):
    """An error that is not a bug of the library.

    The message is one clear sentence with what is wrong, what was found and what was expected. It ends with
    the next command to type, if there is one. The command line prints it on stderr and exits with
    ``exit_code``.
    """

    exit_code = 1


class UsageError(BigganDirectionsError, ValueError):
    """An argument whose value cannot be used: out of range, of the wrong shape, unknown."""

    exit_code = 2


class UnknownClassError(UsageError):
    """A class name that matches no class, or several."""


class FileFormatError(BigganDirectionsError):
    """A file that cannot be used: foreign, corrupt, of another model, or not safe to read."""


class WeightsError(BigganDirectionsError):
    """Weights that are missing, cannot be downloaded, or do not match their checksum."""


class GeneratorError(BigganDirectionsError):
    """A generator whose images cannot be used: not finite, or the same for every z."""


class OutputError(BigganDirectionsError):
    """A path that cannot be written, or with content that must not be overwritten."""


class ProcessGroupError(BigganDirectionsError):
    """A failure of the process group: a process has died or cannot be reached.

    ``ours_to_tell`` is True in the one remaining process that reports it to the user.
    """

    def __init__(self, message: str, *, ours_to_tell: bool = True) -> None:
        super().__init__(message)
        self.ours_to_tell = ours_to_tell
