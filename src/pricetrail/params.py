"""``params.yaml`` as frozen, validated values: one block per stage, under the stage's own name."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from pricetrail.errors import ParamsInvalid, ShopMissing

Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(gt=0)]


Standard = Literal[
    "invoiceno",
    "stockcode",
    "description",
    "quantity",
    "invoicedate",
    "unitprice",
    "customerid",
    "country",
    "status",
]


def _known_pattern(text: str) -> str:
    try:
        return re.compile(text).pattern
    except re.error as error:
        raise ValueError(f"expected a regular expression ({error})") from error


Pattern = Annotated[str, AfterValidator(_known_pattern)]


def _known_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (OSError, ValueError, KeyError) as error:
        raise ValueError("expected a time zone such as 'Europe/London'") from error


def _known_encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise ValueError("expected a text encoding such as 'utf-8' or 'cp1252'") from error


class Block(BaseModel):
    """A group of parameters: immutable, and with no name that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(Block):
    """Where each standard column comes from, as ``init`` settled it. Shared by ingest and ETL."""

    columns: dict[Standard, str] = {}
    grain: Literal["lines", "weekly"] = "lines"
    covariates: tuple[str, ...] = ()
    key: str | None = None
    dates: Literal["auto", "day", "month"] = "auto"
    decimal: Literal["auto", ".", ","] = "auto"
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    encoding: Annotated[str, AfterValidator(_known_encoding)] | None = None


class Etl(Block):
    engine: Literal["duckdb", "pyspark"] = "duckdb"
    reject_share: Share = 0.1
    longest_code: Count = 64
    most: Annotated[float, Field(gt=0, le=2_000_000)] = 1_000_000
    cancellation_invoices: Pattern = "C[0-9]+"
    not_product_codes: tuple[Pattern, ...] = (
        "POST",
        "DOT",
        "M",
        "D",
        "S",
        "B",
        "C2",
        "CRUK",
        "PADS",
        "BANK ?CHARGES",
        "AMAZONFEE",
        "ADJUST[0-9]*",
        "TEST[0-9]*",
        "GIFT_.*",
    )
    not_product_words: tuple[Pattern, ...] = (
        ".*POSTAGE",
        "(.* DAY )?CARRIAGE",
        "MANUAL",
        "(.* )?DISCOUNT",
        "SAMPLES?",
        ".* (FEE|COMMISSION)",
        "(BANK|PACKING|SHIPPING|DELIVERY) CHARGES?",
        "ADJUST(MENT)?( .*)?",
        ".*GIFT VOUCHER[^A-Z]*",
        "(THIS IS A )?TEST( PRODUCT)?[^A-Z]*",
    )
    not_sale_statuses: tuple[Pattern, ...] = (
        "(.* )?(CANCELL?(ED|ATION)?|VOID(ED)?|FAILED|DECLINED|REJECTED|EXPIRED|ABANDONED|UNAVAILABLE)( .*)?",
        "((FULLY|ORDER|ITEM|CUSTOMER|SHIPPED) )?(REFUND(ED)?|RETURN(ED|ING)?)( .*)?",
        "STORN.*|ANNUL.*|CANCELAD[OA]|GEANNULEERD",
        "DRAFT|VIEW|((ADD TO|REMOVE FROM) )?(CART|WISHLIST|BASKET)",
    )


class DriftCheck(Block):
    window_days: Count = 7
    reference_days: Count = 400
    min_rows: Count = 200
    false_alarms: Share = 0.01
    resamples: Count = 200
    seed: int = 7
    workspace: str = "drift"


class DriftGate(Block):
    on_drift: Literal["stop", "warn"] = "stop"
    on_inconclusive: Literal["stop", "warn"] = "warn"


class Preprocess(Block):
    target_col: Literal["quantity"] = "quantity"
    val_share: Share = 0.1
    test_share: Share = 0.1
    newest_rows: Count = 500_000


class Tuning(Block):
    n_trials: Count = 16
    grid: bool = False
    members: Count = 6
    num_epochs: Count = 6
    trial_rows: Count = 60_000
    trial_epochs: Count = 3
    batch: Count = 4
    seed: int = 7


class Backups(Block):
    seed: int = 7


class PriceResponse(Block):
    deep_from: Share = 0.3
    identified_sd: Annotated[float, Field(gt=0)] = 0.5
    cost: str | None = None


class Inference(Block):
    stockcode: str | None = None
    shap_rows: Count = 250
    background: Count = 25
    seed: int = 7


class Risk(Block):
    sensitive_feature: str | None = "is_registered"
    privileged_group: int | str = 1
    mod_threshold: float = Field(default=0.1, gt=0)
    gate_on: Literal["error", "outcome"] = "error"
    min_group: Count = 100
    min_invoices: Count = 30
    resamples: Count = 1000
    seed: int = 7


class ModelGate(Block):
    worse_than_production: float = Field(default=0.05, ge=0)
    on_inconclusive: Literal["stop", "warn"] = "warn"


class LedgerPlace(Block):
    url: Annotated[str, Field(min_length=1)] = "ledger"
    endpoint: str | None = None
    encryption: Annotated[str, Field(pattern=r"^(AES256|aws:kms(:\S+)?)$")] | None = None
    signed: bool = True


class Workers(Block):
    engine: Literal["local", "dask"] = "local"
    count: Count = 2
    address: str | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.engine != "local" and not self.address:
            raise ValueError("expected an address such as 'tcp://10.0.0.7:8786' for this engine")
        return self


class Promotion(Block):
    reproduce: Literal["optional", "required"] = "optional"


class Params(Block):
    """All of ``params.yaml``."""

    source: Source = Source()
    etl_pipeline: Etl = Etl()
    data_drift_check: DriftCheck = DriftCheck()
    data_drift_gate: DriftGate = DriftGate()
    preprocess: Preprocess = Preprocess()
    tune_primary_model: Tuning = Tuning()
    tune_backup_models: Backups = Backups()
    fit_price_response: PriceResponse = PriceResponse()
    inference_primary_model: Inference = Inference()
    assess_model_risk: Risk = Risk()
    model_gate: ModelGate = ModelGate()
    ledger: LedgerPlace = LedgerPlace()
    release: Promotion = Promotion()
    workers: Workers = Workers()

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, values: Any) -> Any:
        """Shops of before name how many workers there are under the search."""
        tuning = values.get("tune_primary_model") if isinstance(values, dict) else None
        if not isinstance(tuning, dict) or "workers" not in tuning:
            return values
        rest = {name: value for name, value in tuning.items() if name != "workers"}
        return {"workers": {"count": tuning["workers"]}, **values, "tune_primary_model": rest}


def load(path: Path) -> Params:
    """Read and check ``params.yaml``.

    Raises:
        ShopMissing: there is no such file.
        ParamsInvalid: a value is of the wrong type, out of range, or under a name nobody reads.
    """
    if not path.exists():
        raise ShopMissing(
            f"{path.parent} is not a shop: it has no {path.name}. Make one with 'pricetrail init'."
        )
    try:
        return validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {}, path.name)
    except yaml.YAMLError as error:
        raise ParamsInvalid(f"{path.name} is not valid YAML: {error}") from error


def validate(values: object, name: str) -> Params:
    """Check plain values; ``name`` says in an error where they come from.

    Raises:
        ParamsInvalid: a value is of the wrong type, out of range, or under a name nobody reads.
    """
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, e['loc']))}: {e['msg']}, found {e['input']!r}" for e in error.errors()
        ]
        raise ParamsInvalid("\n".join([f"{name} holds values that cannot be used:", *lines])) from error
