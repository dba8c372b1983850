"""A recipe to begin with, for one's own pictures."""

from keras_vae import _checks

KINDS = {
    "vae": "draws new pictures from a vector of numbers",
    "conditional_vae": "draws new pictures of a given class",
    "autoencoder": "makes a short code of a picture, and the picture back from it",
    "vq_vae": "makes a grid of whole numbers of a picture, and draws new ones",
}
"""What `recipe_template` knows, and what each is for."""

_NETWORK = 'network = {{ name = "conv_net", filters = [{filters}], dense_units = [256] }}'
_MODELS = {
    "vae": """class = "ConvVAE"
{shape}
latent_size = 32           # numbers in a code
filters = [{filters}]      # channels after each halving of the picture
dense_units = [256]
likelihood = "discretized_logistic"  # of pixels with 256 values, in bits a dimension; "gaussian" goes on GPUs and Edge TPUs too
""",
    "conditional_vae": """class = "ConditionalVAE"
{shape}
num_classes = {classes}            # as many as the folder has class folders
latent_size = 32           # numbers in a code
{network}
likelihood = "discretized_logistic"  # of pixels with 256 values, in bits a dimension; "gaussian" goes on GPUs and Edge TPUs too
""",
    "autoencoder": """class = "Autoencoder"
{shape}
latent_size = 32           # numbers in a code
{network}
""",
    "vq_vae": """class = "VQVAE"
{shape}
num_codes = 256            # entries of the codebook
code_size = 32             # numbers in each entry
downsampling = [4]         # the grid of codes is so many times smaller than the picture
""",
}


def recipe_template(kind: str = "vae", size: int = 64, grey: bool = False, num_classes: int = 2) -> str:
    """The text of a recipe for pictures in a folder, with a comment on each line that one may want to change.

    Args:
        kind: one of `KINDS`.
        size: height and width of the pictures as the model sees them; divisible by 4.
        grey: one channel in the place of three.
        num_classes: of a conditional model.

    Raises:
        ValueError: if an argument is out of its range.
    """
    _checks.one_of("kind", kind, tuple(KINDS))
    if _checks.positive_int("size", size, maximum=512, minimum=8) % 4:
        raise ValueError(f"size={size}: must be divisible by 4, since the network halves the picture twice or more.")
    classes = _checks.positive_int("num_classes", num_classes, minimum=2, maximum=10_000)
    halvings = [count for count in (2, 3, 4) if size % 2**count == 0 and size // 2**count >= 4]
    filters = (32, 64, 128, 256)[: max(halvings, default=2)]
    shape = f"data_shape = [{size}, {size}, {1 if grey else 3}]  # height, width, channels: 1 is grey, 3 is colour"
    listed = ", ".join(map(str, filters))
    network = _NETWORK.format(filters=listed)
    model = _MODELS[kind].format(shape=shape, filters=listed, network=network, classes=classes)
    monitor = 'monitor = "log_likelihood"\n' if kind == "autoencoder" else ""
    text = f"""# keras-vae train THIS_FILE --data FOLDER
# FOLDER holds pictures, or a folder of them for each class; every tenth picture is kept for the test.

[card]
title = "My pictures"
description = "What this model learned from, and what it is for and is not for."
task = "{KINDS[kind]}"

[model]
{model}
[data]
name = "folder"            # the pictures of --data
preprocessing = "scaling"
validation = 0             # pictures held out of training; with some, `patience` may stop it early

[optimizer]
learning_rate = 0.001
schedule = "cosine"
warmup_epochs = 1

[training]
epochs = 100
batch_size = 32            # at most the number of pictures
# ema = 0.999              # keeps an average of the weights over some 1,000 steps: for runs of several thousand
{monitor}"""
    return text.rstrip() + "\n"
