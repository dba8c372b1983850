"""A training configuration (recipe) to begin with, for images of your own."""

import math

from keras_vae import _checks

KINDS = {
    "vae": "samples new images from a vector of numbers",
    "conditional_vae": "samples new images of a given class",
    "autoencoder": "compresses an image to a short code, and reconstructs it",
    "vq_vae": "compresses an image to a grid of whole numbers, and samples new ones",
}
"""What `recipe_template` knows, and what each is for."""

# Chosen on folders of images in experiments/own_images.
STEPS = {"vae": 3000, "conditional_vae": 3000, "autoencoder": 2500, "vq_vae": 3000}
"""Optimizer steps by kind: about ten minutes on two CPU cores at 64x64."""
_EPOCH_STEPS = 150
_MAP_SIDE, _MAP_CHANNELS, _VECTOR = 8, 4, 12
_FILTERS = (32, 64, 128, 128, 128, 128)
_VALIDATION_SHARE, _MOST_VALIDATION, _LEAST_IMAGES = 10, 500, 40
_FLIPPED_SIDE = 48

_LIKELIHOOD = (
    'likelihood = {{ name = "gaussian", scale = "learned", initial_scale = {deviation:.2f}, min_scale = {floor} }}'
    "  # the start is the contrast of the images"
)
_SPATIAL = """latent_size = {latents}         # {height} x {width} x {channels} numbers of a map{also}
network = {{ name = "spatial_conv_net", filters = [{filters}], code_channels = {channels}, vector_size = {vector} }}
"""
_PRIOR = """prior = {{ name = "spatial_prior", map_shape = [{height}, {width}, {channels}] }}
"""
_CLASSES = "num_classes = {classes}            # as many as the folder has class folders"
_QUANTIZED = """num_codes = 256            # entries of the codebook
code_size = 32             # numbers in each entry
downsampling = [4]         # the grid of codes is so many times smaller than the image
"""
_MODELS = {
    "vae": f'class = "VAE"\n{{shape}}\n{_SPATIAL}{_PRIOR}{_LIKELIHOOD}\n',
    "conditional_vae": f'class = "ConditionalVAE"\n{{shape}}\n{_CLASSES}\n{_SPATIAL}{_PRIOR}{_LIKELIHOOD}\n',
    "autoencoder": f'class = "Autoencoder"\n{{shape}}\n{_SPATIAL}{_LIKELIHOOD}\n',
    "vq_vae": f'class = "VQVAE"\n{{shape}}\n{_QUANTIZED}{_LIKELIHOOD}\n',
}
_OBJECTIVES = {
    "vae": '\n[objective]\nname = "map_dropout_elbo"\n',
    "conditional_vae": '\n[objective]\nname = "map_dropout_elbo"\n',
}


def recipe_template(
    kind: str = "vae",
    size: int = 64,
    grey: bool = False,
    num_classes: int = 2,
    *,
    images: int = 1000,
    deviation: float = 0.25,
    flip: bool | None = None,
    steps: int | None = None,
    seed: int = 0,
    learning_rate: float = 1e-3,
) -> str:
    """The text of a recipe for images in a folder, with a comment on each line that one may want to change.

    Args:
        kind: one of `KINDS`.
        size: height and width of the images as the model sees them; divisible by 4.
        grey: one channel instead of three.
        num_classes: of a conditional model.
        images: number of training images, such as `data.survey(folder).training`.
        deviation: standard deviation of the pixels about the mean image, 0 to 1, such as `data.survey(folder).deviation`.
        flip: whether images are mirrored at random; by default for color images, and for larger grayscale ones.
        steps: optimizer steps; by default `STEPS[kind]`.
        seed: of the first weights, of the order and of all noise.
        learning_rate: peak of Adam's learning rate.

    Raises:
        ValueError: if an argument is out of its range.
    """
    _checks.one_of("kind", kind, tuple(KINDS))
    if _checks.positive_int("size", size, maximum=512, minimum=8) % 4:
        raise ValueError(f"size={size}: must be divisible by 4, since the network halves the image twice or more.")
    classes = _checks.positive_int("num_classes", num_classes, minimum=2, maximum=10_000)
    images = _checks.positive_int("images", images, maximum=10**9)
    deviation = _checks.finite_float("deviation", deviation, minimum=0.0, maximum=0.5)
    steps = _checks.positive_int("steps", STEPS[kind] if steps is None else steps, maximum=10**9)
    flip = not grey or size >= _FLIPPED_SIDE if flip is None else _checks.flag("flip", flip)
    count = max((n for n in range(2, 7) if size % 2**n == 0 and size // 2**n >= _MAP_SIDE), default=2)
    side = size // 2**count
    vector = 0 if kind == "autoencoder" else _VECTOR
    model = _MODELS[kind].format(
        shape=f"data_shape = [{size}, {size}, {1 if grey else 3}]  # height, width, channels: 1 is grayscale, 3 is color",
        classes=classes,
        latents=side * side * _MAP_CHANNELS + vector,
        height=side,
        width=side,
        channels=_MAP_CHANNELS,
        vector=vector,
        also=f", and a vector of {vector}" if vector else "",
        filters=", ".join(map(str, _FILTERS[:count])),
        deviation=max(deviation, 0.1),
        floor=0.08 if kind in _OBJECTIVES else 0.01,
    )
    validation = min(_MOST_VALIDATION, images // _VALIDATION_SHARE) if images >= _LEAST_IMAGES else 0
    learned = images - validation
    batch = min(16 if learned < 2000 else 32, learned)
    passes = max(1, round(_EPOCH_STEPS * batch / learned))
    epochs = max(1, math.ceil(steps / max(1, passes * learned // batch)))
    monitor = 'monitor = "log_likelihood"\n' if kind == "autoencoder" else ""
    patience = (
        f"patience = {max(3, epochs // 3)}               # epochs without a better result on them until it stops\n"
    )
    text = f"""# keras-vae train THIS_FILE --data FOLDER
# FOLDER contains images, or a folder of them for each class; every tenth image is kept for the test.

[card]
title = "My images"
description = "What this model learned from, and what it is for and is not for."
task = "{KINDS[kind]}"

[model]
{model}{_OBJECTIVES.get(kind, "")}
[data]
name = "folder"            # the images of --data
preprocessing = {{ name = "random_resized_crop", smallest = 0.8, flip = {str(flip).lower()} }}  # flip = false for digits or letters
validation = {validation}            # images held out of training

[optimizer]
learning_rate = {learning_rate:g}
schedule = "cosine"
warmup_epochs = 1
arguments = {{ global_clipnorm = 1000.0 }}  # one bad batch cannot undo what was learned

[training]
epochs = {epochs}
passes_per_epoch = {passes}       # over the images: an epoch is about {_EPOCH_STEPS} steps
batch_size = {batch}            # at most the number of images
ema = 0.99                 # keeps an average of the weights over some 100 steps
seed = {seed}
{patience if validation else ""}{monitor}"""
    return text.rstrip() + "\n"
