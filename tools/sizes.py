#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sizes of files and functions. Hard: no file above 900 lines, no function above 100, no banned call,
SPDX line first. Wished: file median under 200, function median about 15; functions above 60 are listed."""
import pathlib
import re
import statistics
import sys

BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|sscanf|vsprintf|atoi|atol|strtok|gets|alloca|system|popen)\s*\(")
HEAD = re.compile(r"^([a-zA-Z_]\w*)\(")


def functions(lines):
    """(name, first line, length): the style puts the name at the line's start and '{' '}' in column 1."""
    name = start = None
    for number, line in enumerate(lines, 1):
        found = HEAD.match(line)
        if found and number > 1 and not line.rstrip().endswith(";"):
            name = found.group(1)
        elif line.startswith("{") and name:
            start = number
        elif line.startswith("}") and name and start:
            yield name, start, number - start + 1
            name = start = None


def strip_comments(text):
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"', lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    files, lengths, faults, long_ones = [], [], [], []
    paths = [p for d in ("src", "tests") for e in ("*.c", "*.h", "*.cpp") for p in (root / d).rglob(e)]
    paths += [p for e in ("*.ts", "*.tsx") for p in (root / "web").rglob(e) if "node_modules" not in p.parts and "dist" not in p.parts]
    for path in sorted(paths):
        text = path.read_text(errors="replace")
        lines = text.splitlines()
        if path.suffix in (".c", ".h") and path.is_relative_to(root / "src"):
            files.append(len(lines))
        if len(lines) > 900:
            faults.append(f"{path}: {len(lines)} lines, 900 is the limit")
        if not any("SPDX-License-Identifier" in l for l in lines[:3]):
            faults.append(f"{path}:1: no SPDX line")
        if path.suffix in (".ts", ".tsx"):
            continue
        for name, start, n in functions(lines):
            if path.is_relative_to(root / "src"):
                lengths.append(n)
            if n > 100:
                faults.append(f"{path}:{start}: {name} has {n} lines, 100 is the limit")
            elif n > 60:
                long_ones.append(f"{path}:{start}: {name} {n}")
        if path.is_relative_to(root / "src"):
            for number, line in enumerate(strip_comments(text).splitlines(), 1):
                found = BANNED.search(line)
                if found:
                    faults.append(f"{path}:{number}: {found.group(1)} is banned")
    for line in faults:
        print(line)
    for line in long_ones:
        print("long:", line)
    if files and lengths:
        print(f"sizes: files {len(files)} median {statistics.median(files):.0f} max {max(files)}; "
              f"functions {len(lengths)} median {statistics.median(lengths):.0f} max {max(lengths)}; {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
