"""Spoken words for testdata/keywords and testdata/spoken: espeak-ng speaks them, numpy makes them hard.

Everything is mono, float64 in [-1,1], RATE samples a second, CLIP samples long.
Training and test voices differ: no voice variant, and none of its family (Gene
and Gene2, steph to steph3), is on both sides.
"""

import io
import multiprocessing
import os
import subprocess
import wave
from concurrent.futures import ThreadPoolExecutor

import numpy as np

RATE, CLIP = 16000, 16000
WORDS = "yes no up down left right on off stop go".split()
CLASSES = sorted(WORDS + ["silence"])   # the order of their folders

ACCENTS = "en-us en-gb en-gb-scotland en-gb-x-rp en-gb-x-gbclan en-gb-x-gbcwmd en-029 en-us-nyc".split()
TRAIN_VOICES = """Alex Alicia Andrea Annie AnxiousAndy Diogo Henrique Hugo Jacky Lee Marco Mario Mike
    Nguyen RicishayMax Storm Tweaky adam anika antonio aunty benjamin boris caleb david ed f1 f3 f4
    grandpa gustave iven iven3 john kaukovalta klatt klatt2 klatt4 m1 m2 m4 m5 m7 marcelo max miguel
    norbert pablo paul quincy rob sandro shelby zac""".split()
TEST_VOICES = """f2 f5 m3 m6 m8 Andy Denis Gene Gene2 belinda edward edward2 grandma linda Michael
    michel pedro robert steph steph2 steph3 travis victor""".split()


# ---- speech --------------------------------------------------------------

def resample(x, n):
    """x stretched or squeezed to n samples, its band limited."""
    spec = np.fft.rfft(x)
    out = np.zeros(n // 2 + 1, complex)
    k = min(len(spec), len(out))
    out[:k] = spec[:k]
    return np.fft.irfft(out, n) * (n / len(x))


def speak(job):
    """One word by one voice, at RATE, cut to its sound, peak 1."""
    text, voice, speed, pitch = job
    raw = subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text],
                         check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(raw)) as f:      # to a pipe, the header's length is a guess
        rate, x = f.getframerate(), np.frombuffer(raw[44:len(raw) & ~1], "<i2") / 32768.0
    loud = np.flatnonzero(np.abs(x) > 0.02 * np.abs(x).max())
    x = x[max(0, loud[0] - 200):loud[-1] + 400]
    x = resample(x, len(x) * RATE // rate)
    return x / np.abs(x).max()


def utterances(rng, voices, each, classes):
    """For each class but silence, each spoken words: {class: [samples]}."""
    jobs, owner = [], []
    for name in classes:
        for i in range(0 if name == "silence" else each):
            voice = "%s+%s" % (rng.choice(ACCENTS), voices[(i * 7 + i // len(voices)) % len(voices)])
            jobs.append((name, voice, int(rng.integers(120, 230)), int(rng.integers(20, 85))))
            owner.append(name)
    with ThreadPoolExecutor(2) as pool:
        spoken = list(pool.map(speak, jobs))
    out = {name: [] for name in classes}
    for name, x in zip(owner, spoken):
        out[name].append(x)
    return out


# ---- the room, the microphone, the noise ----------------------------------

def echo(rng, x):
    """x in a room: an exponentially decaying noise as impulse response."""
    decay = rng.uniform(0.1, 0.5)      # seconds to -60 dB
    n = int(decay * RATE)
    h = rng.normal(0, 1, n) * 10 ** (-3 * np.arange(n) / n)
    h *= 10 ** (rng.uniform(-18, 0) / 20) / np.sqrt((h ** 2).sum())
    h[0] += 1
    size = 1 << 15   # more than len(x) + n, and quick
    return np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(h, size), size)[:CLIP]


def tilt(rng, x):
    """A microphone that favours low or high frequencies, up to 4 dB an octave."""
    f = np.fft.rfftfreq(len(x), 1 / RATE)
    gain = (np.maximum(f, 60) / 1000) ** (rng.uniform(-4, 4) / 6.02)
    return np.fft.irfft(np.fft.rfft(x) * gain, len(x))


def noise(rng, babble):
    """A clip of noise of power 1: coloured, hum, a machine, or the words of babble all at once."""
    kind = rng.integers(4)
    f = np.fft.rfftfreq(CLIP, 1 / RATE)
    if kind == 3:
        x = np.zeros(CLIP)
        for w in babble:
            at = rng.integers(CLIP)
            x += rng.uniform(0.3, 1) * np.roll(np.pad(w, (0, max(0, CLIP - len(w))))[:CLIP], at)
    else:
        spec = rng.normal(0, 1, len(f)) + 1j * rng.normal(0, 1, len(f))
        x = np.fft.irfft(spec * np.maximum(f, 30) ** -rng.uniform(0, 1), CLIP)
        x /= x.std()
        t = np.arange(CLIP) / RATE
        if kind == 1:
            base = (50, 60)[rng.integers(2)]
            x = 0.3 * x + sum(rng.uniform(0, 1) * np.sin(2 * np.pi * (base * k * t + rng.random()))
                              for k in range(1, 9))
        elif kind == 2:
            x *= 1 + 0.9 * np.sin(2 * np.pi * (rng.uniform(3, 25) * t + rng.random()))
    return x / x.std()


def clip(rng, word, babble, snr):
    """One hard recording, int16 [CLIP]; word None gives noise alone. snr: range in dB."""
    background = noise(rng, babble)
    x = np.zeros(CLIP)
    if word is not None:
        word = resample(word, int(len(word) * rng.uniform(0.9, 1.12)))[:CLIP]
        at = rng.integers(-800, max(-799, CLIP - len(word) + 800))   # may lose 50 ms
        a, b = max(0, -at), min(len(word), CLIP - at)
        x[max(0, at):max(0, at) + b - a] = word[a:b]
        if rng.random() < 0.6:
            x = echo(rng, x)
        x = tilt(rng, x)
        power = (x ** 2).sum() / len(word)
        x = x / np.sqrt(power) + background * 10 ** (-rng.uniform(*snr) / 20)
    else:
        x = tilt(rng, background) * 10 ** rng.uniform(-1.5, 0)
        x += rng.normal(0, 0.01, CLIP)
    peak = np.abs(x).max()
    x = x * min(10 ** (rng.uniform(-30, -8) / 20), 0.99 / peak)
    return np.rint(x * 32767).astype("<i2")


def write(path, samples):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with wave.open(path, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(RATE)
        f.writeframes(samples.tobytes())


def make(job):
    """Write one clip."""
    path, seed, word, babble, snr = job
    write(path, clip(np.random.default_rng(seed), word, babble, snr))


def tree(folder, seed, voices, spoken, each, snr, classes=CLASSES):
    """Write each clips a class, made from spoken utterances a class, as folder/CLASS/NUMBER.wav."""
    rng = np.random.default_rng(seed)
    words = utterances(rng, voices, spoken, classes)
    every = [w for name in classes for w in words[name]]
    with multiprocessing.Pool(2) as pool:
        for c, name in enumerate(classes):
            jobs = ((os.path.join(folder, name, "%04d.wav" % i), (seed, c, i),
                     words[name][i % spoken] if words[name] else None,
                     [every[k] for k in rng.integers(len(every), size=5)], snr) for i in range(each))
            for _ in pool.imap(make, jobs, 20):
                pass
