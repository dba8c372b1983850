"""One encoder, and a decoder for each domain."""

from typing import Any

import numpy as np

from keras_vae import _checks, _named, networks
from keras_vae._backend import serializable
from keras_vae.models import validation
from keras_vae.models.autoencoder import Autoencoder
from keras_vae.models.capabilities import TranslatesDomains
from keras_vae.networks import Architecture
from keras_vae.networks.per_domain import PerDomain
from keras_vae.objectives import DomainAlignment, NoisyCode, Objective


@serializable
class SwapAutoencoder(TranslatesDomains, Autoencoder):
    """Autoencoder of several domains: all share the encoder, and each has a decoder of its own.

    Decoded by another domain's decoder, an image keeps what the code says of it and takes the looks of that domain. Pairs of
    the same thing in two domains are not needed; what is, is that codes do not tell the domain, or a decoder would be handed codes
    unlike any that it learned from. So codes are noisy and what they say costs, and each domain's are made like the others': see
    `objectives.NoisyCode` and `objectives.DomainAlignment`. The labels of `fit` are the numbers of the domains.

    >>> model = SwapAutoencoder((28, 28, 1), 64, num_domains=2)
    >>> model.compile("adam")
    >>> model.fit(images, domains, epochs=10)
    >>> model.swap(images, domains=1)

    Args:
        data_shape: shape of one example, of all domains alike: pad or resize those that differ.
        latent_size: size Z of the code.
        num_domains: number of domains, at least 2; labels are integers from 0 to num_domains - 1.
        own_layers: how many of its decoder's last layers with weights each domain has for itself, while the others are shared;
            None for decoders that share nothing.
        network, code_activation, likelihood, **kwargs: as in `Autoencoder`; the network is that of each decoder.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    _decoded_by = "model.swap(x, domain)"

    def __init__(
        self,
        data_shape: Any,
        latent_size: int,
        num_domains: int,
        network: Any = "mlp",
        own_layers: int | None = None,
        code_activation: str = "linear",
        likelihood: Any = "bernoulli",
        **kwargs: Any,
    ):
        self.num_domains = _checks.positive_int("num_domains", num_domains, minimum=2, maximum=100)
        self.network = _named.build("network", networks, Architecture, network)
        decoders = PerDomain(self.network, own_layers)
        super().__init__(
            data_shape,
            latent_size,
            decoders,
            code_activation,
            likelihood,
            condition_size=self.num_domains,
            **kwargs,
        )

    @property
    def num_labels(self) -> int:
        """How many domains there are."""
        return self.num_domains

    def default_objective(self) -> Objective:
        """Reconstruction from noisy codes, with those of the domains made alike."""
        return NoisyCode(penalty=DomainAlignment())

    def condition_of(self, labels: Any, batch_size: Any) -> Any:
        """One-hot domains, `(B, num_domains)`."""
        return validation.labels(labels, self.num_domains, batch_size)

    def swap(self, x: Any, domains: Any) -> Any:
        """Decode the codes of x by the decoders of `domains`: `(B,) + data_shape`.

        Args:
            x: data `(B,) + data_shape` of any domain.
            domains: int `(B,)`, or one number for all.

        Raises:
            ValueError: if there is no such domain, or an argument has a wrong shape, dtype or range.
        """
        if np.ndim(domains) == 0:
            domains = np.full(len(x), domains)
        return self.reconstruct(x, domains)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "num_domains": self.num_domains,
            **({} if self.architecture.own_layers is None else {"own_layers": self.architecture.own_layers}),
            "network": _named.described(self.network),
        }
