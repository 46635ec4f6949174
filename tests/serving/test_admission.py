import pytest

from pricetrail.serving.admission import Buckets

PRICE, OTHER = "/v1/predict-price/85123A", "http://page.example"


def test_bucket_fills_again():
    now = [0.0]
    buckets = Buckets(2.0, clock=lambda: now[0])
    assert [buckets.take("a") for _ in range(5)] == [True] * 4 + [False]
    assert buckets.take("b")
    now[0] = 0.5
    assert [buckets.take("a") for _ in range(2)] == [True, False]


def test_too_many_from_one_address(served):
    client = served.client(rate=1.0)
    codes = [client.get(PRICE).status_code for _ in range(4)]
    assert codes == [200, 200, 429, 429]
    assert client.get("/readyz").status_code == 200


def test_address_behind_a_proxy(served):
    client = served.client(rate=1.0, proxies=1)
    codes = [client.get(PRICE, headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(5)]
    assert codes == [200] * 5


@pytest.mark.parametrize(
    ("cors", "allowed"), [((), None), ((OTHER,), OTHER), (("*",), "*"), (("http://else.example",), None)]
)
def test_pages_of_other_origins(served, cors, allowed):
    client = served.client(cors=cors)
    for ask in (client.get, client.options):
        found = ask(PRICE, headers={"Origin": OTHER})
        assert found.headers.get("Access-Control-Allow-Origin") == allowed


@pytest.mark.parametrize("path", [PRICE, "/nowhere", "/v1/predict-price/x", "/v1/products?sort=x"])
def test_every_answer_is_marked(served, path):
    found = served.client().get(path)
    assert (found.headers["X-Content-Type-Options"], found.headers["Cache-Control"]) == (
        "nosniff",
        "no-store",
    )


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/nowhere", "get", 404), (PRICE, "post", 405), ("/v1/forecast", "get", 405)],
)
def test_what_is_not_there_is_a_problem_too(served, path, method, status):
    found = getattr(served.client(), method)(path)
    assert (found.status_code, found.json["status"], found.mimetype) == (
        status,
        status,
        "application/problem+json",
    )
