"""``python -m biggan_directions``, and the ``biggan-directions`` command."""

import sys


def main() -> None:
    """Run the command line: exit 0 done, 1 a clear error, 2 wrong usage, 130 or 143 interrupted."""
    from biggan_directions.stopping import Stopped, listen

    try:
        listen()
        _run()
    except Stopped as stopped:
        sys.stderr.write(f"{stopped.sentence(sys.argv[1:])}\n")
        sys.exit(stopped.exit_code)


def _run() -> None:
    from biggan_directions.cli import app
    from biggan_directions.errors import BigganDirectionsError, WeightsError
    from biggan_directions.escaping import printable

    try:
        app()
    except BigganDirectionsError as error:
        # several lines are ours only where weights cannot be had; any other break is from a name or a path
        lines = str(error).split("\n") if isinstance(error, WeightsError) else [str(error)]
        sys.stderr.write("error: " + "\n".join(map(printable, lines)) + "\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
