"""What each data set is, where it is from, and what may be done with it."""

ABOUT = {
    "mnist": "MNIST: 60,000 training and 10,000 test images of handwritten digits, 28x28, grey. LeCun, Bottou, Bengio & Haffner "
    "(1998); CC BY-SA 3.0.",
    "cifar10": "CIFAR-10: 50,000 training and 10,000 test photographs of ten classes, 32x32, in colour. Krizhevsky (2009); its "
    "authors state no licence and ask to be cited.",
    "frey_faces": "Frey faces: 1,965 frames of one man's face from a film, 28x20, grey. Brendan Frey's, published by Sam Roweis; "
    "no licence is stated.",
    "digits": "scikit-learn's digits: 1,797 handwritten digits of 8x8 pixels, grown to 28x28. Alpaydin & Kaynak (1998), UCI "
    "Machine Learning Repository; CC BY 4.0.",
    "shapes": "Shapes: pictures that the library draws itself, 64x64, from six known factors; free for any use.",
}
"""Words and licence by data set; derived ones are of their base's."""


def about(name: str) -> str:
    """What `name` is and its licence; an empty string for a data set of the user's own.

    >>> about("mnist_outlines").startswith("MNIST")
    True
    """
    if not isinstance(name, str):
        raise ValueError(f"name={name!r}: must be the name of a data set.")
    base = name.removesuffix("_outlines").removesuffix("_quadrants")
    words = ABOUT.get(base, "")
    if name.endswith("_outlines"):
        return f"{words} Every second digit is shown as its outline."
    if name.endswith("_quadrants"):
        return f"{words} Of each digit one, two or three quadrants are given."
    return words


_CLASSES = {
    "cifar10": ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    "mnist_outlines": ("plain", "outlined"),
    "digits_outlines": ("plain", "outlined"),
}


def class_names(name: str) -> tuple[str, ...]:
    """Words for the labels of a data set in their order; none where the labels are the digits themselves, or have no words.

    >>> class_names("cifar10")[3]
    'cat'
    """
    if not isinstance(name, str):
        raise ValueError(f"name={name!r}: must be the name of a data set.")
    return _CLASSES.get(name, ())
