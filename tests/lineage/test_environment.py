from pricetrail.lineage.environment import environment, graphics

INFORMATION = """Model: \t\t NVIDIA H100 80GB HBM3
IRQ:   \t\t 20
GPU UUID: \t GPU-0
"""


def test_graphics_processors_are_named_with_their_driver(tmp_path):
    for name in ("0000:00:05.0", "0000:00:06.0"):
        (tmp_path / "gpus" / name).mkdir(parents=True)
        (tmp_path / "gpus" / name / "information").write_text(INFORMATION)
    (tmp_path / "version").write_text("NVRM version: NVIDIA UNIX  Kernel Module  580.65\nGCC version: 12\n")
    found = graphics(tmp_path)
    assert found["model"] == ["NVIDIA H100 80GB HBM3"] * 2
    assert found["driver"] == "NVRM version: NVIDIA UNIX Kernel Module 580.65"


def test_without_a_graphics_processor_none_is_spoken_of(tmp_path):
    assert graphics(tmp_path) is None
    assert ("gpu" in environment()) == (graphics() is not None)
