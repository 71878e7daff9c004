"""The classes of a generator, and the rules that resolve a user's text to one of them."""

import difflib
import re
import textwrap
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from biggan_directions.errors import UnknownClassError

_LONGEST_QUERY = 200  # far longer than any name; keeps the search for similar names fast on any input
_MOST_CANDIDATES = 12
_INDEX = r"[+-]?[0-9]+"
_WORDNET_ID = r"n[0-9]{8}"


class ImageClass(NamedTuple):
    """A class of a generator: its index in the model's table, and its name."""

    index: int  # type: ignore[assignment]  # a field of this name hides tuple.index, which is not needed
    name: str


@dataclass(frozen=True, kw_only=True)
class ClassEntry:
    """One class of a table: index, names (the usual one first), WordNet id and definition if known."""

    index: int
    names: tuple[str, ...]
    wordnet_id: str | None = None
    definition: str = ""


class ClassTable:
    """Class names, synonyms and ids, and the rules that resolve text to a class.

    Every class has a label, which is its name in :class:`ImageClass`: its usual name with underscores for
    spaces. The index is appended if another class has the same name (``crane_134``, ``crane_517``), or if the
    name could be another class's index, a WordNet id, or ``all``. So a label always resolves to its own
    class.

    Args:
        entries: the classes, with distinct indices.

    >>> table = ClassTable.from_names(["mug", "pine tree"])
    >>> table.resolve("Pine_Tree"), table.resolve("0").name
    (ImageClass(index=1, name='pine_tree'), 'mug')
    """

    def __init__(self, entries: Iterable[ClassEntry]) -> None:
        self._entries = {entry.index: entry for entry in sorted(entries, key=lambda entry: entry.index)}
        self._by_wordnet_id = {entry.wordnet_id: entry for entry in self if entry.wordnet_id is not None}
        self._by_name: dict[str, set[int]] = defaultdict(set)
        for entry in self:
            for name in entry.names:
                self._by_name[_normal(name)].add(entry.index)
        self._labels: dict[int, str] = {}
        for entry in self:
            self._labels[entry.index] = label = self._choose_label(entry)
            self._by_name[_normal(label)].add(entry.index)

    @classmethod
    def from_names(cls, names: Iterable[str]) -> "ClassTable":
        """A table with one name per class, indexed from 0 in the given order."""
        return cls(ClassEntry(index=index, names=(name,)) for index, name in enumerate(names))

    @classmethod
    def numbered(cls, count: int) -> "ClassTable":
        """A table of ``count`` classes with unknown names: ``class_0``, ``class_1``, …"""
        return cls.from_names(f"class_{index}" for index in range(count))

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[ClassEntry]:
        return iter(self._entries.values())

    def entry(self, index: int) -> ClassEntry:
        """The class of this index; an index out of range raises an UnknownClassError."""
        if index not in self._entries:
            raise UnknownClassError(
                f"there is no class {index}: this model's classes are {self._index_range()}. "
                "See: biggan-directions classes"
            )
        return self._entries[index]

    def image_class(self, index: int) -> ImageClass:
        """Index and label of the class of this index."""
        return ImageClass(index, self._labels[self.entry(index).index])

    def resolve(self, text: str) -> ImageClass:
        """The one class that ``text`` names.

        Args:
            text: an index, a WordNet id, or a whole name: the usual one, a synonym or a label, in any case,
                with spaces, underscores or hyphens between its words.

        Raises:
            UnknownClassError: the text matches no class, or several; the message lists similar ones, each
                with the index that can be typed instead.
        """
        wanted = unicodedata.normalize("NFKC", text[:_LONGEST_QUERY]).strip()
        if re.fullmatch(_INDEX, wanted):
            return self.image_class(int(wanted))
        if self._by_wordnet_id and re.fullmatch(_WORDNET_ID, wanted.casefold()):
            return self._resolve_wordnet_id(wanted.casefold())
        exact = sorted(self._by_name.get(_normal(wanted), ()))
        if len(exact) == 1:
            return self.image_class(exact[0])
        if exact:
            raise UnknownClassError(self._ambiguous(text, exact))
        partial = [entry.index for entry in self.search(wanted) if _whole_words(entry, wanted)]
        if partial:
            raise UnknownClassError(self._ambiguous(text, partial))
        raise UnknownClassError(self._unknown(text, wanted))

    def search(self, query: str = "") -> list[ClassEntry]:
        """The classes that match ``query``, best first: whole names, words, beginnings of words, substrings.

        An empty query matches all classes; an index or a WordNet id matches its class.

        >>> [entry.index for entry in ClassTable.from_names(["sea lion", "lion", "dandelion"]).search("lion")]
        [1, 0, 2]
        """
        wanted = _normal(query[:_LONGEST_QUERY])
        found = [(rank, entry.index) for entry in self if (rank := _rank(entry, wanted)) is not None]
        return [self._entries[index] for _, index in sorted(found)]

    def _choose_label(self, entry: ClassEntry) -> str:
        label = entry.names[0].replace(" ", "_")
        while self._means_another(label, entry.index):
            label = f"{label}_{entry.index}"
        return label

    def _means_another(self, label: str, index: int) -> bool:
        """Whether ``label`` could mean something other than the class of this index."""
        text = unicodedata.normalize("NFKC", label).strip()
        if re.fullmatch(_INDEX, text):
            return text != str(index)
        if _normal(label) == "all" or (self._by_wordnet_id and re.fullmatch(_WORDNET_ID, text.casefold())):
            return True
        return bool(self._by_name.get(_normal(label), set()) - {index})

    def _resolve_wordnet_id(self, wordnet_id: str) -> ImageClass:
        if wordnet_id not in self._by_wordnet_id:
            raise UnknownClassError(
                f"no class of this model has the WordNet id {wordnet_id}. See: biggan-directions classes"
            )
        return self.image_class(self._by_wordnet_id[wordnet_id].index)

    def _index_range(self) -> str:
        return f"{min(self._entries)} to {max(self._entries)}"

    def _candidates(self, indices: list[int]) -> str:
        shown = [self._described(index) for index in indices[:_MOST_CANDIDATES]]
        more = len(indices) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more > 0 else "")

    def _described(self, index: int) -> str:
        """Index and label, with the definition if the name is ambiguous."""
        label, definition = self._labels[index], self._entries[index].definition
        meaning = textwrap.shorten(re.split(r"[;(]", definition)[0], width=50, placeholder=" …")
        return (
            f"{index} {label} ({meaning})" if meaning and label.endswith(f"_{index}") else f"{index} {label}"
        )

    def _ambiguous(self, text: str, indices: list[int]) -> str:
        if len(indices) == 1:
            return (
                f"no class is called {_quoted(text)}; did you mean {self._candidates(indices)}? "
                f"Type --class {indices[0]}"
            )
        return (
            f"the class {_quoted(text)} could be any of {self._candidates(indices)}; "
            f"give the whole name of one, or its index, as in --class {indices[0]}"
        )

    def _unknown(self, text: str, wanted: str) -> str:
        near = difflib.get_close_matches(_normal(wanted), self._by_name, n=5, cutoff=0.7)
        indices = list(dict.fromkeys(index for name in near for index in sorted(self._by_name[name])))
        if not indices and len(self) <= _MOST_CANDIDATES:
            return (
                f"there is no class {_quoted(text)}; this model's are {self._candidates(list(self._entries))}"
            )
        if not indices:
            return f"there is no class {_quoted(text)}, nor one like it. See: biggan-directions classes"
        return (
            f"there is no class {_quoted(text)}; the nearest {'is' if len(indices) == 1 else 'are'} "
            f"{self._candidates(indices)}. "
            f"Did you mean --class {self._labels[indices[0]]}?"
        )


def is_name(text: str) -> bool:
    """Whether ``text`` has a character that counts in a name, other than dots, apostrophes and separators.

    >>> is_name("pine tree"), is_name(" . ")
    (True, False)
    """
    return bool(_normal(text))


def _normal(name: str) -> str:
    """The form in which names are compared: no case, one space between words, no dots or apostrophes."""
    bare = re.sub(r"['’.]", "", unicodedata.normalize("NFKC", name).casefold())
    return re.sub(r"[\s_-]+", " ", bare).strip()


def _rank(entry: ClassEntry, wanted: str) -> int | None:
    """The rank of an entry in a search, 0 best; None if it does not match."""
    names = [_normal(name) for name in entry.names]
    if wanted in names or wanted in {str(entry.index), entry.wordnet_id}:
        return 0
    if _whole_words(entry, wanted):
        return 1
    words = wanted.split()
    if any(all(any(word.startswith(part) for word in name.split()) for part in words) for name in names):
        return 2
    return 3 if any(wanted in name for name in names) else None


def _whole_words(entry: ClassEntry, wanted: str) -> bool:
    """Whether all wanted words are words of one name."""
    words = set(_normal(wanted).split())
    return bool(words) and any(words <= set(_normal(name).split()) for name in entry.names)


def _quoted(text: str) -> str:
    """The user's text, safe to print: truncated, with control and bidi characters escaped."""
    return repr(text if len(text) <= 60 else text[:60] + "…")
