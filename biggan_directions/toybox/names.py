"""The names of the toybox's ten classes and eight factors, in the order of their indices."""

TOYS = ("mug", "mushroom", "house", "pine", "car", "rocket", "snowman", "chair", "duck", "lamp")
FACTORS = ("azimuth", "elevation", "size", "position", "hue", "light", "backdrop", "ground")
