"""Small sources of volumes with a table, and datasets prepared from them."""

from small_volumes import head, save_nifti

from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.preparation import prepare_volumes

OPTIONS = VolumeOptions(size=(16, 32), spacing=2.0, min_brain=0.0, workers=2)


def write_source(root, subjects=5, sessions=2):
    """A CSV of two classes: subjects P0 ... of alternating class, with two time points each."""
    lines = ["path,subject,session,label,age"]
    for subject in range(subjects):
        for session in range(sessions):
            name = f"P{subject}_{session}.nii.gz"
            save_nifti(root / name, head(seed=10 * subject + session))
            lines.append(f"{name},P{subject},202{session}-01-01,{('AD', 'NC')[subject % 2]},{60 + subject}")
    (root / "table.csv").write_text("\n".join(lines) + "\n")
    return root / "table.csv"


def prepare(source, out, **changes):
    options = VolumeOptions(**{**{name: getattr(OPTIONS, name) for name in vars(OPTIONS)}, **changes})
    return prepare_volumes(source, out, options, progress=False)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
