from benchmarks.scale import MEASURED, grown, page, unquoted


def test_without_a_curve_two_sizes_stand_for_it():
    exponent, source = grown(None)
    assert 1.0 < exponent < 1.05
    assert source == "log10(38.6 / 3.65)"


def test_a_measured_curve_is_taken():
    assert grown({"exponents": {"etl_pipeline": {"processor": 1.02}}})[0] == 1.02


def test_the_page_shows_its_sums():
    found = page(None)
    alone = MEASURED["prices"].value
    assert (
        f"| cores that answer, none asked for before | 34,722 / {alone:g} | {34_722 / alone:.0f} |" in found
    )
    assert "{" not in found


def test_a_figure_that_its_document_lost_is_named(tmp_path):
    for each in MEASURED.values():
        (tmp_path / each.document).write_text("")
    assert len(list(unquoted(tmp_path))) == len(MEASURED)
