from pathlib import Path

from keras_stylegan.data.file_name import NameReader
from keras_stylegan.data.listing import ImageFile, Listing
from keras_stylegan.data.split import divided, held_out


def test_the_split_takes_its_share_of_every_class():
    labels = {
        f"{name}{number}": name for name, count in (("AD", 20), ("NC", 10), ("MCI", 2)) for number in range(count)
    }
    test = held_out(labels, 0.2, seed=0)
    assert {name: sum(labels[s] == name for s in test) for name in ("AD", "NC", "MCI")} == {"AD": 4, "NC": 2, "MCI": 1}
    assert test == held_out(dict(reversed(labels.items())), 0.2, seed=0) != held_out(labels, 0.2, seed=1)


def test_a_class_of_one_is_trained_on_and_no_share_holds_none_out():
    assert held_out({"a": "AD"}, 0.5, 0) == set() == held_out({"a": "AD", "b": "AD"}, 0.0, 0)
    assert len(held_out({"a": "AD", "b": "AD"}, 0.99, 0)) == 1


def listing(*names):
    return Listing(Path("x"), ("AD", "NC"), [ImageFile(name, int(name[:2] == "NC"), 1, 1) for name in names], 0)


def test_no_subject_is_parted_and_every_class_gives_its_share():
    names = [f"{kind}/{kind}{person}_{i}.png" for kind in ("AD", "NC") for person in range(5) for i in range(3)]
    # Two people changed their class, two names tell no subject.
    names += ["AD/x_1.png", "NC/x_2.png", "AD/y_1.png", "NC/y_2.png", "AD/a.png", "AD/b.png"]
    reader = NameReader(r"(?P<subject>.+)_(?P<slice>\d+)")
    parts = divided(listing(*sorted(names)), reader, 0.4, seed=0)
    people = {split: {reader.read(f.name)[0] or f.name for f in part.files} for split, part in parts.items()}
    assert not people["train"] & people["test"]
    assert sorted(f.name for part in parts.values() for f in part.files) == sorted(names)
    # 0.4 of 7 (two of them single images) and of 5, rounded; one of the two of both classes.
    counts = [sum(name[:2] == kind for name in people["test"]) for kind in ("AD", "NC")]
    assert counts[1] == 2 and len(people["test"] & {"x", "y"}) == 1 and len(people["test"]) == 3 + 2 + 1
    assert divided(listing(*sorted(names)), reader, 0.4, seed=0) == parts
    assert divided(listing(*sorted(names)), reader, 0.4, seed=1) != parts
