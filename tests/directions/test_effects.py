from collections import namedtuple

from keras_stylegan.directions.effects import beats_chance, verdict

Factor = namedtuple("Factor", "judged_by_chance")


def effect(value, half=0.2, chance=0.5):
    return {"value": value, "low": value - half, "high": value + half, "chance": chance}


def told(**by_chance):
    return {name: Factor(chance) for name, chance in by_chance.items()}


def test_an_effect_has_to_be_there_and_to_be_more_than_that_of_directions_without_meaning():
    assert beats_chance(effect(1.0)) and beats_chance(effect(-1.0))
    assert not beats_chance(effect(0.4))  # Clear, but what any direction does.
    assert not beats_chance(effect(1.0, half=1.5))  # May be nothing.


def test_the_verdict_names_the_effect_and_what_leaks():
    effects = {"slice": effect(2.0), "AD": effect(-0.3, half=0.1), "size": effect(0.1, half=0.05)}
    text = verdict("slice", effects, told(slice=False, AD=False, size=False))
    assert text == "changes slice +2.0 sd [+1.8, +2.2], chance ±0.5; also AD -0.3 sd [-0.4, -0.2]"


def test_no_better_than_chance_is_said():
    effects = {"slice": effect(0.4), "AD": effect(2.0)}
    text = verdict("slice", effects, told(slice=False, AD=False))
    assert text.startswith("no better than chance for slice +0.4 sd") and "also AD +2.0 sd" in text
    # The wrong way round is no success either.
    assert verdict("AD", {"AD": effect(-2.0)}, told(AD=False)).startswith("no better than chance for AD")


def test_what_cannot_be_told_from_people_cannot_be_judged():
    effects = {"AD": effect(3.0), "slice": effect(1.0)}
    text = verdict("AD", effects, told(AD=True, slice=False))
    assert text.startswith("cannot be judged: AD is told from the images of people no better than by chance")
    assert "also slice" in text
    # Nor does it count as something that leaks.
    assert "AD" not in verdict("slice", effects, told(AD=True, slice=False))


def test_directions_without_a_target():
    effects = {"slice": effect(1.0), "AD": effect(-2.0)}
    known = told(slice=False, AD=False)
    assert verdict("", effects, known) == "changes AD -2.0 sd [-2.2, -1.8], slice +1.0 sd [+0.8, +1.2]"
    assert verdict("", {"AD": effect(0.1)}, known) == "changes none of the factors more than chance does"
    assert verdict("", {}, {}).startswith("not measured")
