#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sigma against public corpora, read where they lie and never copied into the repository: how many rules compile, the
regression events with their counts (decoded and as event-log files), and the index against the naive evaluator.

corpus_sigma.py NEZUBAN CORPORA"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

NEZUBAN, CORPORA = sys.argv[1], os.environ.get("NEZUBAN_CORPORA", sys.argv[2])
SIGMA = os.path.join(CORPORA, "sigma")
LANES = ["structured_windows", "raw_windows", "cisco_syslog", "sysmon_file_event"]


def run(*args, data=None):
    return subprocess.run([NEZUBAN, *args], input=data, capture_output=True, timeout=240)


def files(root, suffix):
    for folder, _, names in sorted(os.walk(root)):
        for name in sorted(names):
            if name.endswith(suffix):
                yield os.path.join(folder, name)


def compile_all():
    out = run("rule", "lint", os.path.join(SIGMA, "rules")).stdout.decode()
    last = out.strip().splitlines()[-1]
    total, rules = int(re.search(r"(\d+) documents", last)[1]), int(re.search(r"(\d+) rules", last)[1])
    print(f"compile: {rules} of {total} rules; " + last)
    for line in out.splitlines():
        if "error[" in line:
            print("  refused:", line[-160:])
    return rules >= 0.95 * total


def rules_by_id():
    found = {}
    for path in files(os.path.join(SIGMA, "rules"), ".yml"):
        with open(path, encoding="utf-8") as f:
            m = re.search(r"^id: *([0-9a-f-]{36})", f.read(), re.M)
        if m:
            found[m[1]] = path
    return found


def cases():
    for path in files(os.path.join(SIGMA, "regression"), "info.yml"):
        with open(path, encoding="utf-8") as f:
            text = "\n".join(line for line in f.read().splitlines() if not line.lstrip().startswith("#"))
        rule = re.search(r"rule_metadata:\s*- *id: *([0-9a-f-]{36})", text)
        where = re.search(r"path: *regression_data/(\S+)\.evtx", text)
        count = re.search(r"match_count: *(\d+)", text)
        if rule and where:
            yield rule[1], os.path.join(SIGMA, "regression", where[1]), int(count[1]) if count else None


def regression(kind, suffix, rules):
    good = total = over = 0
    for rule, path, want in cases():
        out = run("detect", "--rules", rules[rule], "--input", kind, path + suffix).stdout.decode()
        got = sum(json.loads(line)["rule.id"] == rule for line in out.splitlines())
        total += 1
        good += got == want if want is not None else got >= 1
        if want is not None and got > want:
            over += 1
            print(f"  {rule}: {got} matching events, {want} stated")
        elif want is not None and got < want or got == 0:
            print(f"  {rule}: {got} matching events, {want or 'at least 1'} stated")
    print(f"regression {suffix}: {good} of {total} with matching counts ({over} with more than stated)")
    return good >= 190


def compose(to):
    with open(os.path.join(SIGMA, "rules-994da166", "list.tsv"), encoding="utf-8") as f:
        for line in f:
            path, origin = line.rstrip("\n").split("\t")
            target = os.path.join(to, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(os.path.join(SIGMA, "rules" if origin == "same" else "rules-994da166", path), target)


def same_without_index(tmp):
    rules, good = os.path.join(tmp, "rules"), True
    compose(rules)
    for lane in LANES:
        packed = os.path.join(SIGMA, "lanes", lane + ".jsonl.zst")
        text = subprocess.run(["zstd", "-dcq", packed], capture_output=True, check=True).stdout
        lines = text.splitlines(keepends=True)
        data = b"".join(lines[::len(lines) // 250])
        for route in ([], ["--no-route"]):
            fast = run("detect", "--rules", rules, *route, data=data).stdout
            slow = run("detect", "--naive", "--rules", rules, *route, data=data).stdout
            print(f"lane {lane} {'all rules' if route else 'routed'}: {fast.count(10)} matches, {'same' if fast == slow else 'DIFFERENT'} without index")
            good &= fast == slow and fast.count(10) > 0
    return good


def main():
    if not os.path.isdir(SIGMA):
        print(f"skipped: no corpora at {SIGMA}")
        return 77
    rules = rules_by_id()
    good = compile_all()
    good &= regression("ndjson", ".json", rules)
    good &= regression("evtx", ".evtx", rules)
    with tempfile.TemporaryDirectory() as tmp:
        good &= same_without_index(tmp)
    return 0 if good else 1


sys.exit(main())
