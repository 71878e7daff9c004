"""The 1000 ImageNet classes, from data in the package (source and licence: ``data/README.md``)."""

from functools import cache
from importlib.resources import files

from biggan_directions.generators.classes.class_table import ClassEntry, ClassTable


@cache
def imagenet_classes() -> ClassTable:
    """The table of the 1000 classes, in BigGAN's order.

    >>> table = imagenet_classes()
    >>> table.resolve("golden retriever")
    ImageClass(index=207, name='golden_retriever')
    >>> table.entry(207).wordnet_id
    'n02099601'
    """
    text = files("biggan_directions.generators").joinpath("data", "imagenet_classes.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines()]
    return ClassTable(
        ClassEntry(
            index=int(index), wordnet_id=wordnet_id, names=tuple(names.split(", ")), definition=definition
        )
        for index, wordnet_id, names, definition in rows
    )
