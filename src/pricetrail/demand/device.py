"""Where networks are trained: on the graphics processor where there is one, by the same code."""

from __future__ import annotations

import os
from functools import cache

import torch

# The product of matrices by CUDA adds up in the same order each time only with a work space of a fixed size.
WORK_SPACE = "CUBLAS_WORKSPACE_CONFIG", ":4096:8"


@cache
def device() -> torch.device:
    """CUDA where it is at hand, set to repeat itself to the bit as far as it can; the processor elsewhere."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    os.environ.setdefault(*WORK_SPACE)
    torch.use_deterministic_algorithms(True, warn_only=True)  # a new operation may have no such way
    return torch.device("cuda")


@cache
def precision(kind: str) -> torch.autocast:
    """Products of matrices in half the digits, four times as fast, where the hardware can; others feign it."""
    if kind == "cuda":
        able = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        able = bool(torch.cpu.get_capabilities().get("avx512_bf16", False))
    return torch.autocast(kind, torch.bfloat16, enabled=able)
