"""What delivers: workflows, images and the stack, held to what can be told of them without running them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
SHOPS = ROOT / "src/pricetrail/shop/template/github/workflows"
WORKFLOWS = [*sorted((ROOT / ".github/workflows").glob("*.yml")), *sorted(SHOPS.glob("*.yml"))]
LAMBDA = (ROOT / "deploy/Dockerfile.lambda").read_text()


class Template(yaml.SafeLoader):
    """Reads CloudFormation's short tags as what they hold."""


Template.add_multi_constructor("!", lambda loader, tag, node: {f"!{tag}": _value(loader, node)})


def _value(loader, node):
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    return (
        loader.construct_sequence(node, deep=True)
        if isinstance(node, yaml.SequenceNode)
        else loader.construct_mapping(node, deep=True)
    )


STACK = yaml.load((ROOT / "deploy/template.yaml").read_text(), Template)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_grants_no_more_than_it_says(path):
    found = yaml.safe_load(path.read_text())
    assert "permissions" in found
    assert found["permissions"] in ({}, {"contents": "read"})
    assert "pull_request_target" not in path.read_text()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_expression_inside_a_script(path):
    """What somebody typed must reach a shell as a variable, never as its text."""
    steps = [
        step for job in yaml.safe_load(path.read_text())["jobs"].values() for step in job.get("steps", [])
    ]
    typed = re.compile(r"\$\{\{\s*(github\.(event|head_ref)|inputs)\b")
    assert [step["run"] for step in steps if typed.search(step.get("run", ""))] == []


def test_what_others_wrote_is_pinned_by_what_it_is():
    """A tag can be moved by whoever takes over its repository; a commit or a digest cannot."""
    used = [step for path in WORKFLOWS for step in re.findall(r"uses: ([^.\s].*)", path.read_text())]
    pinned = re.compile(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|docker://[\w./-]+:[\w.]+@sha256:[0-9a-f]{64}")
    assert [step for step in used if not pinned.fullmatch(step)] == []
    assert len({step.partition("@")[0] for step in used}) == len(set(used))


def test_no_long_lived_keys():
    for path in WORKFLOWS:
        assert not re.search(r"AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)", path.read_text())


def test_actionlint_finds_nothing():
    found = shutil.which("actionlint")
    if found is None:
        pytest.skip("actionlint is not installed")
    done = subprocess.run([found, *WORKFLOWS], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_cfn_lint_finds_no_error():
    found = shutil.which(
        "cfn-lint", path=Path(sys.executable).parent
    )  # the locked one, whatever else is about
    if found is None:
        pytest.skip("cfn-lint is not installed")
    done = subprocess.run([found, ROOT / "deploy/template.yaml"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_image_holds_the_serving_set_for_nobody_in_particular():
    assert "requirements/serving.txt" in LAMBDA
    assert "--require-hashes" in LAMBDA
    assert re.search(r"^USER 10001$", LAMBDA, re.MULTILINE)
    assert (ROOT / ".dockerignore").read_text().split("\n")[1] == "*"


def test_worker_takes_the_whole_command_as_prefect_names_it():
    """Pools of type docker and ecs set a container's command, and leave its entry point as it is."""
    assert "\nENTRYPOINT" not in (ROOT / "deploy/Dockerfile.worker").read_text()


def test_service_may_write_receipts_and_nothing_else():
    statements = STACK["Resources"]["ServiceRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    by_action = {action: each for each in statements for action in _listed(each["Action"])}
    assert {each for each in by_action if each.startswith("s3:")} == {
        "s3:ListBucket",
        "s3:GetObject",
        "s3:PutObject",
    }
    assert by_action["s3:PutObject"]["Resource"]["!Sub"].endswith("/receipts/log/*")
    assert all(each["Effect"] == "Allow" for each in statements)


def test_bucket_is_closed_encrypted_and_outlives_the_stack():
    bucket = STACK["Resources"]["Bucket"]
    assert bucket["DeletionPolicy"] == "Retain"
    assert all(bucket["Properties"]["PublicAccessBlockConfiguration"].values())
    assert bucket["Properties"]["VersioningConfiguration"]["Status"] == "Enabled"


def test_alarms_arrive_and_a_new_account_can_deploy():
    """CloudWatch may not use the key alias/aws/sns; an account that allows ten at once lets none be set aside."""
    assert "KmsMasterKeyId" not in STACK["Resources"]["Alarms"]["Properties"]
    assert STACK["Parameters"]["ReservedConcurrency"]["MinValue"] == 0
    reserved = STACK["Resources"]["Service"]["Properties"]["ReservedConcurrentExecutions"]
    assert reserved["!If"][2] == {"!Ref": "AWS::NoValue"}


def test_registry_lets_functions_take_their_image():
    (statement,) = STACK["Resources"]["Registry"]["Properties"]["RepositoryPolicyText"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert set(statement["Action"]) == {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}


@pytest.mark.parametrize("name", ["shop/prices", "shop@123456/prices@456789", ""])
def test_repository_is_named_as_tokens_name_it(name):
    assert re.fullmatch(STACK["Parameters"]["Repository"]["AllowedPattern"], name)


def test_workflows_may_push_both_images_and_take_those_of_another_stack():
    (policy,) = STACK["Resources"]["DeliveryRole"]["Properties"]["Policies"]
    found = {each.get("Sid"): each.get("Resource") for each in policy["PolicyDocument"]["Statement"]}
    assert found["Push"] == [{"!GetAtt": "Registry.Arn"}, {"!GetAtt": "WorkerRegistry.Arn"}]
    assert found["Take"]["!Sub"].endswith(":repository/pricetrail-*")


def test_worker_can_bring_a_shop_and_work_in_one_of_somebody_elses():
    worker = (ROOT / "deploy/Dockerfile.worker").read_text()
    assert "install --directory --owner 10001 /shops" in worker
    assert "WORKDIR /shops" in worker
    assert "safe.directory" in worker


@pytest.mark.parametrize("path", sorted((ROOT / "deploy").glob("Dockerfile.*")), ids=lambda path: path.name)
def test_image_is_built_of_what_is_there(path):
    named = re.findall(r"requirements/\w+\.txt", path.read_text())
    assert named
    assert all((ROOT / each).exists() for each in named)


def _listed(value):
    return [value] if isinstance(value, str) else value
