import os
import sys
from pathlib import Path

import pytest
from benchmarks.server import Ask, Service, running

CODE = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_GET(self):
        self.send_response(404 if self.path == "/no" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
SERVICE = Service([sys.executable, "-c", CODE, "{port}"], Path.cwd(), dict(os.environ))


def test_a_service_is_asked_and_ended():
    with running(SERVICE, Ask("/")) as server:
        found = server.asked(lambda at: Ask(f"/{at}"), clients=2, seconds=0.1)
        assert found.a_second > 1
        assert server.memory() > 5
    assert server.process.poll() is not None


def test_a_question_that_is_refused_ends_the_measuring():
    with pytest.raises(SystemExit, match="/no: 404"), running(SERVICE, Ask("/no")):
        pass


def test_a_service_that_dies_is_told():
    dead = Service([sys.executable, "-c", ""], Path.cwd(), {})
    with pytest.raises(SystemExit, match="did not answer"), running(dead, Ask("/")):
        pass
