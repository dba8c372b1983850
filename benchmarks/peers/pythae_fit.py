"""Pythae, through its own trainer."""

import contextlib
import io
import logging
import sys
import tempfile

import torch
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import nn
from worker import BATCH, images, serve

torch.set_num_threads(2)
logging.disable(logging.CRITICAL)


class Encoder(BaseEncoder):
    def __init__(self):
        super().__init__()
        self.hidden, self.mean, self.log_var = nn.Linear(784, 500), nn.Linear(500, 20), nn.Linear(500, 20)

    def forward(self, x):
        h = torch.relu(self.hidden(x.flatten(1)))
        return ModelOutput(embedding=self.mean(h), log_covariance=self.log_var(h))


class Decoder(BaseDecoder):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(20, 500), nn.ReLU(), nn.Linear(500, 784), nn.Sigmoid())

    def forward(self, z):
        return ModelOutput(reconstruction=self.layers(z).reshape(-1, 1, 28, 28))


class Data(torch.utils.data.Dataset):
    x = torch.from_numpy(images((1, 28, 28)))

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return {"data": self.x[index]}


model = VAE(VAEConfig(input_dim=(1, 28, 28), latent_dim=20, reconstruction_loss="bce"), Encoder(), Decoder())
config = BaseTrainerConfig(
    output_dir=tempfile.mkdtemp(), num_epochs=1, per_device_train_batch_size=BATCH, learning_rate=1e-3, no_cuda=True
)
trainer = BaseTrainer(model, Data(), training_config=config)
trainer.prepare_training()


def epoch():
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        trainer.train_step(1)


serve(epoch)
sys.exit()
