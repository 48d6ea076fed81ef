"""The lectures' nets over names in PyTorch, to race against: `names.py mlp|wavenet`.

Reads numbers of steps, one a line; after each does as many (batch 32: draw, forward, backward, SGD) and prints
the microseconds one took, by the clock and of processor time, as JSON.
"""
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

VOCAB, BATCH, EXAMPLES = 27, 32, 182_625


class Mlp(nn.Module):
    context = 3

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, 5)
        self.hidden, self.head = nn.Linear(15, 200), nn.Linear(200, VOCAB)

    def forward(self, x):
        return self.head(torch.tanh(self.hidden(self.embedding(x).view(x.shape[0], -1))))


class Norm(nn.Module):
    """Batch norm whose statistics are over all rows."""

    def __init__(self, width):
        super().__init__()
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x):
        return self.norm(x.view(-1, x.shape[-1])).view(x.shape)


class Wavenet(nn.Module):
    context = 8

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, 20)
        self.linears = nn.ModuleList(nn.Linear(2 * width, 200, bias=False) for width in (20, 200, 200))
        self.norms = nn.ModuleList(Norm(200) for _ in range(3))
        self.head = nn.Linear(200, VOCAB)

    def forward(self, x):
        x = self.embedding(x)
        for linear, norm in zip(self.linears, self.norms):
            batch, positions, width = x.shape
            x = torch.tanh(norm(linear(x.view(batch, positions // 2, width * 2))))
        return self.head(x.squeeze(1))


def main():
    torch.manual_seed(1)
    model = {"mlp": Mlp, "wavenet": Wavenet}[sys.argv[1]]()
    contexts = torch.randint(VOCAB, (EXAMPLES, model.context))
    targets = torch.randint(VOCAB, (EXAMPLES,))
    parameters = list(model.parameters())
    for line in sys.stdin:
        steps = int(line)
        start, processor = time.perf_counter(), time.process_time()
        for _ in range(steps):
            batch = torch.randint(0, EXAMPLES, (BATCH,))
            loss = F.cross_entropy(model(contexts[batch]), targets[batch])
            loss.backward()
            with torch.no_grad():
                # One call for all: the quickest that PyTorch has.
                torch._foreach_add_(parameters, [p.grad for p in parameters], alpha=-0.05)
            for p in parameters:
                p.grad = None
            loss.item()
        micros = (time.perf_counter() - start) / steps * 1e6
        busy = (time.process_time() - processor) / steps * 1e6
        print(json.dumps({"micros": micros, "processor": busy, "torch": torch.__version__}), flush=True)


main()
