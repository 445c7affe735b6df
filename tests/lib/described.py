# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml for tests: references followed, values judged by an independent validator (python3-jsonschema)."""
import pathlib

import jsonschema
import yaml

SPEC = yaml.safe_load((pathlib.Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml").read_text())


def deref(o):
    while isinstance(o, dict) and "$ref" in o:
        at = SPEC
        for part in o["$ref"].split("/")[1:]:
            at = at[part]
        o = at
    return o


def fault_of(schema, value):
    """What of the value does not fit the schema, in words; None when it fits."""
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [schema], "components": SPEC["components"]}
    errors = sorted(jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker(["date-time"])).iter_errors(value), key=lambda e: list(map(str, e.path)))
    return f"{'/'.join(map(str, errors[0].path))}: {errors[0].message[:300]}" if errors else None
