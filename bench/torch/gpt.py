"""The seed's GPT in PyTorch, to race against: `gpt.py train|sample <json options>` prints one JSON line.

train:  a step (forward, backward, AdamW) at batch 64 in micro-batches; tokens a second.
sample: nanoGPT's loop: the whole window anew for every token; tokens a second.
"""
import json
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

V, T, L, H, C = 65, 256, 6, 6, 384


class Attention(nn.Module):
    def __init__(self, fused, p):
        super().__init__()
        self.qkv = nn.Linear(C, 3 * C, bias=False)
        self.project = nn.Linear(C, C)
        self.fused, self.p = fused, p
        self.drop = nn.Dropout(p)
        self.register_buffer("mask", torch.tril(torch.ones(T, T, dtype=torch.bool)))

    def forward(self, x):
        b, t, _ = x.shape
        q, k, v = (y.view(b, t, H, C // H).transpose(1, 2) for y in self.qkv(x).split(C, 2))
        if self.fused:
            p = self.p if self.training else 0.0
            o = F.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=p)
        else:
            a = q @ k.transpose(-2, -1) * (C // H) ** -0.5
            a = a.masked_fill(~self.mask[:t, :t], float("-inf")).softmax(-1)
            o = self.drop(a) @ v
        return self.project(o.transpose(1, 2).reshape(b, t, C))


class Block(nn.Module):
    def __init__(self, fused, p):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(C), nn.LayerNorm(C)
        self.attention = Attention(fused, p)
        self.feed = nn.Sequential(nn.Linear(C, 4 * C), nn.ReLU(), nn.Linear(4 * C, C))
        self.drop = nn.Dropout(0.2)

    def forward(self, x):
        x = x + self.drop(self.attention(self.norm1(x)))
        return x + self.drop(self.feed(self.norm2(x)))


class Gpt(nn.Module):
    def __init__(self, fused, attention_dropout):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(V, C), nn.Embedding(T, C)
        self.blocks = nn.Sequential(*(Block(fused, attention_dropout) for _ in range(L)))
        self.norm, self.head = nn.LayerNorm(C), nn.Linear(C, V)

    def forward(self, x):
        x = self.tokens(x) + self.positions.weight[: x.shape[1]]
        return self.head(self.norm(self.blocks(x)))


def train(batch, micro, bf16, fused, attentionDropout, steps):
    model = Gpt(fused, attentionDropout)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    times = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        for _ in range(batch // micro):
            x, y = torch.randint(V, (micro, T)), torch.randint(V, (micro, T))
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                loss = F.cross_entropy(model(x).view(-1, V).float(), y.view(-1))
            (loss * micro / batch).backward()
        optimiser.step()
        optimiser.zero_grad()
        times.append(time.perf_counter() - start)
    return batch * T / sorted(times[1:])[len(times[1:]) // 2]


@torch.no_grad()
def sample(texts, tokens):
    model = Gpt(True, 0.0).eval()
    # The window is full from the start: the long run's speed.
    x = torch.zeros(texts, T, dtype=torch.long)
    model(x)
    start = time.perf_counter()
    for _ in range(tokens):
        logits = model(x[:, -T:])[:, -1]
        x = torch.cat((x, torch.multinomial(logits.softmax(-1), 1)), 1)
    return texts * tokens / (time.perf_counter() - start)


if __name__ == "__main__":
    torch.manual_seed(1)
    torch.set_num_threads(json.loads(sys.argv[2]).get("threads", torch.get_num_threads()))
    options = {k: v for k, v in json.loads(sys.argv[2]).items() if k != "threads"}
    speed = {"train": train, "sample": sample}[sys.argv[1]](**options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"tokensPerSecond": speed, "peakBytes": peak, "torch": torch.__version__}))
