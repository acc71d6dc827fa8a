"""A municipality's colour on its pages: only what can be read is taken, and each shade is as light as ours is.

Contrast is a matter of luminance alone (WCAG 2.2, "relative luminance"). So every shade of the theme is made anew in
the municipality's hue with the luminance that the theme's own has: what can be read in our colour can be in theirs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache

DEFAULT = "#0b5563"
LEAST_CONTRAST = 4.5
"""White words on the colour, and the colour's words on white (WCAG 2.2, 1.4.3)."""

LIGHT: Mapping[str, str] = {
    "background-tinted": "#f0f4f5",
    "surface-tinted": "#e1eaec",
    "surface-hover": "#cedde0",
    "surface-active": "#b9ced2",
    "border-subtle": "#a5c0c6",
    "border-default": "#4a818b",
    "border-strong": "#236672",
    "text-subtle": "#236672",
    "text-default": "#063038",
    "base-default": "#0b5563",
    "base-hover": "#08414c",
    "base-active": "#062f36",
}
"""The theme's own shades, as shared/web/static/face.css has them; white and black stay. A test compares."""
DARK: Mapping[str, str] = {
    "background-tinted": "#112226",
    "surface-default": "#152b30",
    "surface-tinted": "#183137",
    "surface-hover": "#1c3a40",
    "surface-active": "#244850",
    "border-subtle": "#2d565f",
    "border-default": "#69868d",
    "border-strong": "#97abb0",
    "text-subtle": "#97abb0",
    "text-default": "#e9edee",
    "base-default": "#84a9b1",
    "base-hover": "#68969e",
    "base-active": "#4c828c",
}

_HEX = re.compile(r"#[0-9a-f]{6}\Z")
_Channels = tuple[float, float, float]


def parse_accent(written: str) -> str | None:
    """The colour as ``#rrggbb``, or None where it is none; three digits and a missing # are understood."""
    found = "#" + written.strip().lower().removeprefix("#")
    if len(found) == 4:
        found = "#" + "".join(sign * 2 for sign in found[1:])
    return found if _HEX.match(found) else None


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    return _luminance(_linear(colour))


def is_readable(colour: str) -> bool:
    """True where white words can be read on it."""
    return contrast(colour, "#ffffff") >= LEAST_CONTRAST


def nearest_readable(colour: str) -> str:
    """The colour itself where it can be read, else the lightest darker one of its hue that can."""
    if is_readable(colour):
        return colour
    wanted = 1.05 / LEAST_CONTRAST - 0.05
    while not is_readable(found := _shade(colour, wanted, 1.0)):
        wanted -= 0.001
    return found


def scales(accent: str) -> tuple[dict[str, str], dict[str, str]]:
    """Every shade of the theme in that colour: for light pages and for dark ones."""
    light = {name: _like(accent, shade) for name, shade in LIGHT.items()}
    darker = luminance(accent) / luminance(LIGHT["base-default"])
    light["base-default"] = accent
    for name in ("base-hover", "base-active"):
        # As much darker than the colour as ours is than our own.
        light[name] = _shade(accent, min(1.0, luminance(LIGHT[name]) * darker), 1.0)
    return light, {name: _like(accent, shade) for name, shade in DARK.items()}


@lru_cache(maxsize=256)
def style_sheet(accent: str) -> str:
    """The sheet that gives a page the municipality's colour, and changes nothing else."""
    light, dark = (_declarations(scale) for scale in scales(accent))
    return f":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


def _declarations(scale: Mapping[str, str]) -> str:
    return ";".join(f"--ds-color-accent-{name}:{shade}" for name, shade in scale.items())


def _like(accent: str, shade: str) -> str:
    """The accent's hue with the luminance of that shade, and as much less colourful as the shade is than our own."""
    own = _oklab(_linear(DEFAULT))
    theirs = _oklab(_linear(shade))
    return _shade(accent, luminance(shade), math.hypot(*theirs[1:]) / math.hypot(*own[1:]))


def _shade(accent: str, wanted: float, colourfulness: float) -> str:
    """The accent's hue with that luminance; less colourful where no screen can show it."""
    _, a, b = _oklab(_linear(accent))
    for step in range(21):
        share = colourfulness * (1 - step / 20)
        low, high = 0.0, 1.0
        for _ in range(30):
            middle = (low + high) / 2
            too_dark = _luminance(_from_oklab((middle, a * share, b * share))) < wanted
            low, high = (middle, high) if too_dark else (low, middle)
        channels = _from_oklab((high, a * share, b * share))
        if all(-0.0005 <= channel <= 1.0005 for channel in channels):
            break
    return "#" + "".join(f"{_encoded(channel):02x}" for channel in channels)


def _luminance(channels: _Channels) -> float:
    red, green, blue = channels
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(colour: str) -> _Channels:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _decoded(red), _decoded(green), _decoded(blue)


def _decoded(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _encoded(channel: float) -> int:
    channel = min(1.0, max(0.0, channel))
    value = channel * 12.92 if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055
    return round(value * 255)


# OKLab: lightness and two axes of colour in which a hue stays the same hue as it gets lighter.
def _oklab(channels: _Channels) -> _Channels:
    red, green, blue = channels
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _from_oklab(lab: _Channels) -> _Channels:
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
