#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the stair: a file includes its own folder and strictly lower floors, and no private header of
another folder. Prints file:line for each breach; exit 1 when there is one."""
import pathlib
import re
import sys

FLOORS = {
    0: "base", 1: "codec sys", 2: "batch event conf http db",
    3: "source enrich sigma intel habit kql archive store spool desk mail notify call report auth",
    4: "detect api", 5: "role", 6: "main",
}
FLOOR = {folder: floor for floor, names in FLOORS.items() for folder in names.split()}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def folder_of(path):
    return path.split("/", 1)[0]


def breaches(src, path):
    rel = path.relative_to(src).as_posix()
    own = folder_of(rel)
    if own == "tbl":
        return
    if own not in FLOOR:
        yield 0, f"folder {own} has no floor in tools/floors.py"
        return
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        target = found.group(1)
        other = folder_of(target)
        if other in ("tbl", own) or "/" not in target:
            continue
        if other not in FLOOR:
            yield number, f"includes {target}, which is in no folder of the stair"
        elif FLOOR[other] >= FLOOR[own]:
            yield number, f"F{FLOOR[own]} {own} includes F{FLOOR[other]} {target}"
        elif target.endswith("_priv.h"):
            yield number, f"includes the private header {target}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    src = root / "src"
    bad = 0
    for path in sorted(list(src.rglob("*.[ch]")) + list(src.rglob("*.cpp"))):
        for number, what in breaches(src, path):
            print(f"{path}:{number}: {what}")
            bad += 1
    print(f"floors: {bad} breaches")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
