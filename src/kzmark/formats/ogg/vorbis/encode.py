"""Words as packets of a Vorbis stream.

Spec: Vorbis I, 1.3.2 (decode), 4.3 (packets), 4.3.1 (window), 4.3.5 (coupling).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._sound import Samples
from kzmark.formats.ogg.vorbis import floor as floors
from kzmark.formats.ogg.vorbis.bits import Writer, width
from kzmark.formats.ogg.vorbis.residue import Coder
from kzmark.formats.ogg.vorbis.setup import Setup

_ABOVE: Final = 9.0  # how far the loudest lines stand above the floor
_SHARE: Final = 0.8  # part of what the books can tell that is used
_QUIET: Final = 2e-4  # of the loudest line: what is fainter is left out
_LEAST: Final = 1e-6  # of full scale: fainter blocks are silent

Floats = NDArray[np.float32]


def packets(words: Samples, setup: Setup, after: int) -> list[bytes]:
    """Return packets of long blocks that hold the words.

    The first gives no sound: it only begins the overlap. The words end half a block before the
    last one, which is silent, so that nothing laps over into what follows.

    Args:
        words: (frames, channels).
        setup: Of the stream.
        after: Samples of the block of the packet that follows.

    Raises:
        UnsupportedMediaError: If the books of the stream cannot tell sound.
    """
    number, long = _mode(setup)
    size = setup.blocks[long]
    mapping = setup.mappings[setup.modes[number][1]]
    spectra = _spectra(words, size)
    blocks, channels, lines = spectra.shape
    fitters = [
        floors.Fitter(setup.floors[mapping.submaps[one][0]], setup.books, lines)
        for one in mapping.mux
    ]
    coders = [Coder(setup.residues[residue], setup.books) for _, residue in mapping.submaps]
    above = min(_ABOVE, *(coder.reach * _SHARE for coder in coders))
    if above < 1:
        raise UnsupportedMediaError("a Vorbis stream whose books tell only noise")
    told, left = _floors(spectra, fitters, above)
    for one, two in mapping.coupling:
        left[:, one], left[:, two] = _coupled(left[:, one], left[:, two])
    groups = [[c for c in range(channels) if mapping.mux[c] == n] for n in range(len(coders))]
    residues = [
        coder.tell(_rows(left[:, group], coder.residue.kind))
        for coder, group in zip(coders, groups, strict=True)
    ]
    found = []
    for block in range(blocks):
        bits = Writer()
        bits.put(0, 1)
        bits.put(number, width(len(setup.modes) - 1))
        if long:
            bits.put(1, 1)
            bits.put(1 if block + 1 < blocks else int(after == size), 1)
        heard = _write_floors(bits, told[block], fitters, mapping.coupling)
        for coder, group, residue in zip(coders, groups, residues, strict=True):
            rows = [at for at, channel in enumerate(group) if heard[channel]]
            if coder.residue.kind == 2 and rows:
                rows = [0]
            if rows:
                coder.write(residue, block, rows, bits)
        found.append(bits.bytes())
    return found


def _mode(setup: Setup) -> tuple[int, bool]:
    """Return the number of a mode of long blocks, or of any, and whether its blocks are long."""
    for number, (long, _) in enumerate(setup.modes):
        if long:
            return number, True
    return 0, False


def _spectra(words: Samples, size: int) -> Floats:
    """Return (blocks, channels, lines): each block laps over half of the next."""
    half = size // 2
    count = -(-len(words) // half) + 3
    padded = np.zeros(((count + 1) * half, words.shape[1]), np.float32)
    padded[half : half + len(words)] = words
    place = np.arange(size)
    window = np.sin(np.pi / 2 * np.sin(np.pi * (place + 0.5) / size) ** 2)
    turn = np.pi / half * np.outer(place + 0.5 + half / 2, np.arange(half) + 0.5)
    basis = (np.cos(turn) * window[:, None] * (4 / size)).astype(np.float32)
    blocks = np.stack([padded[n * half : n * half + size] for n in range(count)])
    found: Floats = np.einsum("bsc,sl->bcl", blocks, basis, optimize=True).astype(np.float32)
    return found


def _floors(
    spectra: Floats, fitters: list[floors.Fitter], above: float
) -> tuple[list[list[floors.Told | None]], Floats]:
    """Return the floor of each block and channel, nothing for silence, and what stands above."""
    left = np.zeros_like(spectra)
    told: list[list[floors.Told | None]] = []
    loudest = float(np.abs(spectra).max())
    least = max(loudest * _QUIET, 1e-7)
    for block, channels in enumerate(spectra):
        row: list[floors.Told | None] = []
        for channel, lines in enumerate(channels):
            sizes = np.abs(lines)
            if float(sizes.max()) < _LEAST:
                row.append(None)
                continue
            one = fitters[channel].fit(np.maximum(sizes / above, least).astype(np.float32))
            left[block, channel] = lines / one.curve
            row.append(one)
        told.append(row)
    return told, left


def _write_floors(
    bits: Writer,
    told: list[floors.Told | None],
    fitters: list[floors.Fitter],
    coupling: tuple[tuple[int, int], ...],
) -> list[bool]:
    """Write the floors of a block, and return which channels have a residue."""
    heard = []
    for one, fitter in zip(told, fitters, strict=True):
        heard.append(one is not None)
        if one is None:
            bits.put(0, 1)
        else:
            fitter.write(one, bits)
    for one_, two in coupling:
        heard[one_] = heard[two] = heard[one_] or heard[two]
    return heard


def _coupled(one: Floats, two: Floats) -> tuple[Floats, Floats]:
    """Return the larger of two channels, and how far the other is from it."""
    first = np.abs(one) > np.abs(two)
    larger = np.where(first, one, two)
    away = np.where(larger > 0, one - two, two - one)
    return larger, away


def _rows(left: Floats, kind: int) -> Floats:
    """Return the rows that a residue tells: type 2 puts all channels into one, line by line."""
    if kind != 2:
        return left
    return np.ascontiguousarray(left.transpose(0, 2, 1)).reshape(len(left), 1, -1)
