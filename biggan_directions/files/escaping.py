"""Make text from files safe to display, to paste into a shell and to use as a folder name."""

import os
import re
import shlex

_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
_LONGEST_NAME = 200  # bytes of a folder's name; the usual file systems take 255


def printable(text: str) -> str:
    """``text`` with invisible characters that a terminal or page acts on (controls, bidi marks) replaced.

    The joiners that emoji and some scripts need are kept.

    >>> printable("a\\u202eb\\n\\ud800")
    'a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}'
    """
    return "".join(c if c.isprintable() or c in _JOINERS else "\N{REPLACEMENT CHARACTER}" for c in text)


def shell_word(text: str) -> str:
    """``text`` quoted as one word for a shell, in visible characters only.

    >>> print(shell_word("it's"), shell_word("a\\nb\\u202e"))
    'it'"'"'s' $'a\\x0ab\\xe2\\x80\\xae'
    """
    if text.isprintable():
        return shlex.quote(text)
    return f"$'{''.join(map(_seen, text))}'"


def _seen(character: str) -> str:
    """A character between $' and ': itself, or its bytes, including bytes of a path that are not text."""
    if character.isprintable():
        return f"\\{character}" if character in "\\'" else character
    errors = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", errors))


def shell_path(path: str | os.PathLike[str]) -> str:
    """``path`` quoted for a shell, so that it is never taken for an option.

    >>> print(shell_path("-x.pt"))
    ./-x.pt
    """
    words = os.fspath(path)
    return shell_word(f"./{words}" if words.startswith("-") else words)


def folder_name(text: str) -> str:
    """``text`` as the name of one folder: no separators, no invisible characters, never the parent folder.

    >>> folder_name("golden_retriever+jack-o'-lantern"), folder_name(".."), folder_name("a/b\\n")
    ("golden_retriever+jack-o'-lantern", '_', 'a_b_')
    """
    plain = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in text)
    short = plain.encode()[:_LONGEST_NAME].decode(errors="ignore")
    return re.sub(r"^\.+|[. ]+$", "_", short) or "_"
