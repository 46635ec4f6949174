"""Pieces of work, where every worker finds them by name."""

import os
import signal
import time
from pathlib import Path

import numpy as np


def square(number):
    return number * number


def process(number):
    time.sleep(0.2)
    return os.getpid()


def picky(number):
    if number == 3:
        raise ValueError("three is not to be had")
    return number


def killing(marker, number):
    """Kills the worker that does piece 3, the first time."""
    marker = Path(marker)
    if number == 3 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def deadly(number):
    if number:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def text(files, name):
    return (files.folder() / name).read_text()


def read(files, name):
    return (files.folder() / name).read_bytes()


def summed(seed):
    """A sum that comes out in other bits when it is added up in another order."""
    matrix = np.random.default_rng(seed).normal(size=(400, 400)).astype(np.float32)
    return np.linalg.inv(matrix @ matrix.T + np.eye(400, dtype=np.float32)).sum(dtype=np.float32).tobytes()


def length(vector):
    return float(np.sqrt(vector @ vector))
