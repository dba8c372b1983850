"""Plain PyTorch, as its own examples write it, with batches gathered by shuffled indices."""

import sys

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from worker import BATCH, SIZE, images, serve

torch.set_num_threads(2)
dense = sys.argv[1] == "dense"
x = torch.from_numpy(images((784,) if dense else (1, 28, 28)))
if dense:
    latents = 20
    encoder = nn.Sequential(nn.Linear(784, 500), nn.ReLU(), nn.Linear(500, 2 * latents))
    decoder = nn.Sequential(nn.Linear(latents, 500), nn.ReLU(), nn.Linear(500, 784))
else:
    latents = 16
    encoder = nn.Sequential(
        nn.Conv2d(1, 32, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(3136, 2 * latents),
    ).to(memory_format=torch.channels_last)
    decoder = nn.Sequential(
        nn.Linear(latents, 3136),
        nn.ReLU(),
        nn.Unflatten(1, (64, 7, 7)),
        nn.ConvTranspose2d(64, 32, 3, 2, 1, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 1, 3, 2, 1, 1),
    ).to(memory_format=torch.channels_last)
    x = x.contiguous(memory_format=torch.channels_last)
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])


def epoch():
    for index in torch.randperm(SIZE).split(BATCH):
        batch = x[index]
        mean, log_scale = encoder(batch).chunk(2, 1)
        logits = decoder(mean + log_scale.exp() * torch.randn_like(mean))
        kl = 0.5 * (mean**2 + (2 * log_scale).exp() - 1 - 2 * log_scale).sum()
        loss = (binary_cross_entropy_with_logits(logits, batch, reduction="sum") + kl) / BATCH
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


serve(epoch)
