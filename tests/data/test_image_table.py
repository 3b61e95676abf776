import numpy as np
import pytest
from PIL import Image

from keras_stylegan.config import Config, DataConfig, ModelConfig
from keras_stylegan.data.sources import load_images, source_of
from keras_stylegan.errors import InputError

ROWS = "path,subject,label,age\ntrain/AD/1_3.png,p1,AD,70\ntrain/AD/2_4.png,p1,,71.5\ntest/NC/9_1.png,p9,NC,64\n"


@pytest.fixture
def folder(tmp_path):
    for name in ("train/AD/1_3", "train/AD/2_4", "train/NC/3_5", "test/NC/9_1"):
        path = tmp_path / "images" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(len(name) + ord(name[-1])).integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    return tmp_path


def config(folder, text, **options):
    table = folder / "table.csv"
    table.write_text(text)
    data = DataConfig(path=folder / "images", table=table, cache_dir=folder / "cache", **options)
    return Config(model=ModelConfig(resolution=8), data=data)


def test_subjects_and_numbers_come_from_the_rows_and_else_from_the_names(folder):
    data = load_images(config(folder, ROWS.replace(",,", ",AD,")), "train", progress=False)
    assert data.subjects.tolist() == ["p1", "p1", "3"]
    np.testing.assert_array_equal(data.labels["age"], [70, 71.5, np.nan])
    assert data.labels["slice"].tolist() == [3, 4, 5]
    assert data.classes == ("AD", "NC")
    other = load_images(config(folder, ROWS.replace(",,71.5", ",AD,72")), "train", progress=False)
    assert other.labels["age"][1] == 72 and other.fingerprint != data.fingerprint


def test_a_number_of_the_table_stands_before_one_of_the_name(folder):
    text = "path,slice\ntrain/AD/1_3.png,30\n"
    assert load_images(config(folder, text), "train", progress=False).labels["slice"].tolist() == [30, 4, 5]


def test_labels_of_images_without_class_folders(folder):
    for file in sorted((folder / "images").rglob("*.png")):
        file.rename(folder / "images" / file.name)
    for name in ("train", "test"):
        for path in sorted((folder / "images" / name).rglob("*"), reverse=True):
            path.rmdir()
        (folder / "images" / name).rmdir()
    text = "path,label\n1_3.png,old\n2_4.png,young\n3_5.png,old\n9_1.png,young\n"
    made = config(folder, text)
    assert source_of(made).classes == ("old", "young")
    data = load_images(made, "train", progress=False)
    assert data.classes == ("old", "young") and data.labels["class"].tolist() == [0, 1, 0, 1]
    with pytest.raises(InputError, match=r"table.csv has no label for 9_1.png"):
        load_images(config(folder, text.replace("9_1.png,young\n", "")), "train", progress=False)
    with pytest.raises(InputError, match=r"has labels that cannot be classes. Received: \['old', 'you/ng'\]"):
        load_images(config(folder, text.replace("young", "you/ng")), "train", progress=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            ROWS + "train/AD/8_8.png,p8,AD,60\n",
            r"table.csv names 1 images that are not in .*, e.g. train/AD/8_8.png: its",
        ),
        (ROWS + "train/AD/./1_3.png,p8,AD,60\n", "table.csv names 1 images twice, e.g. train/AD/1_3.png"),
        (ROWS + "train/NC/3_5.png,p3\n", "table.csv line 5 is refused: it has 2 cells and the header 4"),
        (ROWS.replace("path", "file"), "table.csv has no column 'path'; its columns are file, subject, label, age"),
        (ROWS.replace("age", "age at scan"), "table.csv has a column 'age at scan': a name is of letters"),
        (ROWS.replace("p9,NC", "p9,AD"), "test/NC/9_1.png in the class 'AD', its folder says 'NC'"),
    ],
)
def test_tables_that_cannot_be_used(folder, text, message):
    with pytest.raises(InputError, match=message) as caught:
        load_images(config(folder, text.replace(",,", ",AD,")), "test", progress=False)
    assert "\n" not in str(caught.value)


def test_only_beside_a_folder_of_images(folder):
    with pytest.raises(InputError, match="data.table is for a folder of images"):
        source_of(Config(data=DataConfig(source="phantom", table=folder / "table.csv")))
    with pytest.raises(InputError, match="none.csv cannot be read: No such file"):
        load_images(Config(data=DataConfig(path=folder / "images", table=folder / "none.csv")), "train", progress=False)
