import numpy as np
import pytest

from keras_vae import export, lite, zoo
from keras_vae._attributes import Attributes
from keras_vae._backend import keras, tf
from keras_vae.models import AttributeConditionalVAE

SHAPE = (8, 8, 1)
ATTRIBUTES = {"colour": ["red", "green", "blue"], "age": {"mean": 40.0, "std": 10.0}, "height": "number"}
COLUMNS = {"height": [0.5, -1.0], "colour": ["blue", "red"], "age": [50, 35]}
VECTORS = np.array([[1.0, 0, 0, 1, 0.5], [-0.5, 1, 0, 0, -1.0]], "float32")


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    found = AttributeConditionalVAE(SHAPE, ATTRIBUTES, 2, network={"name": "mlp", "hidden_units": (16,)})
    found.compile(keras.optimizers.Adam(1e-2), seed=0)
    return found


@pytest.fixture
def x(rng):
    return (rng.uniform(size=(2, *SHAPE)) < 0.5).astype("float32")


def test_words_are_one_hot_and_numbers_standardised_in_the_order_of_the_names(model):
    np.testing.assert_allclose(model.vectors(COLUMNS), VECTORS, rtol=1e-6)
    assert model.condition_size == 5
    assert list(model.attributes) == ["age", "colour", "height"]
    reordered = Attributes(dict(reversed(ATTRIBUTES.items())))
    np.testing.assert_array_equal(reordered.vectors(COLUMNS), model.vectors(COLUMNS))
    assert reordered.element_names == ["age", "colour=red", "colour=green", "colour=blue", "height"]
    np.testing.assert_array_equal(model.vectors({"age": 40, "colour": "green", "height": 0}), [[0, 0, 1, 0, 0]])


def test_columns_and_vectors_mean_the_same_in_every_method(model, x):
    vectors = model.vectors(COLUMNS)
    for labels in (COLUMNS, vectors, tf.constant(vectors)):
        np.testing.assert_array_equal(model.sample(labels=labels, seed=1), model.sample(labels=vectors, seed=1))
        np.testing.assert_array_equal(model.encode(x, labels).mean(), model.encode(x, vectors).mean())
        np.testing.assert_array_equal(model.reconstruct(x, labels), model.predict((x, vectors), verbose=0))
    first = model.evaluate(x, COLUMNS, verbose=0, return_dict=True)
    assert first == model.evaluate(tf.data.Dataset.from_tensors((x, vectors)), verbose=0, return_dict=True)
    model.fit(x, COLUMNS, validation_data=(x, COLUMNS), epochs=1, verbose=0)
    assert not np.array_equal(
        model.sample(labels=COLUMNS, seed=1)[0], model.sample(labels={**COLUMNS, "age": [20, 20]}, seed=1)[0]
    )


def test_it_learns_what_the_attributes_say(model, rng):
    age, colour = rng.normal(40, 10, 300), rng.choice(["red", "green", "blue"], 300)
    images = np.zeros((300, *SHAPE), "float32")
    images[age > 40, :4, :4] = 1.0
    images[colour == "red", 4:, 4:] = 1.0
    columns = {"age": age, "colour": colour, "height": np.zeros(300)}
    model.fit(images, columns, epochs=40, batch_size=30, verbose=0)
    asked = {"age": [60, 20, 60, 20], "colour": ["green", "green", "red", "red"], "height": [0] * 4}
    sampled = model.sample(labels=asked, seed=0).numpy()
    np.testing.assert_array_equal(sampled[:, :4, :4].mean(axis=(1, 2, 3)) > 0.5, [True, False, True, False])
    np.testing.assert_array_equal(sampled[:, 4:, 4:].mean(axis=(1, 2, 3)) > 0.5, [False, False, True, True])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({**COLUMNS, "colour": ["pink", "red"]}, "colour='pink': must be one of 'red', 'green', 'blue'"),
        ({**COLUMNS, "age": [np.nan, 3]}, "age=nan: must be a finite number"),
        ({**COLUMNS, "age": ["old", "young"]}, "age='old': must be a finite number"),
        ({**COLUMNS, "age": [3, 4, 5]}, "give columns of one length"),
        ({**COLUMNS, "weight": [3, 4]}, "attribute='weight': must be one of"),
        ({"age": [3, 4]}, "'colour' is missing"),
        (VECTORS[:, :3], r"conditions have shape \(2, 3\): this model takes \('batch', 5\)"),
        (VECTORS[:1], "1 conditions for 2 examples"),
        (VECTORS.astype("int64"), "conditions have dtype int64"),
        (np.nan * VECTORS, "conditions hold nan"),
        (None, r"needs a float vector \(age, colour=red, .*\) per example"),
    ],
)
def test_wrong_conditions_name_the_value_and_the_rule(model, x, columns, message):
    with pytest.raises(ValueError, match=message):
        model.encode(x, columns)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({}, "must be a table of 1 to"),
        ({"colour": ["red"]}, "attributes.colour=.*two or more different words"),
        ({"colour": ["red", "red"]}, "two or more different words"),
        ({"colour": ["red", 3]}, "texts of 1 to 200 characters"),
        ({"age": {"mean": 1.0}}, "attributes.age="),
        ({"age": {"mean": 1.0, "std": 0.0}}, "attributes.age.std=0"),
        ({"age": "numbers"}, "attributes.age='numbers'"),
        ({3: "number"}, "attributes=3"),
    ],
)
def test_wrong_descriptions_of_attributes(attributes, message):
    with pytest.raises(ValueError, match=message):
        AttributeConditionalVAE(SHAPE, attributes, 2)


def test_a_preset_keeps_the_names_and_the_standardisation(model, tmp_path):
    folder = zoo.save_to_preset(model, tmp_path / "preset")
    again = zoo.load(folder)
    assert again.attributes == model.attributes
    np.testing.assert_array_equal(again.sample(labels=COLUMNS, seed=3), model.sample(labels=COLUMNS, seed=3))
    assert "the attributes age, colour, height" in zoo.card(folder)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        keras.models.load_model(tmp_path / "model.keras").sample(labels=COLUMNS, seed=3),
        model.sample(labels=COLUMNS, seed=3),
    )


def test_a_build_for_a_device_takes_columns_and_vectors(model, tmp_path):
    export.tflite(model, tmp_path / "build", format="float32")
    build = lite.load(tmp_path / "build")
    assert build.attributes == model.attributes
    expected = model.sample(labels=COLUMNS, seed=3)
    for labels in (COLUMNS, model.vectors(COLUMNS)):
        np.testing.assert_allclose(build.sample(labels=labels, seed=3), expected, atol=1e-4)
    with pytest.raises(ValueError, match="colour='pink': must be one of"):
        build.sample(labels={**COLUMNS, "colour": ["pink", "red"]})
    with pytest.raises(ValueError, match=r"pass sample\(labels=...\) a dict of columns for age, colour, height"):
        build.sample(2)
    with pytest.raises(ValueError, match=r"conditions have shape \(2, 3\)"):
        build.decode(np.zeros((2, 2), "float32"), VECTORS[:, :3])
