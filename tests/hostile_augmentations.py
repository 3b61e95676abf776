"""Hostile command lines about augmentation; see `hostile_rows`."""

from hostile_rows import Row

AUGMENTATIONS = [
    Row(f"{option} {value}", f"train --{option} {value}", words)
    for option, value, words in (
        ("augment.operations", "flip invert", "invalid choice 'invert'"),
        ("augment.operations", "flip diffaugment", "augment.operations must be 'diffaugment' alone, or others"),
        ("augment.real-elastic", 0.5, "augment.real_elastic must be from 0 to 0.05. Received: 0.5"),
        ("augment.real-bias-field", "nan", "augment.real_bias_field must be from 0 to 0.5. Received: nan"),
        ("augment.strength", 1.5, "augment.strength must be in [0, 1], or None to adapt it. Received: 1.5"),
        ("augment.strength", "much", "--augment.strength"),
        ("augment.strength", 0.5, "augment.strength must be left out while augment.operations names none"),
        ("augment.ada-target", 1, "augment.ada_target must be above -1 and below 1. Received: 1"),
        ("augment.ada-kimg", 0, "augment.ada_kimg must be greater than 0"),
        (
            "schedule.augment-strength",
            "0 .1 99 .5 --augment.operations blit",
            "schedule.augment_strength must be left out while augment.strength is None, which adapts it",
        ),
        ("schedule.augment-strength", "0 .1 99 2", "pairs (kimg, value) with values greater than 0 and at most 1"),
    )
] + [
    Row("a sheet in a missing folder", "prepare --augmentations @/missing/sheet.png", "there is no folder @/missing"),
    Row("a sheet in place of a folder", "prepare --augmentations @", "Cannot write @: it is a folder"),
]
