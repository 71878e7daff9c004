"""``python -m biggan_directions``, and the ``biggan-directions`` command."""

import sys


def main() -> None:
    """Run the command line: exit 0 done, 1 a clear error, 2 wrong usage, 130 interrupted."""
    from biggan_directions.cli import app
    from biggan_directions.errors import BigganDirectionsError

    try:
        app()
    except BigganDirectionsError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
