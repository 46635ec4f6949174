"""A real Redis: there, full of rubbish, stopped, and gone; answers are the same in every state."""

import os
import shutil
import signal
import socketserver
import subprocess
import threading
import time

import pytest
import redis

from pricetrail.flows.local import free
from pricetrail.serving.cache import Memory, Redis

PRICE = "/v1/predict-price/85123A?cost=1.1"


class Server:
    """A Redis of a test's own."""

    def __init__(self, folder):
        self.port = free(0)
        self.url = f"redis://127.0.0.1:{self.port}/0"
        command = ["redis-server", "--port", str(self.port), "--save", "", "--dir", str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.client = redis.Redis(port=self.port)
        for _ in range(100):
            try:
                self.client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.05)

    def stop(self):
        """Keep the connection open and answer nothing."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server(tmp_path):
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    server = Server(tmp_path)
    yield server
    server.close()


def asked(client):
    """The answer without its receipt's number, which is another one each time."""
    found = client.get(PRICE)
    assert found.status_code == 200
    return {name: value for name, value in found.json.items() if name != "receipt"}


def hits(client):
    lines = client.get("/metrics").text.splitlines()
    return next(
        float(line.split()[1])
        for line in lines
        if line.startswith('pricetrail_cache_asked_total{found="yes"')
    )


def test_processes_share_answers(served, server):
    one, other = served.client(redis=server.url), served.client(redis=server.url)
    assert asked(one) == asked(other) == asked(served.client())
    assert (hits(one), hits(other)) == (0, 1)
    (key,) = server.client.keys()
    assert served.id in key.decode()


def test_another_release_is_another_key(served, server):
    client = served.client(redis=server.url)
    before = asked(client)
    served.promote({"price": 3.1})
    assert asked(client)["now"] != before["now"]
    assert len(server.client.keys()) == 2


@pytest.mark.parametrize("rubbish", [b"", b"x" * 10, b"x" * 100_000, None])
def test_rubbish_changes_nothing(served, server, rubbish):
    client = served.client(redis=server.url)
    before = asked(client)
    (key,) = server.client.keys()
    content = server.client.get(key)
    server.client.set(key, content.replace(b"2.66", b"2.67") if rubbish is None else rubbish)
    assert asked(client) == before
    server.client.delete(key)
    server.client.rpush(key, "a list")
    assert asked(client) == before


def test_answer_under_another_key_is_not_believed(server):
    cache = Redis(server.url)
    cache.put("one", b"answer")
    server.client.rename("one", "other")
    assert cache.get("other") is None


@pytest.mark.parametrize("end", ["stop", "close"])
def test_redis_that_does_not_answer_is_left_alone(served, server, end):
    client = served.client(redis=server.url)
    before = asked(client)
    getattr(server, end)()
    assert [asked(client) for _ in range(5)] == [before] * 5


@pytest.mark.parametrize("answer", [b"$5\r\nhello\r\n", b"*-1\r\n", b"HTTP/1.1 400 Bad\r\n\r\n"])
def test_what_is_no_redis_changes_nothing(served, answer):
    class Odd(socketserver.BaseRequestHandler):
        def handle(self):
            while self.request.recv(4096):
                self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Odd) as other:
        other.daemon_threads = True
        threading.Thread(target=other.serve_forever, daemon=True).start()
        client = served.client(redis=f"redis://127.0.0.1:{other.server_address[1]}")
        assert [asked(client) for _ in range(2)] == [asked(served.client())] * 2
        other.shutdown()


def test_redis_that_comes_back_is_asked_again(server):
    now = [0.0]
    cache = Redis(server.url, clock=lambda: now[0])
    cache.put("key", b"answer")
    server.stop()
    assert cache.get("key") is None
    os.kill(server.process.pid, signal.SIGCONT)
    assert cache.get("key") is None
    now[0] = 10.0
    assert cache.get("key") == b"answer"


def test_memory_forgets_what_was_asked_for_least_recently():
    cache = Memory(size=2)
    for key in ("a", "b"):
        cache.put(key, key.encode())
    cache.get("a")
    cache.put("c", b"c")
    assert [cache.get(key) for key in "abc"] == [b"a", None, b"c"]
