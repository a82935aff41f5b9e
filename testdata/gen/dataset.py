"""What the scripts of this folder share apart from networks: choosing samples, writing files and the report."""

import json
import os

import numpy as np


def balanced(labels, n):
    """Indices of n samples, as equally many of each class as possible."""
    per = [np.flatnonzero(labels == c) for c in np.unique(labels)]
    return np.array([per[i % len(per)][i // len(per)] for i in range(n)])


class Folder:
    """A folder of results: arrays, texts, and the lines worth keeping of what the script says."""

    def __init__(self, path):
        os.makedirs(path, exist_ok=True)
        self.root, self.lines = path, []

    def path(self, name):
        return os.path.join(self.root, name)

    def put(self, name, array):
        np.save(self.path(name), np.ascontiguousarray(array))

    def text(self, name, lines):
        with open(self.path(name), "w") as f:
            f.writelines(line + "\n" for line in lines)

    def json(self, name, value):
        with open(self.path(name), "w") as f:
            json.dump(value, f, indent=2)
            f.write("\n")

    def log(self, text, keep=False):
        print(text, flush=True)
        if keep:
            self.lines.append(text)

    def report(self):
        self.text("report.txt", self.lines)
