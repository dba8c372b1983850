import numpy as np
import pytest
from PIL import Image

from keras_vae import data, training
from keras_vae.training import Recipe

SHAPE = (8, 8, 1)
COUNT = 40
COLOURS = ("red", "green", "blue")


def row(i):
    return f"images/{i:02d}.png,{COLOURS[i % 3]},{20 + i % 5},{i % 2}"


def write(folder, rows=None, header="file,colour,age,sex"):
    (folder / "table.csv").write_text("\n".join([header, *(map(row, range(COUNT)) if rows is None else rows)]) + "\n")
    return folder / "table.csv"


@pytest.fixture
def table(tmp_path):
    (tmp_path / "images").mkdir()
    for i in range(COUNT + 1):
        Image.new("L", (8, 8), 3 * i).save(tmp_path / "images" / f"{i:02d}.png")
    return write(tmp_path)


def test_attributes_become_vectors_of_the_right_images(table):
    found = data.ImageTable(table, SHAPE, words=["sex"])
    assert found.name == "table.csv"
    train, test = found("train"), found("test")
    assert (len(train.labels), len(test.labels)) == (36, 4)  # the file that the table does not name is left out
    numbers = train.images[:, 0, 0, 0] // 3
    np.testing.assert_array_equal(train.labels, numbers)
    ages = 20.0 + numbers % 5
    assert found.attributes == {
        "age": {"mean": pytest.approx(ages.mean()), "std": pytest.approx(ages.std())},
        "colour": ["blue", "green", "red"],
        "sex": ["0", "1"],
    }
    _images, vectors = data.arrays(found, "train")
    assert vectors.dtype == np.float32
    expected = [
        [(20 + n % 5 - ages.mean()) / ages.std(), n % 3 == 2, n % 3 == 1, n % 3 == 0, n % 2 == 0, n % 2 == 1]
        for n in numbers
    ]
    np.testing.assert_allclose(vectors, expected, rtol=1e-5, atol=1e-5)
    batch, given = next(iter(data.load(found, "train", batch_size=10)))
    order = np.round(batch[:, 0, 0, 0].numpy() * 255).astype(int) // 3
    np.testing.assert_array_equal(given, vectors[[list(numbers).index(n) for n in order]])


def test_columns_are_chosen_and_a_number_is_a_number_unless_it_is_said_to_be_a_word(table):
    assert list(data.ImageTable(table, SHAPE, attributes=["sex"]).attributes) == ["sex"]
    assert set(data.ImageTable(table, SHAPE, attributes=["sex"]).attributes["sex"]) == {"mean", "std"}
    moved = [",".join(row(i).split(",")[::-1]) for i in range(COUNT)]
    write(table.parent, moved, "sex,age,colour,file")
    assert set(data.ImageTable(table, SHAPE, file_column="file").attributes) == {"sex", "age", "colour"}


def test_a_table_of_excel_is_read(table):
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes().replace(b"\n", b"\r\n"))
    assert set(data.ImageTable(table, SHAPE).attributes) == {"colour", "age", "sex"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda rows: [*rows[:3], "images/03.png,,23,1", *rows[4:]],
            "line 5: 'colour' is ''. Give every image a value",
        ),
        (lambda rows: [*rows[:3], "images/03.png,red,NaN,1", *rows[4:]], "line 5: 'age' is 'NaN'. Give every"),
        (
            lambda rows: [*rows[:3], "images/99.png,red,23,1", *rows[4:]],
            "line 5: .*99.png is no file. Names are relative",
        ),
        (lambda rows: [*rows, rows[2]], "line 42: 'images/02.png' stands in line 4 already"),
        (lambda rows: [*rows, "table.csv,red,23,1"], "line 42: 'table.csv' is no image file"),
        (lambda rows: [*rows, "/etc/hosts,red,23,1"], "line 42: '/etc/hosts' is no file name relative"),
        (lambda rows: [*rows, "images/40.png,red,23"], "line 42: has 3 cells, and the header has 4"),
        (lambda rows: [r.rsplit(",", 1)[0] + ",7" for r in rows], "'sex' is 7.0 in every row to train on"),
        (
            lambda rows: [r.replace("red", "green").replace("blue", "green") for r in rows],
            "'colour' is 'green' in every row",
        ),
        (
            lambda rows: [r.replace(",2", f",n{i}", 1) for i, r in enumerate(rows)],
            "'age' has 40 different words in 40 rows",
        ),
        (lambda rows: rows[:1], "holds one image"),
        (lambda rows: [], "has no rows"),
        (lambda rows: ['images/00.png,"red,20,1'], "line 2: is no CSV"),
    ],
)
def test_what_is_no_such_table_is_an_error_that_names_the_row(table, change, message):
    write(table.parent, change([row(i) for i in range(COUNT)]))
    with pytest.raises(ValueError, match=message):
        data.ImageTable(table, SHAPE)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("file,age,age,sex", "names 'age' where each column needs a name of its own"),
        ("file,,age,sex", "names '' where"),
        ("file;colour;age;sex", "semicolons between its cells"),
        ("file", "has 4 cells, and the header has 1"),
    ],
)
def test_a_wrong_header_is_an_error(table, header, message):
    write(table.parent, header=header)
    with pytest.raises(ValueError, match=message):
        data.ImageTable(table, SHAPE)


def test_wrong_arguments(table, tmp_path):
    with pytest.raises(ValueError, match="attributes='height': must be one of 'colour', 'age', 'sex'"):
        data.ImageTable(table, SHAPE, attributes=["height"])
    with pytest.raises(ValueError, match="file_column='name': must be one of"):
        data.ImageTable(table, SHAPE, file_column="name")
    with pytest.raises(ValueError, match="has no column beside 'file'"):
        data.ImageTable(table, SHAPE, attributes=[])
    with pytest.raises(FileNotFoundError, match="none.csv is no file"):
        data.ImageTable(tmp_path / "none.csv", SHAPE)
    table.write_bytes("file,c\nä,b\n".encode("latin-1"))
    with pytest.raises(ValueError, match="not encoded in UTF-8"):
        data.ImageTable(table, SHAPE)


def test_a_file_outside_is_refused_unless_asked_for(tmp_path, table):
    inner = tmp_path / "inner"
    inner.mkdir()
    rows = [f"../images/{i:02d}.png,{COLOURS[i % 3]}" for i in range(COUNT)]
    outside = write(inner, rows, "file,colour")
    with pytest.raises(ValueError, match=r"images/00.png leads to .*, outside of .*inner"):
        data.ImageTable(outside, SHAPE)
    found = data.ImageTable(outside, SHAPE, follow_links=True)
    assert len(found("train").labels) == 36
    assert len(found.fingerprint) == 64


def test_damaged_files_are_skipped_with_their_rows(table):
    expected = dict(
        zip(
            *(data.ImageTable(table, SHAPE)("train").labels, data.arrays(data.ImageTable(table, SHAPE), "train")[1]),
            strict=True,
        )
    )
    for i in range(8):
        (table.parent / "images" / f"{i:02d}.png").write_bytes(b"broken")
    found = data.ImageTable(table, SHAPE, corrupt="skip", cache_bytes=0)
    with pytest.warns(UserWarning, match="skipped"):
        images, vectors = data.arrays(found, "train")
    numbers = np.round(images[:, 0, 0, 0] * 255).astype(int) // 3
    assert numbers.min() >= 8
    np.testing.assert_array_equal(vectors, [expected[n] for n in numbers])


def test_the_fingerprint_knows_the_attributes(table):
    before = data.ImageTable(table, SHAPE).fingerprint
    assert data.ImageTable(table, SHAPE, cache_bytes=0).fingerprint == before
    assert data.ImageTable(table, SHAPE, attributes=["age"]).fingerprint != before
    rows = [row(i) for i in range(COUNT)]
    write(table.parent, [rows[0].replace("red", "blue"), *rows[1:]])
    assert data.ImageTable(table, SHAPE).fingerprint != before


def recipe(attributes, **model):
    return Recipe.from_dict(
        {
            "model": {
                "class": "AttributeConditionalVAE",
                "data_shape": list(SHAPE),
                "attributes": attributes,
                "latent_size": 2,
                **model,
            },
            "data": {"name": "folder", "validation": 6},
            "training": {"epochs": 2, "batch_size": 5},
        }
    )


def test_a_model_of_the_same_attributes_is_trained_in_memory_and_from_files(table, tmp_path):
    found = [data.ImageTable(table, SHAPE), data.ImageTable(table, SHAPE, cache_bytes=0)]
    settings = recipe(found[0].attributes, likelihood="gaussian")
    first, second = (
        training.train(settings, tmp_path / str(i), source=source, verbose=0) for i, source in enumerate(found)
    )
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert "val_elbo" in training.read_history(tmp_path / "0")[-1]


def test_a_model_of_other_attributes_is_refused(table, tmp_path):
    found = data.ImageTable(table, SHAPE)
    other = {**found.attributes, "colour": ["red", "green"]}
    with pytest.raises(ValueError, match=r"others than those of table.csv.*\n\[model.attributes\]\ncolour = \["):
        training.train(recipe(other), tmp_path / "run", source=found, verbose=0)
    images = data.ImageFolder(table.parent / "images", SHAPE)
    with pytest.raises(
        ValueError, match=r"images has no attributes: train an AttributeConditionalVAE on a data.ImageTable"
    ):
        training.train(recipe(found.attributes), tmp_path / "run", source=images, verbose=0)
