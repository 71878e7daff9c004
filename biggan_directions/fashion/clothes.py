"""The ten classes of Fashion-MNIST, in the order of its labels."""

CLOTHES = (
    *("t_shirt", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle_boot"),
)
