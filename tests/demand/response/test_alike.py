import numpy as np
import pytest

from pricetrail.demand.response import alike

NAMES = [("1", None), ("2", None), ("3", None), ("4", None)]
TEXTS = ["HOT WATER BOTTLE TEA", "HOT WATER BOTTLE SCOTTY DOG", "PARTY BUNTING", "SPOTTY BUNTING"]


def kin(names=NAMES, texts=TEXTS):
    """Who has how much to say about whom: what each says alone."""
    return alike.kin(names, texts).said(np.eye(len(names)))


def test_rare_words_in_common_make_kin():
    found = kin()
    assert found[0, 1] > 0.5
    assert found[2, 3] > 0
    assert not found[:2, 2:].any()
    assert not found.diagonal().any()


def test_names_without_words_have_no_kin():
    assert not kin(texts=[""] * 4).any()


def test_word_of_every_name_makes_no_kin():
    assert not kin(texts=["SET ONE", "SET TWO", "SET RED", "SET BLUE"]).any()


def test_same_product_in_other_stores_is_kin_without_a_word():
    found = kin(names=[("A", "1"), ("A", "2"), ("B", "1"), ("B", "2")], texts=[""] * 4)
    assert found.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]


def test_word_of_most_names_is_no_trait():
    texts = ["ACME BUNTING", "ACME DOORMAT", "ACME BUNTING", "ACME DOORMAT", "ACME CLOCK", "CLOCK"]
    names = [(str(at), None) for at in range(6)]
    found = alike.traits(names, texts, np.ones(6, bool))
    kinds = [text[-5:] for text in texts]
    assert found @ found.T == pytest.approx(np.equal.outer(kinds, kinds).astype(float))


def test_traits_are_the_words_that_those_whose_price_moved_share():
    found = alike.traits(NAMES, TEXTS, np.array([True, True, True, False]))
    assert found @ found.T == pytest.approx(
        np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    )
    assert alike.traits(NAMES, TEXTS, np.ones(4, bool)).shape == (4, 4)


def test_nobody_moved_and_nobody_has_traits():
    assert not alike.traits(NAMES, TEXTS, np.zeros(4, bool)).any()


def season(control=True):
    expected = np.full((4, 3), 50.0)
    counts = np.array([[50, 50, 50], [50, 100, 25], [50, 50, 50], [50, 50, 50]], float)
    return alike.season(counts, expected, np.full((4, 3), control), alike.kin(NAMES, TEXTS), np.arange(4))[0]


def test_season_is_that_of_kin_shrunk():
    found = season()
    assert 1.5 < found[0, 1] < 2
    assert 0.5 < found[0, 2] < 0.75
    assert found[2:] == pytest.approx(np.ones((2, 3)))


def test_own_counts_make_no_season():
    assert season()[1] == pytest.approx(np.ones(3))


def test_kin_at_another_price_is_no_control():
    assert season(control=False) == pytest.approx(np.ones((4, 3)))
