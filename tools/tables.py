#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes what is not C from the tables in src/tbl: JSON schema, TypeScript types, reference pages.

    tools/tables.py OUT        writes OUT/fields.schema.json, OUT/fields.ts, OUT/reference/*.md

C reads the tables itself by the preprocessor, so there is nothing to generate for it."""
import json
import pathlib
import re
import sys

ROW = re.compile(r"^\s*([A-Z]+)\((.*)\)\s*$")
ARG = re.compile(r'\s*("(?:\\.|[^"\\])*"|[^,]+)\s*(?:,|$)')


def rows(path):
    """(macro, [arguments]) of every row; string literals unquoted. A row is one line."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = ROW.match(line)
        if not found:
            continue
        args, at, text = [], 0, found.group(2)
        while at < len(text):
            one = ARG.match(text, at)
            if not one:
                sys.exit(f"{path}:{number}: cannot read the row")
            word = one.group(1).strip()
            args.append(json.loads(word) if word.startswith('"') else word)
            at = one.end()
        yield found.group(1), args


JSON_TYPE = {"KEYWORD": {"type": "string"}, "TEXT": {"type": "string"}, "IP": {"type": "string"},
             "LONG": {"type": "integer"}, "DOUBLE": {"type": "number"}, "BOOL": {"type": "boolean"},
             "TIME": {"type": "string", "format": "date-time"}}
TS_TYPE = {"LONG": "number", "DOUBLE": "number", "BOOL": "boolean"}


def write_fields(table, out):
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Nezuban event",
              "type": "object", "additionalProperties": True, "properties": {}}
    ts = ["// Made from src/tbl/fields.tbl.", "export interface EventFields {"]
    page = ["# Fields of an event", "", "| name | type | warmth | what it holds |", "|---|---|---|---|"]
    for _, (_id, name, kind, warmth, doc) in table:
        one = dict(JSON_TYPE[kind])
        schema["properties"][name] = {"description": doc, "anyOf": [one, {"type": "array", "items": one}]}
        ts.append(f"  /** {doc} */\n  {json.dumps(name)}?: {TS_TYPE.get(kind, 'string')};")
        page.append(f"| `{name}` | {kind.lower()} | {warmth.lower()} | {doc} |")
    ts += ["}", "export const fieldNames = ["] + [f"  {json.dumps(a[1])}," for _, a in table] + ["] as const;"]
    (out / "fields.schema.json").write_text(json.dumps(schema, indent=1) + "\n")
    (out / "fields.ts").write_text("\n".join(ts) + "\n")
    (out / "reference" / "fields.md").write_text("\n".join(page) + "\n")


PAGES = {
    "errors.tbl": ("Errors", ["name", "meaning"]),
    "params.tbl": ("Configuration", ["program", "key", "type", "default", "meaning"]),
    "messages.tbl": ("Messages between roles", ["name", "number", "from", "to", "body"]),
    "verbs.tbl": None, "routes.tbl": ("Routes", None), "outcomes.tbl": ("Outcomes of an attempt", None),
    "counters.tbl": ("Counters", None),
}


def write_page(path, title, heads, out):
    table = [a for _, a in rows(path)]
    if not table:
        return
    heads = heads or [f"{i + 1}" for i in range(len(table[0]))]
    lines = [f"# {title}", "", "| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(str(x).replace("|", "\\|") for x in a) + " |" for a in table]
    (out / "reference" / (path.stem + ".md")).write_text("\n".join(lines) + "\n")


def write_roles(path, out):
    lines = ["# Roles", "", "| role | does | may touch | is jailed from |", "|---|---|---|---|"]
    peers = ["", "## Who may talk to whom", ""]
    for macro, a in rows(path):
        if macro == "ROLE":
            lines.append(f"| {a[1]} | {a[4]} | {a[5]} | {a[6]} |")
        elif macro == "PEER":
            peers.append(f"- {a[0].lower()} and {a[1].lower()}")
    (out / "reference" / "roles.md").write_text("\n".join(lines + peers) + "\n")


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    out = pathlib.Path(sys.argv[1])
    (out / "reference").mkdir(parents=True, exist_ok=True)
    tbl = root / "src" / "tbl"
    write_fields([r for r in rows(tbl / "fields.tbl")], out)
    write_roles(tbl / "roles.tbl", out)
    for name, spec in PAGES.items():
        if spec and (tbl / name).exists():
            write_page(tbl / name, spec[0], spec[1], out)


if __name__ == "__main__":
    main()
