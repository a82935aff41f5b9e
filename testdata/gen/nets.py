"""The networks of testdata: definition, training and ONNX export.

Net is, layer for layer, the network of PyTorch's own MNIST example
(examples/mnist/main.py); Mlp is a two-layer perceptron. Both take pictures
that were normalised outside of the network: (pixel/255 - 0.1307) / 0.3081.
Residual is a small MobileNetV2 (Sandler et al. 2018) for testdata/objects,
DSCNN a depthwise separable network (Zhang et al. 2017, "Hello Edge") for
testdata/keywords, Autoencoder a fully connected one for testdata/machine.
"""

import time

import numpy as np
import onnx
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


class InvertedResidual(nn.Module):
    """1x1 expansion, 3x3 depthwise, 1x1 projection; the input is added where shapes agree."""

    def __init__(self, cin, cout, stride, expand):
        super().__init__()
        mid = cin * expand
        self.add = stride == 1 and cin == cout
        self.body = nn.Sequential(
            nn.Conv2d(cin, mid, 1, bias=False), nn.BatchNorm2d(mid), nn.ReLU6(),
            nn.Conv2d(mid, mid, 3, stride, 1, groups=mid, bias=False), nn.BatchNorm2d(mid), nn.ReLU6(),
            nn.Conv2d(mid, cout, 1, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        return x + self.body(x) if self.add else self.body(x)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 24, 3, 2, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU6(),
            InvertedResidual(24, 24, 1, 3),
            InvertedResidual(24, 40, 2, 4),
            InvertedResidual(40, 40, 1, 4),
            InvertedResidual(40, 40, 1, 4),
            InvertedResidual(40, 64, 2, 4),
            InvertedResidual(64, 64, 1, 4),
            nn.Conv2d(64, 128, 1, bias=False), nn.BatchNorm2d(128), nn.ReLU6())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        return self.head(torch.flatten(self.pool(self.features(x)), 1))


class DSCNN(nn.Module):
    """For [N,1,49,40] log-mel features: 10x4 convolution, four depthwise separable blocks."""

    def __init__(self, classes, width=64):
        super().__init__()
        layers = [nn.Conv2d(1, width, (10, 4), (2, 2), (5, 1), bias=False), nn.BatchNorm2d(width), nn.ReLU6()]
        for _ in range(4):
            layers += [nn.Conv2d(width, width, 3, 1, 1, groups=width, bias=False), nn.BatchNorm2d(width), nn.ReLU6(),
                       nn.Conv2d(width, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU6()]
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        return self.head(torch.flatten(self.pool(self.features(x)), 1))


class Autoencoder(nn.Module):
    """Fully connected, 64 wide, through a bottleneck of 8."""

    def __init__(self, features):
        super().__init__()
        sizes = [features, 64, 64, 8, 64, 64]
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU()]
        self.body = nn.Sequential(*layers, nn.Linear(sizes[-1], features))

    def forward(self, x):
        return self.body(x)


def to_input(pics):
    """uint8 [N,28,28] -> normalised float32 tensor [N,1,28,28]."""
    x = torch.from_numpy(np.ascontiguousarray(pics)).float()
    return ((x / 255 - MEAN) / STD)[:, None]


def channels_last(net):
    """net with weights that make PyTorch compute in NHWC: half the time for depthwise convolutions on a CPU."""
    return net.to(memory_format=torch.channels_last)


@torch.no_grad()
def run(net, samples, prepare=to_input):
    """The network's outputs, float32 [N,...], for samples that prepare turns into its input."""
    net.eval()
    return torch.cat([net(prepare(samples[i:i + 100]))
                      for i in range(0, len(samples), 100)]).numpy()


def accuracy(net, samples, labels, prepare=to_input):
    return float((run(net, samples, prepare).argmax(1) == labels).mean())


def train(make, samples, labels, epochs, lr, decay, seed, log,
          prepare=to_input, augment=None, loss_of=F.cross_entropy, batch=64):
    """Train a new network with Adam, one-cycle-like linear decay of the rate.

    Without labels the network learns to give its input back. augment, if any,
    changes each batch of inputs.
    """
    torch.manual_seed(seed)
    net = make()
    x = prepare(samples)
    y = x if labels is None else torch.from_numpy(labels.astype(np.int64))
    opt = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=decay)
    total = epochs * (len(x) // batch)
    sched = torch.optim.lr_scheduler.LambdaLR(
        opt, lambda s: max(0.02, 1 - s / total))
    start = time.time()
    for epoch in range(epochs):
        net.train()
        order, sum_loss = torch.randperm(len(x)), 0.0
        for i in range(0, len(x) - batch + 1, batch):
            pick = order[i:i + batch]
            out = net(augment(x[pick]) if augment else x[pick])
            # cross_entropy of log-probabilities is their nll_loss.
            loss = loss_of(out, y[pick])
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            sum_loss += loss.item()
        log("  epoch %d/%d: training loss %.4f (%.0f s)"
            % (epoch + 1, epochs, sum_loss / (len(x) // batch), time.time() - start))
    net.eval()
    return net


def export(net, path, shape=(1, 1, 28, 28)):
    """Write a network in eval mode as ONNX and check the file."""
    # PRESERVE keeps BatchNormalization apart; the default would fold it into the convolutions.
    torch.onnx.export(
        net, torch.zeros(shape), path, opset_version=13,
        training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
        input_names=["input"], output_names=["output"],
        dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}})
    onnx.checker.check_model(onnx.load(path), full_check=True)
