"""What keywords.py and spoken.py share: clips of spoken words, and the features that this project makes of them."""

import argparse
import os
import subprocess
import tempfile

import numpy as np

import speech

HERE = os.path.dirname(os.path.abspath(__file__))


def arguments(doc, folder, epochs):
    """A parser of the flags of both scripts."""
    ap = argparse.ArgumentParser(description=doc.split("\n")[0])
    ap.add_argument("--out", default=os.path.join(HERE, "..", folder))
    ap.add_argument("--work", help="keep all clips here (default: nowhere); clips found there are used again")
    ap.add_argument("--edgerun", help="the binary (default: built from this repository)")
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--epochs", type=int, default=epochs)
    ap.add_argument("--data-only", action="store_true", help="make clips, train nothing")
    return ap


def work_in(args, make):
    """Call make with a directory for clips."""
    if args.work:
        os.makedirs(args.work, exist_ok=True)
        make(args, os.path.abspath(args.work))
        return
    with tempfile.TemporaryDirectory() as work:
        make(args, work)


def folders(work, seed, train, test, snr, classes):
    """Directories of the clips to train and to test on; train and test are utterances and clips of each class."""
    dirs = os.path.join(work, "train"), os.path.join(work, "test")
    for folder, *how in ((dirs[0], seed, speech.TRAIN_VOICES, *train), (dirs[1], seed + 1, speech.TEST_VOICES, *test)):
        if not os.path.exists(folder):
            speech.tree(folder + ".part", *how, snr, classes)
            os.rename(folder + ".part", folder)
    return dirs


def binary(args, work):
    """The edgerun to use."""
    if args.edgerun:
        return args.edgerun
    path = os.path.join(work, "edgerun")
    subprocess.run(["go", "build", "-o", path, "./cmd/edgerun"], check=True, cwd=os.path.join(HERE, "..", ".."))
    return path


def features(binary, spec, folder, work):
    """What `edgerun features` makes of a directory, float32 with a sample to a row, and labels."""
    x, y = os.path.join(work, "x.npy"), os.path.join(work, "y.npy")
    subprocess.run([binary, "features", "--frontend", spec, folder, "-o", x, "--labels", y], check=True)
    return np.load(x), np.load(y).reshape(-1).astype(np.int64)
