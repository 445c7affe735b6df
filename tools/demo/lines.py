# SPDX-License-Identifier: Apache-2.0
"""One function per log format: what a device of the demonstration writes. Every address is private or a
documentation address, every name is invented. `t` is seconds since 1970 (float), UTC."""
import json
import time

ZONES = {"aoba": (9 * 3600, "+0900", "+09:00"), "harbor": (0, "+0000", "+00:00")}


def stamp(t, fmt, tenant):
    return time.strftime(fmt, time.gmtime(t + ZONES[tenant][0]))


def iso(t, digits=3):
    frac = f"{t % 1:.{digits}f}"[1:] if digits else ""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + frac + "Z"


def head(t, host, app, tenant):
    return f"<134>1 {stamp(t, '%Y-%m-%dT%H:%M:%S', tenant)}.000{ZONES[tenant][2]} {host} {app} - - - "


def fortigate(t, tenant, dev, kind="traffic", **kv):
    base = {"logid": "0000000013", "type": "traffic", "subtype": "forward", "level": "notice"} if kind == "traffic" else {}
    row = {"date": stamp(t, "%Y-%m-%d", tenant), "time": stamp(t, "%H:%M:%S", tenant), "devname": dev,
           "devid": "FGT60FTK20000001", **base, "vd": "root", "eventtime": int(t * 1e9), "tz": ZONES[tenant][1], **kv}
    bare = {"date", "time", "eventtime", "srcip", "srcport", "dstip", "dstport", "sessionid", "proto", "policyid", "duration",
            "sentbyte", "rcvdbyte", "sentpkt", "rcvdpkt", "remip", "attackid", "crscore"}
    body = " ".join(f"{k}={v}" if k in bare else f'{k}="{v}"' for k, v in row.items())
    return head(t, dev, "fortigate", tenant) + body


def panos_traffic(t, tenant, dev, src, dst, sport, dport, app, action, sent, rcvd, proto="tcp", user="", rule="outbound"):
    w = stamp(t, "%Y/%m/%d %H:%M:%S", tenant)
    f = ["1", w, "012801000001", "TRAFFIC", "end" if action == "allow" else "drop", "2049", w, src, dst, "0.0.0.0", "0.0.0.0", rule, user, "", app,
         "vsys1", "trust", "untrust", "ethernet1/2", "ethernet1/1", "soc", w, str(int(t) % 1000000), "1", str(sport), str(dport), "0", "0", "0x19",
         proto, action, str(sent + rcvd), str(sent), str(rcvd), str(2 + (sent + rcvd) // 900), w, "12", "any", "0", str(int(t * 10)), "0x0",
         "10.0.0.0-10.255.255.255", "Reserved", "0", "9", "9", "aged-out" if action == "allow" else "policy-deny"]
    return head(t, dev, "panos", tenant) + ",".join(f)


def panos_threat(t, tenant, dev, src, dst, sport, dport, app, action, threat, tid, severity, url, direction="client-to-server", category="any"):
    w = stamp(t, "%Y/%m/%d %H:%M:%S", tenant)
    f = ["1", w, "012801000001", "THREAT", "vulnerability", "2049", w, src, dst, "0.0.0.0", "0.0.0.0", "inbound-web", "", "", app, "vsys1", "untrust",
         "dmz", "ethernet1/1", "ethernet1/3", "soc", w, str(int(t) % 1000000), "1", str(sport), str(dport), "0", "0", "0x2000", "tcp", action,
         f'"{url}"', f"{threat}({tid})", category, severity, direction, str(int(t * 10)), "0x0", "Reserved", "10.0.0.0-10.255.255.255", "0", "",
         "0", "", "", "", "", "", "", "", ""]
    return head(t, dev, "panos", tenant) + ",".join(f)


def asa(t, tenant, dev, number, level, text):
    return f"<{160 + level}>1 {stamp(t, '%Y-%m-%dT%H:%M:%S', tenant)}.000{ZONES[tenant][2]} {dev} asa - - - %ASA-{level}-{number}: {text}"


def squid(t, tenant, dev, client, method, url, status, size, user="-", ms=120, mime="text/html", result="TCP_MISS", peer="203.0.113.80"):
    return head(t, dev, "squid", tenant) + f"{t:.3f} {ms:6d} {client} {result}/{status} {size} {method} {url} {user} HIER_DIRECT/{peer} {mime}"


def suricata(t, tenant, dev, kind, src, sport, dst, dport, proto="TCP", **more):
    row = {"timestamp": stamp(t, "%Y-%m-%dT%H:%M:%S", tenant) + f".{int(t % 1 * 1e6):06d}" + ZONES[tenant][1], "flow_id": int(t * 1e5), "in_iface": "eth1",
           "event_type": kind, "src_ip": src, "src_port": sport, "dest_ip": dst, "dest_port": dport, "proto": proto, **more}
    return head(t, dev, "suricata", tenant) + json.dumps(row, separators=(",", ":"), ensure_ascii=False)


def alert(t, tenant, dev, src, sport, dst, dport, sid, name, category, severity, action, http=None, **more):
    extra = {"alert": {"action": action, "gid": 1, "signature_id": sid, "rev": 3, "signature": name, "category": category, "severity": severity}, "app_proto": "http"}
    if http:
        extra["http"] = http
    if "metadata" in more:
        extra["alert"]["metadata"] = more.pop("metadata")
    extra.update(more)
    return suricata(t, tenant, dev, "alert", src, sport, dst, dport, **extra)


def zeek(t, tenant, dev, path, src, sport, dst, dport, **more):
    row = {"_path": path, "ts": round(t, 6), "uid": f"C{int(t * 1000) % 10**10:010d}", "id.orig_h": src, "id.orig_p": sport, "id.resp_h": dst,
           "id.resp_p": dport, **more}
    return head(t, dev, "zeek", tenant) + json.dumps(row, separators=(",", ":"))


def windows(t, tenant, host, channel, code, provider, data, **winlog):
    row = {"@timestamp": iso(t), "event": {"code": code, "kind": "event", "provider": provider}, "host": {"name": host},
           "winlog": {"channel": channel, "event_id": code, "provider_name": provider, "computer_name": host, "record_id": int(t * 1000) % 10**9,
                      "event_data": data, **winlog}}
    return head(t, host.split(".")[0], "winlogbeat", tenant) + json.dumps(row, separators=(",", ":"), ensure_ascii=False)


def sysmon(t, tenant, host, code, **data):
    data = {"UtcTime": iso(t)[:-1].replace("T", " "), **{k: str(v) for k, v in data.items()}}
    return windows(t, tenant, host, "Microsoft-Windows-Sysmon/Operational", code, "Microsoft-Windows-Sysmon", data)


def process(t, tenant, host, image, line, parent, parent_line, user, original=None, guid=None, integrity="Medium"):
    return sysmon(t, tenant, host, 1, ProcessGuid=guid or "{" + f"5770385f-{int(t):08x}" + "-0000-0000-100000000001}", ProcessId=4000 + int(t) % 900,
                  Image=image, OriginalFileName=original or image.rsplit("\\", 1)[-1], Description="-", Product="-", Company="-", CommandLine=line,
                  CurrentDirectory="C:\\Windows\\system32\\", User=user, LogonId="0x3e7", IntegrityLevel=integrity,
                  Hashes="SHA256=" + f"{abs(hash_of(image)):064x}", ParentImage=parent, ParentCommandLine=parent_line, ParentUser=user)


def hash_of(text):
    value = 0xcbf29ce484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001b3 % 2**256
    return value


def security(t, tenant, host, code, **data):
    return windows(t, tenant, host, "Security", code, "Microsoft-Windows-Security-Auditing", {k: str(v) for k, v in data.items()})


def web(t, tenant, dev, client, method, path, status, size, agent, app="nginx", referer="-"):
    when = stamp(t, "%d/%b/%Y:%H:%M:%S ", tenant) + ZONES[tenant][1]
    return head(t, dev, app, tenant) + f'{client} - - [{when}] "{method} {path} HTTP/1.1" {status} {size} "{referer}" "{agent}"'


def auth(t, tenant, dev, app, pid, text):
    return f"<86>{stamp(t, '%b %e %H:%M:%S', tenant)} {dev} {app}[{pid}]: {text}"
