"""The two networks of testdata/digits: definition, training and ONNX export.

Net is, layer for layer, the network of PyTorch's own MNIST example
(examples/mnist/main.py); Mlp is a two-layer perceptron. Both take pictures
that were normalised outside of the network: (pixel/255 - 0.1307) / 0.3081.
"""

import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

MEAN, STD = 0.1307, 0.3081  # of MNIST's training pictures


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(784, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(self.flatten(x))))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, 1)
        self.conv2 = nn.Conv2d(32, 64, 3, 1)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(x, 2)
        x = self.dropout1(x)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = self.dropout2(x)
        x = self.fc2(x)
        return F.log_softmax(x, dim=1)


def to_input(pics):
    """uint8 [N,28,28] -> normalised float32 tensor [N,1,28,28]."""
    x = torch.from_numpy(np.ascontiguousarray(pics)).float()
    return ((x / 255 - MEAN) / STD)[:, None]


@torch.no_grad()
def run(net, pics):
    """The network's outputs for uint8 pictures, float32 [N,10]."""
    net.eval()
    return torch.cat([net(to_input(pics[i:i + 100]))
                      for i in range(0, len(pics), 100)]).numpy()


def accuracy(net, pics, labels):
    return float((run(net, pics).argmax(1) == labels).mean())


def train(make, pics, labels, epochs, lr, decay, seed, log):
    """Train a new network with Adam, one-cycle-like linear decay of the rate."""
    torch.manual_seed(seed)
    net = make()
    x, y = to_input(pics), torch.from_numpy(labels.astype(np.int64))
    opt = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=decay)
    batch, step = 64, 0
    total = epochs * (len(x) // batch)
    sched = torch.optim.lr_scheduler.LambdaLR(
        opt, lambda s: max(0.02, 1 - s / total))
    start = time.time()
    for epoch in range(epochs):
        net.train()
        order, sum_loss = torch.randperm(len(x)), 0.0
        for i in range(0, len(x) - batch + 1, batch):
            pick = order[i:i + batch]
            out = net(x[pick])
            # cross_entropy of log-probabilities is their nll_loss.
            loss = F.cross_entropy(out, y[pick])
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            sum_loss += loss.item()
        log("  epoch %d/%d: training loss %.4f (%.0f s)"
            % (epoch + 1, epochs, sum_loss / (len(x) // batch), time.time() - start))
    net.eval()
    return net


def export(net, path):
    torch.onnx.export(
        net, torch.zeros(1, 1, 28, 28), path, opset_version=13,
        input_names=["input"], output_names=["output"],
        dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}})
