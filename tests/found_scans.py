"""Finding scans in folders of empty files."""

from keras_stylegan.data.volumes.find import find_scans
from keras_stylegan.data.volumes.options import VolumeOptions


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def found(source, **options):
    return find_scans(source, VolumeOptions(**options))


def told(source, **options):
    return [(s.name, s.subject, s.session, s.label) for s in found(source, **options).scans]
