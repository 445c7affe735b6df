# SPDX-License-Identifier: Apache-2.0
"""The demonstration's customers on a service, and their stories sent by real collectors, so that there is something in the queue."""
import pathlib
import socket
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lib"), str(ROOT / "tools" / "demo")]
from service import Collector, wait_until  # noqa: E402
from stories import STORIES  # noqa: E402

# login, password, TOTP secret of the demonstration's accounts (tools/demo/tenants.yaml)
PEOPLE = {"analyst": ("miyoshi", "demo-analyst-one", "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"), "lead": ("reid", "demo-lead-number-one", "NBSWY3DPEB3W64TMMQQHG2LHOR2G64TF"),
          "engineer": ("engineer", "demo-engineer-one", "ORUGS4ZANFZSAYJAONSWG4TFORZWKY3S"), "admin": ("admin", "demo-administrator", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
          "auditor": ("auditor", "demo-auditor-one", "KRUGKIDROVUWG2ZAMJZG653OEBTG66BA"), "customer": ("odagiri", "demo-customer-aoba", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"),
          "other": ("whitfield", "demo-customer-harbor", "IFBEGRCFIZDUQSKKJNGE2TSPKBIVEU2U")}


def tenants(service):
    service.local().ask("POST", "/api/v1/tenants/import", {"yaml": (ROOT / "tools" / "demo" / "tenants.yaml").read_text().replace("@PHONE@", "127.0.0.1:9")})


def send(lcp, lines):
    with socket.create_connection(("127.0.0.1", lcp.tcp_port), 10) as s:
        for line in lines:
            s.sendall(line.encode(errors="surrogateescape") + b"\n" if isinstance(line, str) else line + b"\n")


def stories(service, which=("aoba", "harbor"), least=1):
    """Collectors by tenant; returns when each has `least` candidates in the queue."""
    now, made = time.time(), {}
    for tenant in which:
        lcp = made[tenant] = Collector(service, tenant, f"{tenant}-1")
        lcp.enrol()
        lcp.start()
        send(lcp, [line for _, line in sorted((at, line) for s in STORIES if s.tenant == tenant for at, line in s.tell(now - 1500))])
    for tenant in which:
        wait_until(lambda t=tenant: len(service.local().ask("GET", f"/api/v1/queue?tenant={t}")["items"]) >= least, 90, 0.3, f"candidates of {tenant}")
    return made
