"""Pictures of a model and of what it makes (matplotlib). Every function returns a figure; `save` writes it."""

from typing import TYPE_CHECKING

from keras_vae import _lazy

if TYPE_CHECKING:
    from keras_vae.plots.animations import TrainingGif
    from keras_vae.plots.codes import clusters, features, restored
    from keras_vae.plots.comparisons import comparison, swaps
    from keras_vae.plots.completions import completions
    from keras_vae.plots.figure import save
    from keras_vae.plots.grids import (
        before_and_after,
        grid_figure,
        image_grid,
        reconstructions,
        samples,
        samples_by_class,
    )
    from keras_vae.plots.interpolations import interpolation_gif, interpolations
    from keras_vae.plots.latent import latent_scatter, manifold
    from keras_vae.plots.portraits import portrait, portrait_of, portrait_of_factors
    from keras_vae.plots.sheets import TrainingSheets
    from keras_vae.plots.training import training_curves
    from keras_vae.plots.traversals import save_gif, traversal_gif, traversals

__all__ = [
    "TrainingGif",
    "TrainingSheets",
    "before_and_after",
    "clusters",
    "comparison",
    "completions",
    "features",
    "grid_figure",
    "image_grid",
    "interpolation_gif",
    "interpolations",
    "latent_scatter",
    "manifold",
    "portrait",
    "portrait_of",
    "portrait_of_factors",
    "reconstructions",
    "restored",
    "samples",
    "samples_by_class",
    "save",
    "save_gif",
    "swaps",
    "training_curves",
    "traversal_gif",
    "traversals",
]

_lazy.attach(__name__)
