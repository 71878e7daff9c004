"""The API as it is described is the API as it is read."""

import json
import re

import pytest

from biggan_directions.errors import UsageError
from biggan_directions.explore import ImageRequest
from biggan_directions.explore.schema import schema
from tests.explore.test_request import GOOD


def test_the_schema_names_what_is_read() -> None:
    described = schema()["components"]["schemas"]["ImageRequest"]
    assert set(described["properties"]) == {*GOOD, "client", "number"}
    for key in ("class", "truncation"):
        assert key in described["required"]
        with pytest.raises(UsageError, match=key):
            ImageRequest.from_json(json.dumps({k: v for k, v in GOOD.items() if k != key}).encode())


def test_the_schema_has_the_limits_and_its_references_lead_somewhere() -> None:
    described = schema()
    schemas = described["components"]["schemas"]
    of = schemas["ImageRequest"]["properties"]
    assert schemas["ImageRequest"]["additionalProperties"] is False
    assert (of["class"]["minLength"], of["class"]["maxLength"], of["client"]["maxLength"]) == (1, 200, 64)
    assert (of["truncation"]["exclusiveMinimum"], of["truncation"]["maximum"]) == (0, 1)
    assert (of["seed"]["minimum"], of["seed"]["maximum"]) == (-(2**53 - 1), 2**53 - 1)
    assert (of["samples"]["minItems"], of["samples"]["maxItems"]) == (1, 16)
    distance, keys = of["moves"]["additionalProperties"], of["moves"]["propertyNames"]["pattern"]
    assert (distance["minimum"], distance["maximum"]) == (-100, 100)
    assert [bool(re.search(keys, key)) for key in ("0", "12", "-1", "²", "x")] == [True, True, *[False] * 3]
    assert set(re.findall(r"#/components/schemas/(\w+)", json.dumps(described))) == set(schemas)
