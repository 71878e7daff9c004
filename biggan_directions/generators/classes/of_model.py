"""Which class names go with a model; needs no weights and no torch."""

from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.classes.imagenet import imagenet_classes
from biggan_directions.toybox.names import TOYS


def class_table(num_classes: int) -> ClassTable:
    """ImageNet's thousand, the toybox's ten, or bare indices for a model of another number of classes.

    >>> class_table(10).resolve("duck").index
    8
    """
    if num_classes == len(imagenet_classes()):
        return imagenet_classes()
    if num_classes == len(TOYS):
        return ClassTable.from_names(TOYS)
    return ClassTable.from_names([f"class_{index}" for index in range(num_classes)])
