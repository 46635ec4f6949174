"""Releases as serving finds them: a signed ledger, and files by their MD5, of products that a test chooses."""

import hashlib
import io
import json
from datetime import datetime

import numpy as np
import onnx.parser
import pytest

from pricetrail.demand.encode import Encoder
from pricetrail.demand.prospect import Product, Prospects
from pricetrail.lineage import blob, canonical, channel
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.keys import Keyring
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.release import TYPE
from pricetrail.lineage.store import FolderStore, open_store
from pricetrail.serving.app import create_app
from pricetrail.serving.release import RESPONSE
from pricetrail.serving.settings import Settings

NAMES = (
    "unitprice", "is_registered", "product_days", "log_price", "vs_last", "vs_most", "vs_least",
    "weekday", "minute_of_day", "week_of_year", "day_of_month",
)  # fmt: skip
HEAD = '<ir_version: 8, opset_import: ["" : 15]>'
NETWORK = """
order (float[n, 10] numeric, int32[n, 1] categories) => (float[n] forecast)
<int64[1] one = {{1}}, float said = {{{0}}}>
{{
  sum = ReduceMean <axes = [1], keepdims = 0> (numeric)
  none = Sub(sum, sum)
  forecast = Add(none, said)
}}
"""
BACKUP = NETWORK.replace(", int32[n, 1] categories", "").replace("numeric", "features")


def model(text, said):
    return onnx.parser.parse_model(HEAD + text.format(said)).SerializeToString()


def snapshot():
    """One product, sold to both kinds of customer at one price."""
    values = np.array([[2.95, kind, 3.0, 1.08, 0, 0, 0, 2, 600, 40, 9] for kind in (0, 1)], np.float32)
    moment = datetime(2011, 12, 9, 12)
    prospects = Prospects(moment, NAMES, {"85123A": Product(0, 2, "United Kingdom")}, values)
    columns = {name: values[:, at].astype(float) for at, name in enumerate(NAMES)}
    encoder = Encoder.fit(
        {**columns, "country": np.array(["France"] * 4, object)[:2]}, NAMES[1:], ["country"]
    )
    array = io.BytesIO()
    np.save(array, values)
    return {
        "models/snapshot/products.json": json.dumps(prospects.to_json()).encode(),
        "models/snapshot/features.npy": array.getvalue(),
        "preprocessors/encoder.json": json.dumps(encoder.to_json()).encode(),
    }


MODELS = {
    "models/production/dfn_best.onnx": model(NETWORK, 1.0),
    "models/backup/lightgbm.onnx": model(BACKUP, 2.0),
    "models/backup/elastic_net.onnx": model(BACKUP, 3.0),
}


PRODUCTS = (
    {},
    {"stockcode": "22423", "description": "REGENCY CAKESTAND", "price": 3.0, "identification": "unknown"},
    {"stockcode": "ÄPFEL/½ 🍏", "slope": {"mean": -0.8, "sd": 0.1}, "cost": 1.0},
)


class Shop:
    """A place that serves: what a test releases, promotes, breaks and asks."""

    def __init__(self, root, plain, store=None, blobs=None):
        self.root, self.plain = root, plain
        self.ledger = Ledger(store or FolderStore(root / "ledger"), Keyring(root / "keys", {}))
        self.blobs = blobs or FolderStore(root / "cache")
        self.count = 0

    def release(self, *changes, files=None):
        """Record a release of a product for each set of changes, and of other files by path; its id."""
        named = {RESPONSE: json.dumps(self.plain(*(changes or PRODUCTS))).encode(), **(files or {})}
        return self.record([self.put(*each).to_dict() for each in named.items()])

    def record(self, files):
        """Record a run that passed with those files, and the release that it is; its id."""
        gates = {"etl": "passed", "data_drift": "passed", "model": "passed"}
        raw = {"path": "data/raw/0001.csv", "size": 4, "sha256": "5e" * 32, "md5": "5d" * 16}
        self.count += 1
        made = {
            "type": "pricetrail/run/v1", "outcome": "passed", "ran": [], "restored": [], "gates": gates,
            "shop": {"commit": f"{self.count:040}", "diff": None}, "code": {"version": "1", "commit": None},
            "artifacts": files, "records": {}, "environments": {}, "sources": {"data/raw": [raw]},
            "parameters": {"tune_primary_model": {"seed": self.count}}, "metrics": {},
        }  # fmt: skip
        run = self.ledger.keep(canonical.dumps(made))
        self.ledger.append("run", {"run": run, "outcome": "passed"}, who="a test", objects=(run,))
        release = {"type": TYPE, "run": run, "files": files, "gates": gates}
        release |= {"metrics": {"mse_inf": 0.25}, "rows_until": "2011-12-09"}
        id = self.ledger.keep(canonical.dumps(release))
        body = {"release": id, "run": run, "gates": gates}
        self.ledger.append("release", body, who="a test", objects=(id,))
        return id

    def promote(self, *changes, files=None):
        """Release, and let it serve; its id."""
        id = self.release(*changes, files=files)
        channel.promote(self.ledger, id, who="a test", why="")
        return id

    def put(self, path, content):
        md5 = hashlib.md5(content).hexdigest()
        self.blobs.create(blob.key(md5), content)
        return Artifact(path, len(content), hashlib.sha256(content).hexdigest(), md5)

    def kept(self, release, path=RESPONSE):
        """Where a file of a release lies."""
        files = json.loads(self.ledger.object(release))["files"]
        md5 = next(each["md5"] for each in files if each["path"] == path)
        return self.blobs.root / "files/md5" / md5[:2] / md5[2:]

    def settings(self, **more):
        here = {"ledger": str(self.root / "ledger"), "blobs": (str(self.root / "cache"),)}
        return Settings(**{**here, "keys": str(self.root / "keys"), "every": 0.0, "wait": True, **more})

    def client(self, **more):
        """Asks a service of its own."""
        return create_app(self.settings(**more)).test_client()


@pytest.fixture(scope="session")
def forecasting():
    """Files that forecast, by path: models that each say one number, and what is known of one product."""
    return {**snapshot(), **MODELS}


@pytest.fixture(scope="session")
def network():
    """A network that says one number whatever it is asked."""
    return lambda said: model(NETWORK, said)


@pytest.fixture
def shop(tmp_path, plain):
    """A shop without a release."""
    return Shop(tmp_path, plain)


@pytest.fixture
def bucket(s3, tmp_path, plain):
    """A shop whose release serves from a bucket."""
    url = f"s3://records/{tmp_path.name}"
    shop = Shop(tmp_path, plain, open_store(url, s3), open_store(f"{url}/dvc", s3))
    shop.url, shop.endpoint, shop.id = url, s3, shop.promote()
    return shop


@pytest.fixture
def served(shop):
    """A shop whose release serves."""
    shop.id = shop.promote()
    return shop
