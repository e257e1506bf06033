"""Sounds that carry no notice: speech in many voices, phrases that nearly are one, music, noise.

Speech needs the program espeak-ng; everything else is made here. All of it is mono, at 22,050 Hz.
"""

import subprocess
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float32]
Maker = Callable[[int], tuple[str, Wave]]

RATE: Final = 22_050
SECONDS: Final = 24.0  # of one sound: as much as is listened to
VOICES: Final = ("", "+m3", "+m1", "+m5", "+f2", "+f4", "+Annie", "+max", "+klatt4", "+croak")
LANGUAGES: Final = (
    *("kk", "ru", "en-gb", "en-us", "ky", "tt", "uz", "tr", "az", "uk", "bg", "de", "fr", "es"),
    *("it", "pt", "pl", "cs", "fi", "hu", "ka", "hy", "fa", "ar", "hi", "cmn", "ja", "ko", "vi"),
)
TEXTS: Final = {
    "kk": (
        "Бүгін ауа райы жақсы болады. Қазақстан Республикасының Парламенті заң қабылдады. "
        "Балалар мектепке барды, ал ата-аналары жұмысқа кетті. "
        "Жасанды интеллект туралы заң жобасы талқыланды. "
    ),
    "ru": (
        "Сегодня в столице облачно, местами дождь. Парламент принял закон в первом чтении. "
        "Дети пошли в школу, а родители на работу. Искусственный интеллект обсуждали учёные. "
    ),
    "en": (
        "The weather will be fine today, with some rain in the north. Parliament has passed the "
        "bill. Scientists have been talking about artificial intelligence for many years. "
    ),
}
NEARLY: Final = {  # phrases that share words with the notice, and are none
    "kk": (
        "Жасанды интеллект жүйесі туралы заң қабылданды",
        "Интеллект жүйесін адам жасаған",
        "Жасанды гүлдерді шебер жасаған",
        "Бұл жүйені өзгерткен инженер",
        "Жасанды жолмен жасалған интеллектуалды жүйе",
    ),
    "ru": (
        "Создано командой инженеров института",
        "Система искусственного интеллекта создана учёными",
        "Изменено редактором, создано автором",
        "Созданы системы искусственного орошения полей",
        "Работа с системой искусственного интеллекта требует внимания",
    ),
    "en-gb": (
        "Created by an artist with an intelligent system",
        "An artificial intelligence system was described",
        "Modified by an artificial lake",
    ),
}


def spoken(text: str, *options: str) -> Wave:
    """Return what espeak-ng says, repeated or cut to the length of one sound."""
    done = subprocess.run(
        ["espeak-ng", *options, "--stdout", text], capture_output=True, check=True
    )
    wave = np.frombuffer(done.stdout[44:], "<i2").astype(np.float32) / 32768
    return np.resize(wave, int(SECONDS * RATE))


def speeches(number: int) -> tuple[str, Wave]:
    """Return one of very many speeches, and what it is."""
    rng = np.random.default_rng(number)
    language = LANGUAGES[number % len(LANGUAGES)]
    voice = VOICES[int(rng.integers(len(VOICES)))]
    text = TEXTS.get(language[:2], TEXTS["ru" if rng.integers(2) else "en"])
    sentences = [one for one in text.split(". ") if one.strip()]
    said = ". ".join(rng.choice(sentences, 6)) + "."
    speed, pitch = int(rng.integers(110, 240)), int(rng.integers(15, 90))
    name = f"{language}{voice} {speed} wpm, pitch {pitch}"
    options = ("-v", language + voice, "-s", str(speed), "-p", str(pitch))
    return name, spoken(said, *options)


def near_misses(number: int) -> tuple[str, Wave]:
    """Return phrases of the notice's own words, in the notice's own voice or another."""
    rng = np.random.default_rng(number)
    language = list(NEARLY)[number % len(NEARLY)]
    voice = VOICES[1] if rng.integers(2) else VOICES[int(rng.integers(len(VOICES)))]
    speed = 145 if rng.integers(2) else int(rng.integers(120, 180))
    said = ". ".join(rng.permutation(NEARLY[language])) + "."
    options = ("-v", language + voice, "-s", str(speed), "-p", "46", "-g", "1")
    return f"{language}{voice} {speed} wpm, near miss", spoken(said, *options)


def music(number: int) -> tuple[str, Wave]:
    """Return notes of many kinds: plucked, held, gliding, with drums, over chords."""
    rng = np.random.default_rng(number)
    size = int(SECONDS * RATE)
    time, wave = np.arange(size) / RATE, np.zeros(size)
    beat = float(rng.uniform(0.12, 0.6))
    decay, glide = float(rng.uniform(0.5, 8)), float(rng.choice([0, 0, 0.5, 2]))
    for start in np.arange(0, SECONDS - 0.1, beat):
        here = slice(int(start * RATE), int(min(SECONDS, start + 3 * beat) * RATE))
        local = time[here] - start
        base = 55 * 2 ** (int(rng.integers(0, 60)) / 12)
        for harmonic in range(1, int(rng.integers(2, 9))):
            phase = 2 * np.pi * base * harmonic * (local + glide * local**2 / 2)
            wave[here] += np.sin(phase) / harmonic**1.3 * np.exp(-decay * local)
        if rng.integers(3) == 0:
            wave[here] += rng.standard_normal(local.size) * np.exp(-40 * local) * 0.7
    return f"music {number}", _at_level(wave, rng)


def noises(number: int) -> tuple[str, Wave]:
    """Return noise of some colour, hum, bursts, or sweeps."""
    rng = np.random.default_rng(number)
    size = int(SECONDS * RATE)
    time = np.arange(size) / RATE
    spectrum = np.fft.rfft(rng.standard_normal(size))
    colour = float(rng.uniform(-2, 1))
    wave = np.fft.irfft(spectrum * np.maximum(1, np.arange(spectrum.size)) ** (colour / 2), size)
    wave /= wave.std()
    wave *= 1 + float(rng.uniform(0, 1)) * np.sin(2 * np.pi * float(rng.uniform(0.2, 8)) * time)
    if rng.integers(2):
        period = float(rng.uniform(0.2, 2))
        low, high = sorted(rng.uniform(100, 4000, 2))
        local = time % period
        wave += 2 * np.sin(2 * np.pi * (low * local + (high - low) * local**2 / 2 / period))
    return f"noise {number}", _at_level(wave, rng)


MAKERS: Final = (speeches, near_misses, speeches, music, noises, speeches, near_misses, music)


def numbered(numbers: range) -> Iterator[tuple[str, str, Wave]]:
    """Yield kind, name and sound of each number, kinds in turn."""
    for number in numbers:
        maker = MAKERS[number % len(MAKERS)]
        yield maker.__name__.replace("_", " "), *maker(number)


def _at_level(wave: NDArray[np.float64], rng: np.random.Generator) -> Wave:
    peak = float(np.abs(wave).max()) or 1.0
    return (wave / peak * 10 ** (float(rng.uniform(-40, 0)) / 20)).astype(np.float32)
