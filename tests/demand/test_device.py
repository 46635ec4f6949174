import torch

from pricetrail.demand.device import device, precision
from pricetrail.demand.network import Architecture, OrderNetwork


def test_trains_on_cuda_just_where_it_is():
    assert device().type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_precision_is_the_hardware_s():
    able = torch.cpu.get_capabilities().get("avx512_bf16", False)
    with precision("cpu"):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.bfloat16 if able else torch.float32)


def test_a_step_touches_nothing_that_lies_off_the_device():
    """A device without values: an operation that mixes it with the processor fails, as it would on CUDA."""
    shape = Architecture(numeric=3, levels=(5, 4), atoms=(0.7, 1.1, 2.0), layers=2, width=16, dropout=0.2)
    network = OrderNetwork(shape).to("meta").train()
    numeric, categories = (
        torch.zeros(8, 3, device="meta"),
        torch.zeros(8, 2, dtype=torch.int64, device="meta"),
    )
    network.mean(network.logits(numeric, categories)).sum().backward()
    assert {each.grad.device.type for each in network.parameters()} == {"meta"}
