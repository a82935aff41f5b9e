#!/usr/bin/env python3
"""Draw a digit data set from free fonts, train two networks, export them.

    python3 testdata/gen/digits.py                      # testdata/digits
    python3 testdata/gen/digits.py --mnist DIR --out D  # same nets, on MNIST

Without --mnist, 12 000 training and 2 000 test pictures (28x28, uint8, white
on black, like MNIST: the digit 16 to 21 pixels high) are drawn from the fonts
in fonts.py. The test pictures use other font families than the training
pictures. Every picture is scaled, stretched, sheared, rotated, bent, shifted,
thickened or thinned, partly covered or crossed by a line, blurred and made
noisy, all from one seed.

With --mnist DIR, the MNIST test set (t10k-images-idx3-ubyte[.gz] and
t10k-labels-idx1-ubyte[.gz]) is used instead: its first 8 000 pictures, in file
order, train the networks and its last 2 000 test them. Write that to a
directory outside of the repository.

Both modes write the same files to --out:

    mlp.onnx cnn.onnx          the trained networks (see nets.py), opset 13
    test_x.npy test_y.npy      uint8 [2000,28,28], uint8 [2000]
    calib_x.npy calib_y.npy    256 training pictures, class balanced
    mlp_torch.npy cnn_torch.npy  float32 [200,10]: PyTorch's outputs of the
                               first 200 test pictures
    labels.txt                 "0" to "9", one a line
    example_{3,5,7}.png        test pictures
    example_big.jpg            a 112x112 picture of a digit (never seen)
    report.txt                 accuracies, test picture numbers of the examples
    fonts.txt                  the font faces used (not with --mnist)

The training set goes to --work (default: a temporary directory that is
removed). Everything is seeded; PyTorch may still round differently on another
processor or with another number of threads, so a second run gives the same
pictures but perhaps not the same last bits of the weights.
"""

import argparse
import contextlib
import gzip
import math
import os
import tempfile

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

import dataset
import fonts

SEED = 20240611
N_TRAIN, N_TEST, N_CALIB, N_TORCH = 12000, 2000, 256, 200
SS = 4              # pictures are drawn SS times larger, then reduced
SIDE = 28 * SS


# ---- drawing -------------------------------------------------------------

_glyphs = {}


def glyph(path, digit):
    """The digit's mask, cropped to its ink, as an L image."""
    key = path, digit
    if key not in _glyphs:
        m = ImageFont.truetype(path, fonts.GLYPH_PX).getmask(str(digit))
        img = Image.frombytes("L", m.size, bytes(m))
        img = img.crop(img.getbbox())
        # A margin, so that bicubic sampling fades out at the border.
        out = Image.new("L", (img.width + 8, img.height + 8))
        out.paste(img, (4, 4))
        _glyphs[key] = out
    return _glyphs[key]


def place(img, size, stretch, angle, shear, dx, dy):
    """Put a glyph into the middle of a SIDE x SIDE picture.

    size is the longer side of the digit in final pixels; angle and shear are
    in radians; dx, dy in final pixels.
    """
    s = size * SS / (max(img.size) - 8)
    c, n = math.cos(angle), math.sin(angle)
    fwd = (np.array([[c, -n], [n, c]]) @ np.array([[1, math.tan(shear)], [0, 1]])
           @ np.diag([s * stretch, s / stretch]))
    inv = np.linalg.inv(fwd)
    centre = np.array([SIDE / 2 + dx * SS, SIDE / 2 + dy * SS])
    off = np.array(img.size) / 2 - inv @ centre
    data = (inv[0, 0], inv[0, 1], off[0], inv[1, 0], inv[1, 1], off[1])
    return img.transform((SIDE, SIDE), Image.AFFINE, data, Image.BICUBIC)


def bend(img, rng):
    """Shift rows and columns along sine waves."""
    a = np.asarray(img)
    i = np.arange(SIDE)
    for _ in range(2):
        amp = rng.uniform(0, 1.1) * SS
        wave = amp * np.sin(2 * np.pi * (i / (rng.uniform(14, 30) * SS) + rng.random()))
        src = np.clip(i[None, :] + np.rint(wave)[:, None].astype(int), 0, SIDE - 1)
        a = np.take_along_axis(a, src, axis=1).T
    return Image.fromarray(np.ascontiguousarray(a))


def cover(img, rng):
    """Cross the digit with a dark or a bright line, or cover a corner."""
    d = ImageDraw.Draw(img)
    kind = rng.random()
    cx, cy = SIDE / 2 + rng.uniform(-8, 8, 2) * SS
    if kind < 0.75:
        t = rng.uniform(0, math.pi)
        vx, vy = 30 * SS * math.cos(t), 30 * SS * math.sin(t)
        bright = kind < 0.3
        d.line((cx - vx, cy - vy, cx + vx, cy + vy),
               fill=int(rng.uniform(120, 255)) if bright else 0,
               width=int(SS * (rng.uniform(0.7, 1.5) if bright else rng.uniform(1.5, 3.5))))
    else:
        r = rng.uniform(2, 4) * SS
        d.ellipse((cx - r, cy - r, cx + r, cy + r), fill=0)
    return img


def draw(rng, path, digit):
    """One hard picture, uint8 [28,28]."""
    img = place(glyph(path, digit),
                size=rng.uniform(15.5, 21.5),
                stretch=math.exp(rng.uniform(-0.12, 0.12)),
                angle=math.radians(np.clip(rng.normal(0, 7), -20, 20)),
                shear=math.radians(rng.uniform(-10, 10)),
                dx=rng.uniform(-1.5, 1.5), dy=rng.uniform(-1.5, 1.5))
    img = bend(img, rng)
    weight = rng.random()
    if weight < 0.25:
        img = img.filter(ImageFilter.MaxFilter(int(rng.choice([3, 5, 7]))))
    elif weight > 0.9:
        img = img.filter(ImageFilter.MinFilter(3))
    if rng.random() < 0.20:
        img = cover(img, rng)
    img = img.resize((28, 28), Image.BOX)
    img = img.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.0)))
    a = np.asarray(img).astype(np.float64)
    a *= rng.uniform(0.6, 1.0) * 255 / max(a.max(), 1)
    a += rng.normal(0, rng.uniform(0, 20), a.shape)
    return np.clip(np.rint(a), 0, 255).astype(np.uint8)


def draw_set(seed, fams, n):
    """n pictures, as many of each class, every family equally often."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 10).astype(np.uint8)
    families = list(fams.values())
    order = rng.permutation(np.arange(n) % len(families))
    pics = np.empty((n, 28, 28), np.uint8)
    for i in range(n):
        styles = families[order[i]]
        _, path = styles[rng.integers(len(styles))]
        pics[i] = draw(rng, path, int(labels[i]))
    return pics, labels


def big_from_font(fams):
    """Big clean pictures of held-out fonts: (digit, L image 112x112)."""
    rng = np.random.default_rng(SEED + 7)
    families = list(fams.values())
    while True:
        digit = int(rng.integers(10))
        _, path = families[rng.integers(len(families))][0]
        img = place(glyph(path, digit), 20, 1.0, math.radians(rng.uniform(-8, 8)),
                    0, 0, 0)
        yield digit, img.resize((112, 112), Image.BICUBIC)


# ---- MNIST ---------------------------------------------------------------

def read_idx(folder, name, magic, header):
    for path, opener in ((name, open), (name + ".gz", gzip.open)):
        path = os.path.join(folder, path)
        if os.path.exists(path):
            with opener(path, "rb") as f:
                raw = f.read()
            assert int.from_bytes(raw[:4], "big") == magic, path
            return np.frombuffer(raw, np.uint8, offset=header)
    raise SystemExit("%s: no %s[.gz] there" % (folder, name))


def mnist(folder):
    x = read_idx(folder, "t10k-images-idx3-ubyte", 0x803, 16).reshape(-1, 28, 28)
    y = read_idx(folder, "t10k-labels-idx1-ubyte", 0x801, 8)
    assert len(x) == len(y) == 10000
    return (x[:8000], y[:8000]), (x[8000:], y[8000:])


def big_from_picture(pics, labels):
    for p, y in zip(pics, labels):
        yield int(y), Image.fromarray(p).resize((112, 112), Image.BICUBIC)


# ---- main ----------------------------------------------------------------

def surely_right(outs, labels, i):
    """All networks are right about test picture i, by a margin of 3."""
    for out in outs:
        rest = np.delete(out[i], labels[i])
        if out[i][labels[i]] < rest.max() + 3:
            return False
    return True


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--out", help="default: testdata/digits")
    ap.add_argument("--work", help="keep the training set here (default: nowhere)")
    ap.add_argument("--mnist", metavar="DIR", help="folder with MNIST's t10k files")
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--data-only", action="store_true", help="train nothing")
    args = ap.parse_args()
    if args.mnist and not args.out:
        ap.error("--mnist needs --out (MNIST does not belong in the repository)")
    out = args.out or os.path.join(here, "..", "digits")
    os.makedirs(out, exist_ok=True)

    lines = []

    def log(text, keep=False):
        print(text, flush=True)
        if keep:
            lines.append(text)

    def put(name, array):
        np.save(os.path.join(out, name), np.ascontiguousarray(array))

    test_fams = None
    if args.mnist:
        (train_x, train_y), (test_x, test_y) = mnist(args.mnist)
    else:
        train_fams = fonts.faces(fonts.TRAIN_PACKAGES)
        test_fams = fonts.faces(fonts.TEST_PACKAGES)
        assert not {k[1] for k in train_fams} & {k[1] for k in test_fams}
        text = (fonts.listing("training fonts", train_fams) + "\n"
                + fonts.listing("test fonts", test_fams))
        log(text)
        with open(os.path.join(out, "fonts.txt"), "w") as f:
            f.write(text)
        train_x, train_y = draw_set(SEED, train_fams, N_TRAIN)
        test_x, test_y = draw_set(SEED + 1, test_fams, N_TEST)

    with contextlib.ExitStack() as stack:
        work = args.work or stack.enter_context(tempfile.TemporaryDirectory())
        os.makedirs(work, exist_ok=True)
        np.save(os.path.join(work, "train_x.npy"), train_x)
        np.save(os.path.join(work, "train_y.npy"), train_y)
    put("test_x.npy", test_x)
    put("test_y.npy", test_y)
    calib = dataset.balanced(train_y, N_CALIB)
    put("calib_x.npy", train_x[calib])
    put("calib_y.npy", train_y[calib])
    with open(os.path.join(out, "labels.txt"), "w") as f:
        f.writelines("%d\n" % d for d in range(10))
    log("pictures: %d to train, %d to test, mean %.4f, deviation %.4f"
        % (len(train_x), len(test_x), train_x.mean() / 255, train_x.std() / 255), True)
    if args.data_only:
        return

    import torch
    import nets
    torch.set_num_threads(args.threads)

    outs = []
    for name, make, epochs, lr, decay in (("mlp", nets.Mlp, 20, 1.5e-3, 0.02),
                                          ("cnn", nets.Net, 6, 1e-3, 0.01)):
        log("training %s" % name)
        net = nets.train(make, train_x, train_y, epochs, lr, decay, SEED + 2, log)
        log("%s: accuracy %.2f %% on the training pictures, %.2f %% on the test pictures"
            % (name, 100 * nets.accuracy(net, train_x, train_y),
               100 * nets.accuracy(net, test_x, test_y)), True)
        path = os.path.join(out, name + ".onnx")
        nets.export(net, path)
        outs.append(nets.run(net, test_x))
        put(name + "_torch.npy", outs[-1][:N_TORCH])

    for digit in (3, 5, 7):
        i = next(i for i in range(len(test_x))
                 if test_y[i] == digit and surely_right(outs, test_y, i))
        Image.fromarray(test_x[i]).save(os.path.join(out, "example_%d.png" % digit))
        log("example_%d.png is test picture %d" % (digit, i), True)

    # The first big picture that the CNN (the last net) reads rightly however
    # the JPEG is reduced to 28x28.
    big = (big_from_picture(test_x, test_y) if args.mnist
           else big_from_font(test_fams))
    path = os.path.join(out, "example_big.jpg")
    for digit, img in big:
        img.save(path, quality=90)
        img = Image.open(path)
        small = np.stack([np.asarray(img.resize((28, 28), how)) for how in
                          (Image.NEAREST, Image.BOX, Image.BILINEAR, Image.BICUBIC)])
        if (nets.run(net, small).argmax(1) == digit).all():
            log("example_big.jpg shows a %d" % digit, True)
            break
    with open(os.path.join(out, "report.txt"), "w") as f:
        f.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
