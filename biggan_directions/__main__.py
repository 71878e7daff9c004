"""``python -m biggan_directions``, and the ``biggan-directions`` command."""

import os
import sys


def main() -> None:
    """Run the command line: exit 0 done, 1 a clear error, 2 wrong usage, 130 or 143 interrupted."""
    from biggan_directions.distributed.launched import leads
    from biggan_directions.runs.interrupt import Interrupted, listen

    if not leads():
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115  # for as long as the process lives
    try:
        listen()
        _run()
    except Interrupted as stopped:
        sys.stderr.write(f"{stopped.sentence(sys.argv[1:])}\n")
        sys.exit(stopped.exit_code)
    except Exception:
        sys.stderr = sys.__stderr__  # a fault of our own is shown, whichever process it is in
        raise


def _run() -> None:
    from biggan_directions.cli import app
    from biggan_directions.errors import BigganDirectionsError, ProcessGroupError, WeightsError
    from biggan_directions.files.escaping import printable
    from biggan_directions.runs.interrupt import ignore

    try:
        app()
    except ProcessGroupError as error:
        ignore()  # torchrun is about to send one
        if error.ours_to_tell and sys.__stderr__:
            sys.__stderr__.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    except BigganDirectionsError as error:
        # several lines are ours only where weights cannot be had; any other break is from a name or a path
        lines = str(error).split("\n") if isinstance(error, WeightsError) else [str(error)]
        sys.stderr.write("error: " + "\n".join(map(printable, lines)) + "\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
