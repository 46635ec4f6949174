"""AWS credentials that a real Prefect server keeps, for as long as a run needs them."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KEEP = """
from prefect_aws import AwsCredentials
from pydantic import SecretStr
given = AwsCredentials(
    aws_access_key_id="AKIA1", aws_secret_access_key=SecretStr("hush"), region_name="eu-central-1"
)
given.save("shop")
"""
USE = """
import json, os
from pricetrail.errors import StoreFailed
from pricetrail.flows import credentials
found = credentials.environment("shop")
names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION")
with found.used():
    during = [os.environ.get(name) for name in names]
after = [os.environ.get(name) for name in names]
try:
    credentials.environment("another")
except StoreFailed as error:
    refused = str(error)
print(json.dumps({"during": during, "after": after, "shown": repr(found), "refused": refused}))
"""


def test_run_has_those_of_a_block_and_nobody_is_shown_them(prefect):
    rest = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {
        **rest,
        **prefect.server.environment,
        "AWS_ACCESS_KEY_ID": "mine",
        "AWS_SESSION_TOKEN": "my",
    }
    how = {"env": environment, "capture_output": True, "text": True, "check": True}
    subprocess.run([sys.executable, "-c", KEEP], **how)
    said = json.loads(subprocess.run([sys.executable, "-c", USE], **how).stdout.splitlines()[-1])
    assert said["during"] == ["AKIA1", "hush", None, "eu-central-1"]
    assert said["after"] == ["mine", None, "my", None]
    assert "hush" not in said["shown"]
    assert "aws-credentials/another gives no credentials" in said["refused"]
