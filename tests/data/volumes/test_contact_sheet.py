import numpy as np

from keras_stylegan.data.volumes.contact_sheet import chosen, contact_sheet


def test_chosen_are_spread():
    assert chosen(3, 8) == [0, 1, 2]
    assert chosen(101, 3) == [0, 50, 100]
    assert chosen(1, 6) == [0]


def test_the_sheet_shows_slices_in_their_place_and_marks_at_their_sides():
    rows = [np.full((2, 96, 48), 100 * 257, np.uint16), np.full((1, 96, 48), 0, np.uint16)]
    sheet = np.asarray(contact_sheet(rows, ["first", "second"], "APRL"))
    # 96 x 48 becomes 192 x 96, with gaps of 4 and a line of 18: two columns and two rows.
    assert sheet.shape == (2 * (192 + 18 + 4) + 4, 2 * (96 + 4) + 4)
    tile = sheet[22 : 22 + 192, 4 : 4 + 96]
    assert np.median(tile) == 100 and np.median(sheet[236 : 236 + 192, 4:100]) == 0
    white = np.argwhere(tile == 255)
    middle = abs(white[:, 1] - 48) < 10
    assert set(np.unique(white[middle, 0] < 96)) == {True, False}
    assert (white[~middle, 1] < 20).any() and (white[~middle, 1] > 76).any()
    # Nothing is drawn where the second row has no second slice.
    assert (sheet[236 : 236 + 192, 104:200] == 40).all()
