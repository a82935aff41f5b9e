#!/usr/bin/python3
"""Write testdata/frontend: signals, pictures, and what front ends must make of them.

Features are computed here from the published definitions of librosa, torchaudio and tf.signal, none of which is
needed: framing, windows and transforms by numpy in float64 or by torch.stft, mel bands and DCT by hand.

    NAME.npy        inputs: float32 [1, samples] or [1, samples, channels]; picture.npy, uint8 [1, h, w, 3]
    specs.json      list of {name, input, spec}
    NAME.out.npy    float32 [1, ...]: what the case of that name gives
"""
import json
import os

import numpy as np
import torch
from PIL import Image

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "frontend")
RATE = 16000


def signals():
    rng = np.random.default_rng(7)
    t = np.arange(8000) / RATE
    chirp = 0.6 * np.sin(2 * np.pi * (100 * t + 0.5 * 14000 * t * t)) + 0.01 * rng.standard_normal(t.size)
    clicks = np.zeros(8000)
    clicks[[5, 1234, 4000, 7998]] = [1, -0.5, 0.9, -1]
    s = np.arange(400) / 100
    series = np.stack([9.81 + 0.3 * np.sin(2 * np.pi * 5 * s), 2 * rng.standard_normal(400), np.cumsum(rng.standard_normal(400))], 1)
    out = dict(chirp=chirp, noise=0.2 * rng.standard_normal(8000), clicks=clicks, silence=np.zeros(8000), series=series,
               short=0.3 * rng.standard_normal(5000))
    return {k: v.astype(np.float32) for k, v in out.items()}


# --- windows and transforms -------------------------------------------------------------------------------------------

def window(kind, n, symmetric=False):
    d = max(n - 1, 1) if symmetric else n
    a = 2 * np.pi * np.arange(n) / d
    return {"hann": 0.5 - 0.5 * np.cos(a), "hamming": 0.54 - 0.46 * np.cos(a),
            "blackman": 0.42 - 0.5 * np.cos(a) + 0.08 * np.cos(2 * a), "rectangular": np.ones(n)}[kind]


def torch_stft(x, n_fft, hop, win, center, pad_mode="reflect"):
    """torch.stft, and so librosa.stft: a shorter window is padded to n_fft on both sides."""
    r = torch.stft(torch.from_numpy(x.astype(np.float64)), n_fft, hop, len(win), torch.from_numpy(win), center=center,
                   pad_mode=pad_mode, return_complex=True)
    return r.numpy().T


def tf_stft(x, frame, step, fft, win, pad_end=False):
    """tf.signal.stft: frames of frame_length, zeros behind them up to fft_length."""
    x = x.astype(np.float64)
    n = -(-len(x) // step) if pad_end else 1 + (len(x) - frame) // step
    x = np.pad(x, (0, max(0, (n - 1) * step + frame - len(x))))
    return np.fft.rfft(np.stack([x[i * step:i * step + frame] * win for i in range(n)]), fft)


# --- mel bands --------------------------------------------------------------------------------------------------------

def htk(f): return 2595 * np.log10(1 + np.asarray(f, float) / 700)
def htk_inv(m): return 700 * (10 ** (np.asarray(m) / 2595) - 1)


def slaney(f):
    f = np.asarray(f, float)
    return np.where(f < 1000, f * 3 / 200, 15 + 27 * np.log(np.maximum(f, 1) / 1000) / np.log(6.4))


def slaney_inv(m):
    m = np.asarray(m, float)
    return np.where(m < 15, m * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (m - 15)))


def mel_hz(n_fft, mels, low, high, to, back, norm=False):
    """librosa.filters.mel and torchaudio.functional.melscale_fbanks, transposed: [bins, mels]."""
    e = back(np.linspace(to(low), to(high), mels + 2))
    f = np.arange(n_fft // 2 + 1)[:, None] * RATE / n_fft
    w = np.maximum(0, np.minimum((f - e[:-2]) / (e[1:-1] - e[:-2]), (e[2:] - f) / (e[2:] - e[1:-1])))
    return w * (2 / (e[2:] - e[:-2])) if norm else w


def mel_tf(n_fft, mels, low, high):
    """tf.signal.linear_to_mel_weight_matrix: triangles in mel, no weight for frequency 0."""
    m = lambda f: 1127 * np.log(1 + np.asarray(f) / 700)
    e = np.linspace(m(low), m(high), mels + 2)
    f = m(np.linspace(0, RATE / 2, n_fft // 2 + 1))[1:, None]
    w = np.maximum(0, np.minimum((f - e[:-2]) / (e[1:-1] - e[:-2]), (e[2:] - f) / (e[2:] - e[1:-1])))
    return np.pad(w, ((1, 0), (0, 0)))


# --- logarithms and cepstra -------------------------------------------------------------------------------------------

def power_to_db(s, amin=1e-10, top_db=None, ref_max=False):
    d = 10 * np.log10(np.maximum(s, amin))
    if ref_max:
        d -= 10 * np.log10(max(amin, s.max()))
    return np.maximum(d, d.max() - top_db) if top_db else d


def dct2(x, n, ortho=True):
    """DCT-II over the last axis: orthonormal, or by HTK's scaling, as tf.signal.mfccs_from_log_mel_spectrograms."""
    size = x.shape[-1]
    k, i = np.arange(n)[:, None], np.arange(size)[None]
    basis = np.cos(np.pi / size * (i + 0.5) * k) * np.sqrt(2 / size)
    if ortho:
        basis[0] /= np.sqrt(2)
    return x @ basis.T


def lifter(x, n):
    return x * (1 + n / 2 * np.sin(np.pi * np.arange(1, x.shape[-1] + 1) / n))


def statistics(x):
    """All statistics of [n, channels], one row a channel."""
    m, sd = x.mean(0), x.std(0)
    d = x - m
    steps = len(x) - 1
    return np.stack([
        m, sd, x.min(0), x.max(0), np.ptp(x, 0), np.sqrt((x * x).mean(0)), abs(x).max(0) / np.sqrt((x * x).mean(0)),
        (d ** 3).mean(0) / sd ** 3, (d ** 4).mean(0) / sd ** 4 - 3, abs(x).mean(0), abs(np.diff(x, axis=0)).mean(0),
        (np.diff(x >= 0, axis=0) != 0).sum(0) / steps, (np.diff(x >= m, axis=0) != 0).sum(0) / steps,
    ], 1).ravel()


STATISTICS = ["mean", "std", "min", "max", "peak-to-peak", "rms", "crest", "skewness", "kurtosis", "mean-abs",
              "mean-abs-diff", "zero-crossings", "mean-crossings"]


def cases(sig):
    base = dict(sampleRate=RATE, length=8000)
    keyword = dict(kind="logmel", **base, frame=400, hop=160, fft=512, power=2, mels=40, lowHz=20, highHz=7600, melScale="htk",
                   log="ln", offset=1e-6)
    hann400 = window("hann", 400)

    def logmel(x):
        return np.log(abs(tf_stft(x, 400, 160, 512, hann400)) ** 2 @ mel_hz(512, 40, 20, 7600, htk, htk_inv) + 1e-6)

    for name in ("chirp", "noise", "clicks", "silence"):
        yield f"logmel_{name}", keyword, name, logmel(sig[name])
    yield "logmel_short", keyword, "short", logmel(np.pad(sig["short"], (0, 3000)))
    yield "logmel_features_first", dict(keyword, layout="feature-major", mean=[-2], std=[3]), "chirp", (logmel(sig["chirp"]).T + 2) / 3

    # librosa.stft's defaults but for sizes; a window shorter than n_fft; torch's reflection.
    yield "stft_librosa", dict(kind="stft", **base, frame=512, hop=128, fft=512, power=1, padding="zero"), "clicks", \
        abs(torch_stft(sig["clicks"], 512, 128, window("hann", 512), True, "constant"))
    yield "stft_torch_window", dict(kind="stft", **base, frame=400, hop=200, fft=512, power=2, padding="reflect", window="hamming"), "chirp", \
        abs(torch_stft(sig["chirp"], 512, 200, window("hamming", 400), True)) ** 2
    yield "stft_torch_no_center", dict(kind="stft", **base, frame=300, hop=200, fft=480, power=1, align="middle", window="blackman", symmetric=True), \
        "noise", abs(torch_stft(sig["noise"], 480, 200, window("blackman", 300, True), False))
    # tf.signal.stft.
    yield "stft_tf_pad_end", dict(kind="stft", **base, frame=255, hop=128, fft=256, power=1, padding="end", symmetric=True), "chirp", \
        abs(tf_stft(sig["chirp"], 255, 128, 256, window("hann", 255, True), True))  # tf's window is symmetric for odd lengths
    yield "stft_400_db", dict(kind="stft", **base, frame=400, hop=400, fft=400, power=1, window="rectangular", log="db", floor=1e-5), "noise", \
        20 * np.log10(np.maximum(1e-5, abs(tf_stft(sig["noise"], 400, 400, 400, np.ones(400)))))

    # librosa.feature.melspectrogram and power_to_db(ref=np.max).
    libro = abs(torch_stft(sig["chirp"], 1024, 256, window("hann", 1024), True, "constant")) ** 2 @ \
        mel_hz(1024, 64, 0, 8000, slaney, slaney_inv, True)
    yield "logmel_librosa", dict(kind="logmel", **base, frame=1024, hop=256, fft=1024, power=2, padding="zero", mels=64, melScale="slaney",
                                 melNorm="slaney", log="db", floor=1e-10, topDB=80, refMax=True), "chirp", power_to_db(libro, 1e-10, 80, True)
    # torchaudio.transforms.MelSpectrogram and AmplitudeToDB: n_fft 400.
    audio = abs(torch_stft(sig["clicks"], 400, 200, hann400, True)) ** 2 @ mel_hz(400, 32, 0, 8000, htk, htk_inv)
    yield "logmel_torchaudio", dict(kind="logmel", **base, frame=400, hop=200, fft=400, power=2, padding="reflect", mels=32, melScale="htk",
                                    log="db", floor=1e-10, topDB=80), "clicks", power_to_db(audio, 1e-10, 80)
    # TensorFlow's tutorial: magnitudes, bands in mel, log(x + 1e-6), cepstra by HTK's scaling.
    tf_mel = abs(tf_stft(sig["chirp"], 480, 160, 512, window("hann", 480))) @ mel_tf(512, 40, 80, 7600)
    tf_spec = dict(**base, frame=480, hop=160, fft=512, power=1, mels=40, lowHz=80, highHz=7600, melScale="htk", melSlopes="mel")
    yield "mel_tf", dict(kind="logmel", **tf_spec, log="none"), "chirp", tf_mel
    yield "mfcc_tf", dict(kind="mfcc", **tf_spec, log="ln", offset=1e-6, coefficients=13, dct="htk"), "chirp", dct2(np.log(tf_mel + 1e-6), 13, False)
    # librosa.feature.mfcc with a lifter, of a pre-emphasised signal.
    x = sig["noise"].astype(np.float64)
    x = np.concatenate([x[:1], x[1:] - 0.97 * x[:-1]])
    mel = abs(torch_stft(x, 512, 160, window("hann", 512), True)) ** 2 @ mel_hz(512, 40, 50, 8000, slaney, slaney_inv, True)
    yield "mfcc_librosa", dict(kind="mfcc", **base, preEmphasis=0.97, frame=512, hop=160, fft=512, power=2, padding="reflect", mels=40, lowHz=50,
                               melScale="slaney", melNorm="slaney", log="db", floor=1e-10, topDB=80, coefficients=20, lifter=22), "noise", \
        lifter(dct2(power_to_db(mel, 1e-10, 80), 20), 22)
    yield "logmel_log10", dict(keyword, offset=0, floor=1e-3, log="log10", window="hamming"), "chirp", \
        np.log10(np.maximum(1e-3, abs(tf_stft(sig["chirp"], 400, 160, 512, window("hamming", 400))) ** 2 @ mel_hz(512, 40, 20, 7600, htk, htk_inv)))

    # Series of three channels.
    s = sig["series"].astype(np.float64)
    yield "window_raw", dict(kind="window", length=400, channels=3, scale=0.5, mean=[4, 0, 1], layout="feature-major"), "series", \
        (s * 0.5 - [4, 0, 1]).T
    yield "window_frames", dict(kind="window", length=400, channels=3, frame=100, hop=50, window="hann"), "series", \
        np.stack([(s[i * 50:i * 50 + 100] * window("hann", 100)[:, None]).T.ravel() for i in range(7)])
    yield "statistics", dict(kind="statistics", length=400, channels=3, frame=128, hop=64, statistics=STATISTICS), "series", \
        np.stack([statistics(s[i * 64:i * 64 + 128]) for i in range(5)])
    yield "statistics_whole", dict(kind="statistics", length=400, channels=3, statistics=STATISTICS), "series", statistics(s)[None]
    yield "stft_channels", dict(kind="stft", sampleRate=100, length=400, channels=3, frame=64, hop=32, fft=64, power=2, log="ln", offset=1e-3), "series", \
        np.concatenate([np.log(abs(tf_stft(s[:, c], 64, 32, 64, window("hann", 64))) ** 2 + 1e-3) for c in range(3)], 1)


# --- pictures ---------------------------------------------------------------------------------------------------------

def pictures():
    rng = np.random.default_rng(8)
    y, x = np.mgrid[0:60, 0:97]
    pic = np.stack([(x * 2.6), (y * 4.2), 127 + 90 * np.sin(x * y / 300)], 2) + rng.normal(0, 20, (60, 97, 3))
    return np.clip(pic, 0, 255).astype(np.uint8)


def resize(im, w, h):
    return im.resize((w, h), Image.BILINEAR)


def picture_cases(pic):
    im = Image.fromarray(pic)
    w, h = im.size
    base = dict(kind="picture", layout="nhwc", width=32, height=32, channels=3)
    rgb = np.array(resize(im, 32, 32)).astype(np.float32)
    yield "squash", dict(base, resize="squash"), rgb
    yield "bgr", dict(base, resize="squash", order="bgr", mean=[103.94, 116.78, 123.68], std=[58]), (rgb[..., ::-1] - [103.94, 116.78, 123.68]) / 58
    yield "nchw", dict(base, resize="squash", layout="nchw", scale=1 / 255, mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]), \
        ((rgb / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).transpose(2, 0, 1)
    yield "grey", dict(base, resize="squash", channels=1), np.array(resize(im.convert("L"), 32, 32)).astype(np.float32)[..., None]

    def cover(size, side):  # torchvision's Resize(size) and CenterCrop(side)
        big = resize(im, int(size * w / h), size)
        left, top = int(round((big.width - side) / 2.0)), int(round((big.height - side) / 2.0))
        return np.array(big.crop((left, top, left + side, top + side))).astype(np.float32)

    yield "fit_shortest", dict(base, resize="fit-shortest"), cover(32, 32)
    yield "crop", dict(base, resize="fit-shortest", crop=0.8), cover(40, 32)
    box = Image.new("RGB", (32, 32), (114, 114, 114))
    inner = resize(im, 32, round(h * 32 / w))
    box.paste(inner, (0, (32 - inner.height) // 2))
    yield "fit_longest", dict(base, resize="fit-longest", pad=114), np.array(box).astype(np.float32)


def main():
    os.makedirs(OUT, exist_ok=True)
    sig, specs = signals(), []
    for name, x in sig.items():
        np.save(f"{OUT}/{name}.npy", x[None])
    pic = pictures()
    np.save(f"{OUT}/picture.npy", pic[None])
    for name, spec, signal, want in list(cases(sig)) + [("picture_" + n, s, "picture", w) for n, s, w in picture_cases(pic)]:
        specs.append(dict(name=name, input=signal, spec=spec))
        np.save(f"{OUT}/{name}.out.npy", np.ascontiguousarray(want.astype(np.float32))[None])
    with open(f"{OUT}/specs.json", "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(s) for s in specs) + "\n]\n")


main()
