"""What the toybox draws: its ten classes and its eight factors, in the order of their numbers."""

TOYS = ("mug", "mushroom", "house", "pine", "car", "rocket", "snowman", "chair", "duck", "lamp")
FACTORS = ("azimuth", "elevation", "size", "position", "hue", "light", "backdrop", "ground")
