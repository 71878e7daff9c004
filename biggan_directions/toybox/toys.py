"""The ten toys as signed-distance fields: a point's distance from the surface, and the nearest material.

Toys are numbered as in ``names.TOYS``. Every toy stands on the plane y = 0, faces +x, is about 1.9 high, and
lies inside the ball of radius ``RADIUS`` about (0, ``CENTRE_Y``, 0). None is symmetric about the vertical
axis, so that every rotation is visible.
"""

import math

from numba import njit

RADIUS = 1.3
CENTRE_Y = 0.92

MAIN, PALE, DARK, ACCENT = 0, 1, 2, 3

_shape = njit(fastmath=True, inline="always")
_toy = njit(fastmath=True)


@_shape
def length(x, y, z):
    return math.sqrt(x * x + y * y + z * z)


@_shape
def sphere(x, y, z, radius):
    return length(x, y, z) - radius


@_shape
def ellipsoid(x, y, z, a, b, c):
    """First-order distance to the ellipsoid with half axes a, b, c."""
    scaled = length(x / a, y / b, z / c)
    return scaled * (scaled - 1.0) / (length(x / (a * a), y / (b * b), z / (c * c)) + 1e-9)


@_shape
def box(x, y, z, a, b, c, rounding):
    x, y, z = abs(x) - a + rounding, abs(y) - b + rounding, abs(z) - c + rounding
    outside = length(max(x, 0.0), max(y, 0.0), max(z, 0.0))
    return outside + min(max(x, max(y, z)), 0.0) - rounding


@_shape
def cylinder(x, y, z, radius, half_height, rounding):
    """Upright, about the y axis."""
    across, up = math.sqrt(x * x + z * z) - radius + rounding, abs(y) - half_height + rounding
    return min(max(across, up), 0.0) + math.sqrt(max(across, 0.0) ** 2 + max(up, 0.0) ** 2) - rounding


@_shape
def cone(x, y, z, bottom, top, half_height):
    """Upright capped cone with radius ``bottom`` at -half_height and ``top`` at +half_height."""
    across = math.sqrt(x * x + z * z)
    slope = top - bottom
    cap_x = across - min(across, bottom if y < 0.0 else top)
    cap_y = abs(y) - half_height
    along = ((top - across) * slope + (half_height - y) * 2 * half_height) / (
        slope * slope + 4 * half_height**2
    )
    along = min(max(along, 0.0), 1.0)
    side_x, side_y = across - top + slope * along, y - half_height + 2 * half_height * along
    distance = math.sqrt(min(cap_x * cap_x + cap_y * cap_y, side_x * side_x + side_y * side_y))
    return -distance if side_x < 0.0 and cap_y < 0.0 else distance


@_shape
def ring(x, y, z, radius, thickness):
    """A torus in the xy plane."""
    across = math.sqrt(x * x + y * y) - radius
    return math.sqrt(across * across + z * z) - thickness


@_shape
def rod(x, y, z, ax, ay, az, bx, by, bz, radius):
    """A capsule from a to b."""
    dx, dy, dz = bx - ax, by - ay, bz - az
    along = ((x - ax) * dx + (y - ay) * dy + (z - az) * dz) / (dx * dx + dy * dy + dz * dz)
    along = min(max(along, 0.0), 1.0)
    return length(x - ax - dx * along, y - ay - dy * along, z - az - dz * along) - radius


@_shape
def blend(a, b, width):
    """The union of two shapes with a smooth seam."""
    overlap = max(width - abs(a - b), 0.0) / width
    return min(a, b) - overlap * overlap * width * 0.25


@_shape
def nearer(distance, material, other, other_material):
    """The union of two shapes of different materials."""
    return (other, other_material) if other < distance else (distance, material)


@_toy
def mug(x, y, z):
    wall = max(
        cylinder(x + 0.12, y - 0.66, z, 0.62, 0.66, 0.06), -cylinder(x + 0.12, y - 0.84, z, 0.5, 0.7, 0.02)
    )
    handle = max(ring(x - 0.58, y - 0.68, z, 0.36, 0.1), -cylinder(x + 0.12, y - 0.7, z, 0.5, 0.8, 0.02))
    d, m = blend(wall, handle, 0.06), MAIN
    band = max(cylinder(x + 0.12, y - 0.36, z, 0.635, 0.1, 0.01), -cylinder(x + 0.12, y, z, 0.5, 2.0, 0.0))
    return nearer(d, m, band, PALE)


@_toy
def mushroom(x, y, z):
    d, m = cone(x, y - 0.4, z, 0.3, 0.2, 0.4) - 0.03, PALE
    # the cap leans forwards
    cx, cy = 0.97 * x - 0.24 * (y - 0.95), 0.97 * (y - 0.95) + 0.24 * x
    cap = max(ellipsoid(cx, cy, z, 0.82, 0.7, 0.82), -(cy + 0.06)) - 0.03
    d, m = nearer(d, m, cap, MAIN)
    if m == MAIN:
        spots = min(sphere(cx - 0.55, cy - 0.36, z - 0.3, 0.2), sphere(cx - 0.1, cy - 0.58, z - 0.42, 0.17))
        spots = min(
            spots, min(sphere(cx - 0.3, cy - 0.6, z + 0.28, 0.21), sphere(cx + 0.42, cy - 0.5, z - 0.2, 0.2))
        )
        if min(spots, sphere(cx + 0.15, cy - 0.5, z - 0.75, 0.2)) < 0.0:
            m = PALE
    # a small mushroom in front
    d, m = nearer(d, m, cylinder(x - 0.68, y - 0.18, z - 0.3, 0.085, 0.18, 0.02), PALE)
    small = max(ellipsoid(x - 0.68, y - 0.36, z - 0.3, 0.27, 0.24, 0.27), -(y - 0.34)) - 0.015
    return nearer(d, m, small, ACCENT)


@_toy
def house(x, y, z):
    d, m = box(x, y - 0.5, z, 0.68, 0.5, 0.52, 0.02), PALE
    roof = max(max((y - 0.94) * 0.7 + abs(z) * 0.714 - 0.47, -(y - 0.94)), abs(x) - 0.82)
    d, m = nearer(d, m, roof, MAIN)
    d, m = nearer(d, m, box(x - 0.68, y - 0.33, z + 0.05, 0.035, 0.33, 0.17, 0.01), DARK)  # door
    d, m = nearer(d, m, box(x - 0.08, y - 0.55, abs(z) - 0.52, 0.2, 0.18, 0.03, 0.01), ACCENT)  # windows
    return nearer(d, m, box(x + 0.45, y - 1.48, z - 0.22, 0.12, 0.32, 0.12, 0.01), DARK)  # chimney


@_toy
def pine(x, y, z):
    d, m = cylinder(x, y - 0.2, z, 0.14, 0.22, 0.02), DARK
    tiers = min(cone(x, y - 0.56, z, 0.7, 0.28, 0.25), cone(x, y - 0.98, z, 0.55, 0.18, 0.24))
    d, m = nearer(d, m, min(tiers, cone(x, y - 1.4, z, 0.4, 0.03, 0.28)) - 0.025, MAIN)
    baubles = min(sphere(x - 0.56, y - 0.5, z - 0.3, 0.12), sphere(x - 0.46, y - 0.88, z + 0.2, 0.11))
    baubles = min(
        baubles, min(sphere(x + 0.1, y - 0.5, z - 0.62, 0.12), sphere(x - 0.1, y - 0.92, z - 0.47, 0.11))
    )
    baubles = min(baubles, sphere(x - 0.28, y - 1.3, z - 0.16, 0.1))
    d, m = nearer(d, m, baubles, PALE)
    d, m = nearer(d, m, sphere(x, y - 1.76, z, 0.13), ACCENT)
    gift = box(x - 0.68, y - 0.2, z - 0.34, 0.22, 0.2, 0.2, 0.02)
    return nearer(d, m, gift, ACCENT if abs(x - 0.68) > 0.06 else PALE)


@_toy
def car(x, y, z):
    d, m = box(x, y - 0.5, z, 1.08, 0.26, 0.52, 0.14), MAIN
    cabin = box(x + 0.12, y - 0.92, z, 0.58, 0.27, 0.44, 0.14)
    d, m = nearer(d, m, cabin, PALE if y < 1.08 else MAIN)
    wheels = max(math.sqrt((abs(x) - 0.62) ** 2 + (y - 0.28) ** 2) - 0.28, abs(abs(z) - 0.5) - 0.1)
    d, m = nearer(d, m, wheels - 0.01, DARK)
    hubs = max(math.sqrt((abs(x) - 0.62) ** 2 + (y - 0.28) ** 2) - 0.12, abs(abs(z) - 0.5) - 0.13)
    d, m = nearer(d, m, hubs, PALE)
    return nearer(d, m, sphere(x - 1.03, y - 0.54, abs(z) - 0.32, 0.11), ACCENT)  # headlights


@_toy
def rocket(x, y, z):
    hull = max(ellipsoid(x, y - 1.0, z, 0.42, 0.92, 0.42), -(y - 0.3))
    d, m = hull, MAIN if y > 1.42 or 0.42 < y < 0.58 else PALE
    d, m = nearer(d, m, cone(x, y - 0.22, z, 0.28, 0.2, 0.12), DARK)
    d, m = nearer(d, m, ellipsoid(x - 0.36, y - 1.12, z, 0.12, 0.19, 0.19), DARK)  # window
    side = max(max(abs(x + 0.05) - 0.05, abs(z) - 0.85), max(-y, y - 0.75 + 0.95 * (abs(z) - 0.25)))
    d, m = nearer(d, m, max(side, 0.28 - abs(z)), MAIN)
    back = max(max(abs(z) - 0.05, -x - 0.85), max(-y, y - 0.75 - 0.95 * (x + 0.25)))
    return nearer(d, m, max(back, x + 0.28), ACCENT)


@_toy
def snowman(x, y, z):
    body = blend(sphere(x, y - 0.48, z, 0.54), sphere(x, y - 1.1, z, 0.38), 0.08)
    d, m = blend(body, sphere(x, y - 1.52, z, 0.26), 0.06), PALE
    scarf = min(ring(x, z, y - 1.3, 0.25, 0.1), box(x - 0.38, y - 1.08, z - 0.2, 0.06, 0.24, 0.1, 0.03))
    d, m = nearer(d, m, scarf, MAIN)
    hat = min(cylinder(x, y - 1.72, z, 0.34, 0.03, 0.01), cylinder(x, y - 1.88, z, 0.22, 0.17, 0.02))
    d, m = nearer(d, m, hat, MAIN)
    nose = cone(y - 1.5, x - 0.4, z, 0.075, 0.01, 0.2)
    d, m = nearer(d, m, nose, ACCENT)
    marks = min(sphere(x - 0.22, y - 1.59, abs(z) - 0.1, 0.05), sphere(x - 0.38, y - 1.08, z, 0.05))
    d, m = nearer(d, m, min(marks, sphere(x - 0.53, y - 0.62, z, 0.06)), DARK)
    arm = rod(x, y, abs(z), 0.05, 1.15, 0.3, 0.22, 1.36, 0.86, 0.045)
    return nearer(d, m, arm, DARK)


@_toy
def chair(x, y, z):
    d, m = box(x, y - 0.74, z, 0.54, 0.07, 0.54, 0.04), MAIN
    d, m = nearer(d, m, box(x + 0.49, y - 1.28, z, 0.07, 0.56, 0.54, 0.05), MAIN)
    d, m = nearer(d, m, cylinder(abs(x) - 0.45, y - 0.36, abs(z) - 0.45, 0.075, 0.36, 0.01), DARK)
    return nearer(d, m, box(x - 0.04, y - 0.86, z, 0.44, 0.08, 0.44, 0.06), PALE)


@_toy
def duck(x, y, z):
    trunk = blend(ellipsoid(x + 0.02, y - 0.5, z, 0.76, 0.5, 0.56), sphere(x + 0.7, y - 0.78, z, 0.11), 0.45)
    d, m = blend(trunk, sphere(x - 0.42, y - 1.24, z, 0.38), 0.18), MAIN
    d, m = nearer(d, m, ellipsoid(x - 0.86, y - 1.16, z, 0.24, 0.08, 0.18), ACCENT)  # bill
    d, m = nearer(d, m, sphere(x - 0.66, y - 1.37, abs(z) - 0.22, 0.075), DARK)
    return nearer(d, m, ellipsoid(x + 0.1, y - 0.58, abs(z) - 0.53, 0.42, 0.26, 0.11), PALE)  # wings


@_toy
def lamp(x, y, z):
    d, m = cylinder(x + 0.3, y - 0.08, z, 0.44, 0.08, 0.03), MAIN
    arm = rod(x, y, z, -0.3, 0.1, 0.0, -0.55, 0.92, 0.0, 0.065)
    arm = min(arm, rod(x, y, z, -0.55, 0.92, 0.0, 0.22, 1.62, 0.0, 0.065))
    d, m = nearer(d, m, min(arm, sphere(x + 0.55, y - 0.92, z, 0.11)), DARK)
    # the shade hangs at the arm's end, tilted outwards
    hx, hy = 0.87 * (x - 0.42) + 0.5 * (y - 1.38), 0.87 * (y - 1.38) - 0.5 * (x - 0.42)
    shade = max(cone(hx, hy, z, 0.5, 0.16, 0.3), -cone(hx, hy + 0.05, z, 0.44, 0.1, 0.3))
    d, m = nearer(d, m, shade, MAIN)
    return nearer(d, m, sphere(hx, hy + 0.14, z, 0.19), PALE)  # bulb


@njit(fastmath=True)
def distance(toy, x, y, z):
    """Signed distance of an object-space point to toy number ``toy``, and the nearest material."""
    if toy == 0:
        return mug(x, y, z)
    if toy == 1:
        return mushroom(x, y, z)
    if toy == 2:
        return house(x, y, z)
    if toy == 3:
        return pine(x, y, z)
    if toy == 4:
        return car(x, y, z)
    if toy == 5:
        return rocket(x, y, z)
    if toy == 6:
        return snowman(x, y, z)
    if toy == 7:
        return chair(x, y, z)
    if toy == 8:
        return duck(x, y, z)
    return lamp(x, y, z)
