"""``pricetrail remote``: where a shop is kept beside its own machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pricetrail.cli.console import AsJson, answer, say, stdout
from pricetrail.shop import pipeline
from pricetrail.shop import policy as policies
from pricetrail.shop import remote as keeping
from pricetrail.shop.policy import Role
from pricetrail.shop.remote import Place

remote = typer.Typer(
    help="Keep a shop's data, history, ledger and receipts in a bucket, or in another folder.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Shop = Annotated[Path, typer.Option(help="The shop's folder.")]


@remote.command("set")
def set_(
    url: Annotated[
        str, typer.Argument(help="s3://bucket/prefix, a folder, or another URL that fsspec reaches.")
    ],
    endpoint: Annotated[
        str | None, typer.Option(help="A server that speaks S3's protocol, when it is not Amazon's own.")
    ] = None,
    encryption: Annotated[
        str | None,
        typer.Option(
            help="How S3 is to encrypt: AES256, aws:kms or aws:kms:KEY. Without: as the bucket does."
        ),
    ] = None,
    shop: Shop = Path(),
    as_json: AsJson = False,
) -> None:
    """Move what is recorded there, push all data, and keep the shop there from now on."""
    there = Place.of(url, endpoint, encryption)
    with pipeline.alone(shop):
        pushed = keeping.move(shop, there)
    if as_json:
        answer({"url": there.url, "commit": pushed.commit, "sent": pushed.sent, "lost": pushed.lost})
        return
    for each in pushed.lost:
        say(f"Lost before it was ever pushed: {each}", style="yellow")
    say(f"{shop.resolve().name} is kept at {there.url} from now on, and is whole there.", to=stdout)


@remote.command()
def show(shop: Shop = Path(), as_json: AsJson = False) -> None:
    """Say where the shop is kept, and how far what is there is behind."""
    found = keeping.standing(shop)
    if as_json:
        answer(found.to_dict())
        return
    for name, value in found.to_dict().items():
        say(f"{name:<11}{'-' if value is None else value}", to=stdout)
    if found.behind:
        say(f"Commits that are not there yet: {found.behind}. Send them with 'pricetrail push'.")


@remote.command()
def policy(
    shop: Shop = Path(),
    role: Annotated[
        Role, typer.Option(help="Who is to have it: the pipeline's worker, or the service.")
    ] = "pipeline",
) -> None:
    """Print the IAM policy that the shop's bucket asks for, and nothing beyond it."""
    answer(policies.policy(keeping.named(shop), role))
