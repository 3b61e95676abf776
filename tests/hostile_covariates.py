"""Hostile commands about covariates; see `hostile_rows`."""

from hostile_rows import Row, grey

IMAGES = {f"images/AD/p{n}_{n}.png": grey() for n in (1, 2)} | {f"images/NC/p{n}_{n}.png": grey() for n in (3, 4)}
TRAIN = (
    "train adni64 --run-dir @/new --data.path @/images --data.cache-dir @/cache --model.resolution 8 "
    "--training.batch-size 4 --model.covariates"
)
TABLE = "path,subject,age\nAD/p1_1.png,p1,70\nAD/p2_2.png,p2,71\nNC/p3_3.png,p3,72\nNC/p4_4.png,p4,73\n"

COVARIATES = [
    Row("a covariate that no image has", f"{TRAIN} age", "no covariate 'age'; there are slice. Received", IMAGES),
    Row("a covariate that some images lack", f"{TRAIN} slice", "1 of 5 training images have no number for 'slice'",
        IMAGES | {"images/NC/p5.png": grey()}),
    Row("text for a covariate", f"{TRAIN} age --data.table @/t.csv", "1 of 4 training images have no number for",
        IMAGES | {"t.csv": TABLE.replace("72", "old")}),
    Row("not a number for a covariate", f"{TRAIN} age --data.table @/t.csv", "1 of 4 training images have no number",
        IMAGES | {"t.csv": TABLE.replace("72", "nan")}),
    Row("a constant covariate", f"{TRAIN} age --data.table @/t.csv", "'age' is 70 for all 4 training images",
        IMAGES | {"t.csv": TABLE.replace("71", "70").replace("72", "70").replace("73", "70")}),
    Row("a covariate twice", f"{TRAIN} slice slice", "model.covariates must be different names", IMAGES),
    Row("a covariate that is a class", f"{TRAIN} class", "model.covariates must be different names", IMAGES),
    Row("a table with an image that is not there", f"{TRAIN} age --data.table @/t.csv",
        "names 1 images that are not in @/images, e.g. AD/p9_9.png",
        IMAGES | {"t.csv": TABLE + "AD/p9_9.png,p9,60\n"}),
    Row("a table with an image twice", f"{TRAIN} age --data.table @/t.csv", "names 1 images twice, e.g. AD/p1_1.png",
        IMAGES | {"t.csv": TABLE + "AD/p1_1.png,p1,70\n"}),
    Row("a table that is not there", f"{TRAIN} age --data.table @/t.csv", "t.csv cannot be read: No such", IMAGES),
    Row("a binary table", f"{TRAIN} age --data.table @/t.csv", "t.csv cannot be read: it is no",
        IMAGES | {"t.csv": b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe"}),
    Row("a table beside phantoms", "train --data.table @/t.csv", "data.table is for a folder of images",
        {"t.csv": TABLE}),
    Row("resuming with other covariates", "train --run-dir @/run --resume --data.cache-dir @/cache --model.covariates",
        "model.covariates = ('slice_height_mm',) and cannot continue with ()"),
] + [
    Row(f"generate {options}", f"generate @/run {options}", words)
    for options, words in (
        ("--covariate slice_height_mm=1000", "covariate slice_height_mm must be from "),
        ("--covariate slice_height_mm=nan", "covariate slice_height_mm must be from "),
        ("--covariate slice_height_mm=top", "covariate must be NAME=VALUE with a number"),
        ("--covariate slice_height_mm", "covariate must be NAME=VALUE with a number"),
        ("--covariate age=70", "covariate must be one of slice_height_mm, as NAME=VALUE. Received: 'age=70'"),
        ("--sweep -1", "sweep must be from 0 to 100. Received: -1"),
    )
]  # fmt: skip
