from hypothesis import given
from hypothesis import strategies as st

from pricetrail.lineage.receipts import merkle

contents = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def split(leaves):
    """The tree as RFC 9162 defines it, recursively."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return merkle.sha256(merkle.NODE + split(leaves[:k]) + split(leaves[k:])).digest()


def test_known_roots():
    """The tree hashes of Certificate Transparency's own test vectors."""
    inputs = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    leaves = [merkle.leaf(bytes.fromhex(each)) for each in inputs]
    assert merkle.root(leaves[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(contents)
def test_root_is_that_of_the_standard(drawn):
    leaves = [merkle.leaf(each) for each in drawn]
    assert merkle.root(leaves) == split(leaves)


@given(contents)
def test_every_leaf_proves(drawn):
    leaves = [merkle.leaf(each) for each in drawn]
    for at, each in enumerate(leaves):
        assert merkle.rebuilt(each, at, len(leaves), merkle.proof(leaves, at)) == merkle.root(leaves)


@given(contents, st.data())
def test_no_altered_leaf_proves(drawn, data):
    leaves = [merkle.leaf(each) for each in drawn]
    at = data.draw(st.integers(0, len(leaves) - 1))
    other = merkle.leaf(data.draw(st.binary().filter(lambda each: each != drawn[at])))
    assert merkle.rebuilt(other, at, len(leaves), merkle.proof(leaves, at)) != merkle.root(leaves)


@given(contents, st.data())
def test_no_altered_proof_proves(drawn, data):
    leaves = [merkle.leaf(each) for each in drawn]
    at = data.draw(st.integers(0, len(leaves) - 1))
    path = merkle.proof(leaves, at)
    for wrong in ([*path, path[-1] if path else bytes(32)], path[:-1], [bytes(32), *path[1:]]):
        if wrong != path:
            assert merkle.rebuilt(leaves[at], at, len(leaves), wrong) != merkle.root(leaves)


def test_place_outside_of_the_tree():
    leaves = [merkle.leaf(b"a"), merkle.leaf(b"b")]
    assert merkle.rebuilt(leaves[0], 2, 2, merkle.proof(leaves, 0)) is None
