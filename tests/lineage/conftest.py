import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from pricetrail.lineage.keys import Keyring
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.store import FolderStore


@pytest.fixture
def ring(tmp_path):
    """A ring whose folder holds the key it made."""
    return Keyring(tmp_path / "keys", {})


@pytest.fixture
def ledger(tmp_path, ring):
    """A signed ledger in a folder, not yet begun."""
    return Ledger(FolderStore(tmp_path / "store"), ring)


@pytest.fixture(scope="session")
def s3_server():
    """The address of a moto server: a simulator that speaks S3's protocol over HTTP."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=1).close()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        bucket = urllib.request.Request(f"http://127.0.0.1:{port}/records", b"", method="PUT")
        urllib.request.urlopen(bucket, timeout=10).close()
        yield f"http://127.0.0.1:{port}"
        server.terminate()


@pytest.fixture
def s3(s3_server, monkeypatch, tmp_path):
    """The server's address, with credentials that only it takes."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return s3_server
