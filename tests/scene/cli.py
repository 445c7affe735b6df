#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The contract of the command line, for every verb of tbl/verbs.tbl: --help answers with 0; what is wrong is said in one clear
sentence on standard error with the verb's name, and ends with 2 (usage) or 3 (could not) and nothing on standard output; lists have
--json; manual page and completion name every verb and option.  Needs no service.

    cli.py NEZUBAN TBL"""
import pathlib
import re
import subprocess
import sys
import tempfile

PROGRAM, TABLE = sys.argv[1:3]
FAULTS = []

# verb: wrong inputs, each with the exit status and a word the message must have
WRONG = {
    "version": [(["now"], 2, "unexpected word"), (["--json"], 2, "unknown option"), (["--help=x"], 2, "unknown option")],
    "parse": [(["--source", "nobody.knows", "-"], 2, "no source nobody.knows"), (["--input", "xml"], 2, "--input is"),
              (["--zone", "Mars/Olympus"], 2, "no time zone"), (["/nonexistent"], 3, "no such thing"),
              (["--sources", "/nonexistent"], 3, "wanted a folder")],
    "source": [([], 2, "say test, list or new"), (["test", "nobody.knows"], 2, "no source"), (["new"], 2, "name a file"),
               (["new", "--name", "Not A Name", "/dev/null"], 2, "VENDOR.PRODUCT"), (["new", "/nonexistent"], 3, "cannot be read")],
    "bench": [([], 2, "nezuban bench"), (["nothing"], 2, "nezuban bench"), (["parse"], 2, "name a file"), (["parse", "/nonexistent"], 3, "cannot be read")],
    "rule": [([], 2, "lint or test"), (["lint"], 2, "files or folders"), (["test", "/dev/null"], 3, "no rule"), (["test", "/nonexistent"], 1, "No such file")],
    "call": [([], 2, "test"), (["test"], 2, "--to"), (["test", "--to", "somebody"], 2, "sip:"), (["test", "--to", "sip:a@127.0.0.1", "--lang", "fr"], 2, "ja or en"),
             (["test", "--to", "sip:a@127.0.0.1", "--ring", "soon"], 2, "--ring")],
    "detect": [([], 2, "--rules"), (["--rules", "/nonexistent"], 3, "/nonexistent"), (["--rules", "RULES", "--format", "xml"], 2, "json or table"),
               (["--rules", "RULES", "--input", "foo", "/dev/null"], 2, "--input is"), (["--rules", "RULES", "/nonexistent"], 3, "/nonexistent")],
    "verify": [([], 2, "one folder"), (["/nonexistent"], 3, "no such thing"), (["/", "--key", "/dev/null"], 3, "public key")],
    "intel": [([], 2, "import, list or find"), (["import", "/dev/null"], 2, "-o IMAGE"), (["import", "/nonexistent", "-o", "TMP/image"], 3, "no list could be read"),
              (["find", "/dev/null", "192.0.2.1"], 3, "/dev/null"), (["list", "/nonexistent"], 3, "/nonexistent")],
    "query": [([], 2, "what to look for"), (["x", "--socket", "/nonexistent"], 3, "is the service running"), (["x", "--store", "/nonexistent"], 3, "")],
    "doctor": [(["twice"], 2, "unexpected word"), (["--socket", "/nonexistent"], 3, "is the service running"), (["--socket"], 2, "wants")],
    "calendar": [([], 2, "--country"), (["--country", "XX", "--month", "2026-01"], 2, "no calendar"), (["--country", "JP", "--month", "2026-13"], 2, "01 to 12")],
    "incident": [(["merge", "A-1"], 2, "merge wants --into"), (["release", "AOBA-2026-0001"], 2, "is for candidates"), (["task", "A-1", "--task", "x"], 2, "number of a task"), (["unrelate", "A-1"], 2, "wants --to"),
                 (["confirm", "A-1"], 2, "wants --as"), (["split", "C-1"], 2, "wants --detection")],
    "candidate": [*((w + ["--socket", "/nonexistent"], 3, "is the service running") for w in (["claim", "C-1", "--as", "a"], ["assign", "C-1", "--to", "a"], ["release", "C-1"], ["note", "C-1", "--text", "a"],
                    ["close", "C-1", "--reason", "expected"], ["reopen", "C-1"], ["merge", "C-1", "--into", "C-2"], ["split", "C-1", "--detection", "a"], ["attach", "C-1", "--detection", "a"],
                    ["cause", "C-1", "--clock", "decide", "--code", "staff", "--text", "a"])),
                  (["confirm", "C-1"], 2, "is for incidents"), (["merge"], 2, "wants an id"), (["close", "C-1"], 2, "wants --reason")],
    "exception": [(["preview"], 2, "--tenant"), (["preview", "--tenant", "a"], 2, "--rule"), (["approve", "X-1"], 2, "wants --as"), (["add", "--days", "x"], 2, "--days")],
    "report": [(["render"], 2, "render with a FILE"), (["render", "/nonexistent"], 3, "cannot be read"), (["render", "/dev/null"], 1, "no JSON"),
               (["render", "/dev/null", "--lang", "fr"], 2, "ja or en"), (["render", "/dev/null", "--table", "sla"], 2, "goes with --csv"),
               (["render", "/dev/null", "--csv"], 1, "no data set"), (["words", "aoba-2026-10"], 2, "words wants"), (["monthly"], 2, "--tenant"), (["daily", "x"], 2, "--tenant"),
               (["pdf", "aoba-2026-10", "--table", "sla"], 2, "goes with csv"), (["pdf", "aoba-2026-10", "--socket", "/nonexistent"], 3, "is the service running")],
}
# verbs that speak with the service: words that are none of theirs, and an absent service
REMOTE = {"tenant": ["list"], "user": ["list"], "lcp": ["list"], "incident": ["list"], "candidate": ["list"], "exception": ["list"], "roster": ["show"], "handover": ["list"], "site": ["list"], "inquiry": ["list"], "advisory": ["list"], "report": ["list"]}
LISTS = ["availability", "candidate", "exception", "tenant", "roster", "site", "handover", "user", "lcp", "incident", "inquiry", "advisory", "report", "query", "doctor", "intel", "calendar", "verify"]


def run(*words):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    return done.returncode, done.stdout, done.stderr


def expect(good, *what):
    if not good:
        FAULTS.append(" ".join(str(w) for w in what))


def table():
    text = pathlib.Path(TABLE).read_text()
    return re.findall(r'^VERB\("([^"]+)"', text, re.M), re.findall(r'^OPT\("([^"]+)", "([^"]+)", "([^"]*)"', text, re.M)


def wrong(verb, words, status, says, here):
    words = [w.replace("TMP", here).replace("RULES", here + "/rules") for w in words]
    code, out, err = run(verb, *words)
    expect(code == status, verb, words, "ended with", code, "wanted", status, err)
    expect(says in err and err.strip(), verb, words, "said", repr(err), "wanted", repr(says))
    expect(code == 1 or not out, verb, words, "wrote to standard output", repr(out[:80]))


def near(name):
    """The option with one letter missing: the nearest good word is offered."""
    return name[:-1] if len(name) > 5 else None


def main():
    verbs, opts = table()
    here = tempfile.mkdtemp(prefix="nezuban-cli-")
    rule = pathlib.Path(here, "rules", "a.yml")
    rule.parent.mkdir()
    rule.write_text("title: A\nid: 11111111-1111-4111-8111-111111111111\nstatus: test\nlogsource: {product: linux}\ndetection:\n  a: {user.name: x}\n  condition: a\n")
    for verb in verbs:
        code, out, err = run(verb, "--help")
        expect(code == 0 and out.startswith(f"usage: nezuban {verb} ") and not err, verb, "--help", code, err)
        wrong(verb, ["--no-such-option"], 2, "unknown option --no-such-option", here)
        for words, status, says in WRONG.get(verb, []):
            wrong(verb, words, status, says, here)
        if verb in REMOTE:
            wrong(verb, ["frobnicate", "x"], 2, f"nezuban {verb}: ", here)
            wrong(verb, [], 2, "wanted", here)
            wrong(verb, [*REMOTE[verb], "--socket", "/nonexistent"], 3, "is the service running", here)
        elif verb not in WRONG:
            wrong(verb, ["frobnicate", "x"], 2, f"nezuban {verb}: ", here)
    for verb, name, argument in opts:
        if argument:
            wrong(verb, [name], 2, f"{name} wants", here)
        short = near(name)
        if short and not any(v == verb and n.startswith(short) and n != name for v, n, _ in opts):
            wrong(verb, [short], 2, "did you mean --", here)
    for verb in LISTS:
        expect((verb, "--json") in [(v, n) for v, n, _ in opts], verb, "has no --json")
    expect(not pathlib.Path(here, "image").exists(), "an image was written though no list could be read")
    code, _, err = run("pars")
    expect(code == 2 and "did you mean parse" in err, "no nearest verb:", err)
    man, completion = run("--man")[1], run("--completion")[1]
    for verb, name, _ in opts:
        expect(f"\\{name}" in man, "manual page without", verb, name)
        done = subprocess.run(["bash", "-c", f'eval "$0"; COMP_WORDS=(nezuban {verb} {name[:4]}); COMP_CWORD=2; _nezuban; echo "${{COMPREPLY[@]}}"', completion], capture_output=True, text=True)
        expect(name in done.stdout.split(), "completion without", verb, name, done.stderr)
    for verb in verbs:
        expect(f".SS {verb} " in man, "manual page without", verb)
    print(f"{len(verbs)} verbs, {len(opts)} options, {len(FAULTS)} faults")
    print("\n".join(FAULTS), file=sys.stderr)
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
