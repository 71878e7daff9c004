"""Ray-marched images of a toy on the ground in front of a backdrop, lit by the sky and by a sun."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from biggan_directions.toybox.factors import (
    ACCENT,
    AZIMUTH_AT,
    DARK,
    ELEVATION_AT,
    GROUND_RGB,
    MAIN,
    PALE,
    POSITION_AT,
    SIZE_AT,
    SKY_RGB,
    SUN,
    TOY,
)
from biggan_directions.toybox.toys import CENTRE_Y, RADIUS, distance, length

CAMERA_DISTANCE = 6.2
LOOK_AT_Y = 0.8
FOCAL_LENGTH = 4.1
AMBIENT = 0.14
SKYLIGHT = 0.32
SUNLIGHT = 1.5


@njit(fastmath=True)
def _march(toy, x, y, z, dx, dy, dz, start, stop):
    """Distance along the ray to the toy (-1 if it misses), and the material there."""
    t = start
    material = 0
    for _ in range(72):
        d, material = distance(toy, x + dx * t, y + dy * t, z + dz * t)
        if d < 0.002:
            return t, material
        t += d * 0.9
        if t > stop:
            break
    return -1.0, material


@njit(fastmath=True)
def _shadow(toy, x, y, z, lx, ly, lz):
    """The share of sunlight that reaches a point, 0 to 1, with a soft edge."""
    b = x * lx + (y - CENTRE_Y) * ly + z * lz
    c = x * x + (y - CENTRE_Y) ** 2 + z * z - (RADIUS + 0.2) ** 2
    inside = b * b - c
    if inside <= 0.0 or -b + math.sqrt(inside) <= 0.0:
        return 1.0
    light = 1.0
    t = max(-b - math.sqrt(inside), 0.02)
    stop = -b + math.sqrt(inside)
    for _ in range(32):
        d, _m = distance(toy, x + lx * t, y + ly * t, z + lz * t)
        light = min(light, 0.5 + 0.5 * 6.0 * d / t)  # half shade at a grazing ray keeps the edge smooth
        if light < 0.02:
            return 0.0
        t += min(max(abs(d), 0.03), 0.15)
        if t > stop:
            break
    light = min(max(light, 0.0), 1.0)
    return light * light * (3.0 - 2.0 * light)


@njit(fastmath=True)
def _occlusion(toy, x, y, z, nx, ny, nz, on_toy):
    """Ambient occlusion of a point: 1 in the open, down to 0.25."""
    closed = 0.0
    weight = 1.0
    for i in range(1, 4):
        reach = 0.1 * i
        d, _m = distance(toy, x + nx * reach, y + ny * reach, z + nz * reach)
        if on_toy:
            d = min(d, y + ny * reach)
        closed += weight * max(reach - d, 0.0)
        weight *= 0.6
    return max(1.0 - 1.5 * closed, 0.25)


@njit(fastmath=True)
def _shade(scene, u, v, out):
    """Linear-light colour of the point (u, v) of the image plane, both in [-1, 1]."""
    toy = int(scene[TOY])
    size = scene[SIZE_AT]
    cos_e, sin_e = math.cos(scene[ELEVATION_AT]), math.sin(scene[ELEVATION_AT])
    cos_a, sin_a = math.cos(scene[AZIMUTH_AT]), math.sin(scene[AZIMUTH_AT])
    eye_y, eye_z = LOOK_AT_Y + CAMERA_DISTANCE * sin_e, CAMERA_DISTANCE * cos_e
    dx, dy, dz = u, v * cos_e - FOCAL_LENGTH * sin_e, -v * sin_e - FOCAL_LENGTH * cos_e
    norm = length(dx, dy, dz)
    dx, dy, dz = dx / norm, dy / norm, dz / norm
    ground = -eye_y / dy if dy < -1e-4 else 1e9
    # into the toy's own frame: shifted, turned, scaled
    x = (cos_a * -scene[POSITION_AT] + sin_a * eye_z) / size
    z = (sin_a * scene[POSITION_AT] + cos_a * eye_z) / size
    y = eye_y / size
    rx, ry, rz = cos_a * dx + sin_a * dz, dy, -sin_a * dx + cos_a * dz
    lx = cos_a * scene[SUN] + sin_a * scene[SUN + 2]
    ly = scene[SUN + 1]
    lz = -sin_a * scene[SUN] + cos_a * scene[SUN + 2]

    b = x * rx + (y - CENTRE_Y) * ry + z * rz
    inside = b * b - (x * x + (y - CENTRE_Y) ** 2 + z * z - RADIUS * RADIUS)
    hit, material = -1.0, 0
    if inside > 0.0:
        root = math.sqrt(inside)
        hit, material = _march(toy, x, y, z, rx, ry, rz, max(-b - root, 0.0), min(-b + root, ground / size))
    fog = 0.0
    if hit > 0.0:
        x, y, z = x + rx * hit, y + ry * hit, z + rz * hit
        e = 0.006
        d1, _m = distance(toy, x + e, y - e, z - e)
        d2, _m = distance(toy, x - e, y - e, z + e)
        d3, _m = distance(toy, x - e, y + e, z - e)
        d4, _m = distance(toy, x + e, y + e, z + e)
        nx, ny, nz = d1 - d2 - d3 + d4, -d1 - d2 + d3 + d4, -d1 + d2 - d3 + d4
        norm = length(nx, ny, nz) + 1e-9
        nx, ny, nz = nx / norm, ny / norm, nz / norm
        x, y, z = x + nx * 0.02, y + ny * 0.02, z + nz * 0.02
        colour = MAIN
        if material == 1:
            colour = PALE
        elif material == 2:
            colour = DARK
        elif material == 3:
            colour = ACCENT
    elif ground < 30.0:
        x, y, z = x + rx * ground / size, 0.002, z + rz * ground / size
        nx, ny, nz = 0.0, 1.0, 0.0
        colour = GROUND_RGB
        far = min(max((ground - 5.6) / 9.0, 0.0), 1.0)
        fog = far * far * (3.0 - 2.0 * far)
    else:
        fog = 1.0
        nx, ny, nz = 0.0, 1.0, 0.0
        colour = SKY_RGB
    direct, open_sky = 0.0, 1.0
    if fog < 1.0:
        direct = max(nx * lx + ny * ly + nz * lz, 0.0)
        if direct > 0.0:
            direct *= _shadow(toy, x, y, z, lx, ly, lz)
        if hit > 0.0 or x * x + z * z < 2.5:
            open_sky = _occlusion(toy, x, y, z, nx, ny, nz, hit > 0.0)
    glow = 0.92 + 0.16 * v  # the backdrop brightens upwards
    for k in range(3):
        light = SUNLIGHT * (1.0 - 0.06 * k) * direct
        light += open_sky * (AMBIENT + SKYLIGHT * (0.5 + 0.5 * ny) * (0.5 + 0.5 * scene[SKY_RGB + k]))
        out[k] = scene[colour + k] * light * (1.0 - fog) + fog * scene[SKY_RGB + k] * glow


@njit(parallel=True, fastmath=True, cache=True)
def _render(scenes, resolution, images):
    fine = 2 * resolution
    for i in prange(scenes.shape[0]):
        samples = np.zeros((fine + 2, fine + 2, 3), np.float32)
        for row in range(fine + 2):
            for column in range(fine + 2):
                _shade(
                    scenes[i],
                    (column - 0.5) / resolution - 1.0,
                    1.0 - (row - 0.5) / resolution,
                    samples[row, column],
                )
        for row in range(resolution):
            for column in range(resolution):
                for k in range(3):
                    total = 0.0
                    for a in range(4):  # a tent filter over 4 × 4 samples, so that edges move smoothly
                        for b in range(4):
                            weight = (1.0 if a == 0 or a == 3 else 3.0) * (1.0 if b == 0 or b == 3 else 3.0)
                            total += weight * min(max(samples[2 * row + a, 2 * column + b, k], 0.0), 1.0)
                    images[i, k, row, column] = np.uint8(255.0 * (total / 64.0) ** (1.0 / 2.2) + 0.5)


def render(scenes: npt.NDArray[np.float32], resolution: int = 64) -> npt.NDArray[np.uint8]:
    """Draw scenes.

    Args:
        scenes: ``(N, NUMBERS)``, from :func:`biggan_directions.toybox.factors.scenes`.
        resolution: pixels along a side.

    Returns:
        ``(N, 3, resolution, resolution)`` uint8, sRGB-like (gamma 2.2).
    """
    images = np.zeros((len(scenes), 3, resolution, resolution), np.uint8)
    _render(np.ascontiguousarray(scenes, np.float32), resolution, images)
    return images
