"""A likelihood of one's own needs `distribution` alone."""

import keras
import numpy as np
import tensorflow_probability as tfp

from keras_vae import VAE, distributions

COUNTS = np.random.default_rng(0).poisson(2.0, (16, 5)).astype("float32")


@keras.saving.register_keras_serializable("test_own_likelihood")
class Poisson(distributions.Likelihood):
    support = (0.0, 1e6)

    def distribution(self, params):
        return tfp.distributions.Independent(tfp.distributions.Poisson(log_rate=params), len(self.event_shape))


def test_it_trains_and_is_kept(tmp_path):
    model = VAE((5,), 2, hidden_units=(4,), likelihood=Poisson((5,)))
    model.adapt_output_bias(COUNTS.mean(axis=0))  # has nothing to say of it: zeros
    assert not model.decoder.get_layer("output").bias.numpy().any()
    model.compile("adam")
    assert np.isfinite(model.fit(COUNTS, verbose=0).history["loss"]).all()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.reconstruct(COUNTS), model.reconstruct(COUNTS))
