#!/usr/bin/env python3
"""Let espeak-ng speak keywords, train a DS-CNN on their log-mel features, export it.

    python3 testdata/gen/keywords.py               # testdata/keywords

Eleven classes: ten words and silence (noise alone), each clip one second at
16 kHz. Voices, accents, speed, pitch, place in the clip, room echo, microphone,
noise and loudness vary (see speech.py); the test voices are not heard in
training. The features are computed by this project itself, `edgerun features`,
from spec.json: so Go must be installed, or --edgerun name the binary.

Written to --out:

    dscnn.onnx                 the trained network (nets.DSCNN), opset 13
    spec.json                  the front end
    test_x.npy test_y.npy      features of 550 clips, a random part of the test set,
                               float32, and labels; 50 of each class in turn
    test/CLASS/NUMBER.wav      33 of these clips, the first 3 of each class
    calib_x.npy calib_y.npy    features of 99 training clips, class balanced
    dscnn_torch.npy            float32 [550,11]: PyTorch's outputs for test_x.npy
    labels.txt                 the eleven labels, one a line
    report.txt                 accuracies

All other clips go to --work (default: a temporary directory that is removed).
"""

import os
import shutil

import numpy as np

import clips
import dataset
import speech

SEED = 20250214
# Clips of each class, and the utterances of each class that they are made of.
TRAIN, TRAIN_SPOKEN = 1200, 320
TEST, TEST_SPOKEN = 170, 120
COMMIT, SOUNDS, CALIB = 50, 3, 9   # of each class
SNR = 5, 25                 # dB
SPEC = {
    "kind": "logmel", "sampleRate": 16000, "length": 16000, "frame": 640, "hop": 320, "fft": 1024,
    "power": 2, "mels": 40, "lowHz": 20, "highHz": 7600, "melScale": "htk",
    "log": "ln", "offset": 1e-6, "mean": [-1], "std": [4],
}


# ---- features ------------------------------------------------------------

def features(binary, spec, folder, work):
    """What `edgerun features` makes of a folder: float32 [n,1,49,40] and labels."""
    x, y = clips.features(binary, spec, folder, work)
    return x.reshape(len(x), 1, 49, 40), y


def masked(x):
    """A batch with a stretch of time and of frequency blanked in each sample."""
    import torch
    x = x.clone()
    for k, most in ((2, 10), (3, 8)):
        n = x.shape[k]
        width = torch.randint(0, most, (len(x), 1))
        at = (torch.rand(len(x), 1) * (n - width)).long()
        i = torch.arange(n)[None]
        hide = (i >= at) & (i < at + width)
        hide = hide[:, None, :, None] if k == 2 else hide[:, None, None, :]
        x.masked_fill_(hide, 0)
    return x


# ---- main ----------------------------------------------------------------

def main():
    ap = clips.arguments(__doc__, "keywords", 12)
    clips.work_in(ap.parse_args(), make)


def make(args, work):
    train_dir, test_dir = clips.folders(work, SEED, (TRAIN_SPOKEN, TRAIN), (TEST_SPOKEN, TEST), SNR, speech.CLASSES)
    if args.data_only:
        return

    out = dataset.Folder(args.out)
    binary = clips.binary(args, work)
    spec = out.path("spec.json")
    out.json("spec.json", SPEC)

    # The committed clips: a random part of the test set, as files in a folder of the same form.
    rng = np.random.default_rng(SEED + 3)
    chosen = {name: sorted(rng.choice(TEST, COMMIT, replace=False)) for name in speech.CLASSES}
    shutil.rmtree(out.path("test"), ignore_errors=True)
    for name, numbers in chosen.items():
        os.makedirs(os.path.join(out.path("test"), name))
        for i in numbers[:SOUNDS]:
            shutil.copyfile(os.path.join(test_dir, name, "%04d.wav" % i),
                            os.path.join(out.path("test"), name, "%04d.wav" % i))

    train_x, train_y = features(binary, spec, train_dir, work)
    test_x, test_y = features(binary, spec, test_dir, work)
    assert (train_y == np.repeat(np.arange(len(speech.CLASSES)), TRAIN)).all()
    rows = [c * TEST + i for c, name in enumerate(speech.CLASSES) for i in chosen[name]]
    out.put("test_x.npy", test_x[rows])
    out.put("test_y.npy", test_y[rows].astype(np.uint8))
    calib = dataset.balanced(train_y, CALIB * len(speech.CLASSES))
    out.put("calib_x.npy", train_x[calib])
    out.put("calib_y.npy", train_y[calib].astype(np.uint8))
    out.text("labels.txt", speech.CLASSES)
    out.log("clips: %d to train, %d to test; features: mean %.3f, deviation %.3f, %.2f to %.2f" % (
        len(train_x), len(test_x), train_x.mean(), train_x.std(), train_x.min(), train_x.max()), True)

    import torch
    import nets
    torch.set_num_threads(args.threads)
    net = nets.train(lambda: nets.channels_last(nets.DSCNN(len(speech.CLASSES))), train_x, train_y, args.epochs, 3e-3, 0.02,
                     SEED + 2, out.log, torch.from_numpy, masked, batch=32)
    got = nets.run(net, test_x, torch.from_numpy)
    right = got.argmax(1) == test_y
    out.log("parameters: %d" % sum(p.numel() for p in net.parameters()), True)
    out.log("accuracy: %.2f %% on the training clips, %.2f %% on the %d test clips, %.2f %% on the %d of them in test_x.npy" % (
        100 * nets.accuracy(net, train_x, train_y, torch.from_numpy), 100 * right.mean(), len(right),
        100 * right[rows].mean(), len(rows)), True)
    for c, name in enumerate(speech.CLASSES):
        out.log("  %-8s %.1f %%" % (name, 100 * right[test_y == c].mean()), True)
    out.put("dscnn_torch.npy", got[rows])
    nets.export(net, out.path("dscnn.onnx"), (1, 1, 49, 40))
    out.report()


if __name__ == "__main__":
    main()
