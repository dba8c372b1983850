"""A training configuration (recipe) to begin with, for a table of images and attributes."""

import re
from collections.abc import Mapping
from typing import Any

import tomli_w

from keras_vae._attributes import Attributes
from keras_vae.zoo.template import recipe_template


def attribute_recipe_template(
    attributes: Mapping[str, Any], size: int = 64, grey: bool = False, **settings: Any
) -> str:
    """The text of a recipe of an `AttributeConditionalVAE`: that of a `conditional_vae`, with attributes in the place of classes.

    Args:
        attributes: what `data.ImageTable(...).attributes` is.
        size, grey, **settings: as in `recipe_template`.

    Raises:
        ValueError: if an argument is out of its range.
    """
    described = Attributes(attributes).described
    text = recipe_template("conditional_vae", size, grey, **settings)
    text = _replaced(text, r"# keras-vae train THIS_FILE --data FOLDER\n# FOLDER [^\n]*", _HEAD)
    text = _replaced(text, r'task = "[^"\n]*"', 'task = "samples new images with given attributes"')
    text = _replaced(text, r'class = "ConditionalVAE"', 'class = "AttributeConditionalVAE"')
    text = _replaced(text, r"num_classes = [^\n]*\n", "")
    table = tomli_w.dumps({"model": {"attributes": described}}).strip()
    # A table inside [model] stands after the other keys of it, before the next table.
    return _replaced(text, r"(\[model\]\n.*?\n)\n?(?=\[)", rf"\1\n{_WORDS}\n{_escaped(table)}\n\n", re.DOTALL)


_HEAD = (
    "# keras-vae train THIS_FILE --data TABLE.csv\n"
    "# TABLE.csv names images and their attributes; every tenth image is kept for the test."
)
_WORDS = "# The attributes of the table: a list of words, or the mean and the standard deviation of a number."


def _replaced(text: str, pattern: str, by: str, flags: int = 0) -> str:
    """The text with the one place that fits the pattern replaced.

    Raises:
        RuntimeError: if the template of a `conditional_vae` has changed so that there is none.
    """
    found, count = re.subn(pattern, by, text, count=1, flags=flags)
    if not count:
        raise RuntimeError(f"The template of a conditional_vae has no {pattern!r} any more.")
    return found


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\")
