# SPDX-License-Identifier: Apache-2.0
"""Ordinary traffic of the two customers: what a company's devices write on days on which nothing happens."""
import random

import lines as L

SITES = ["www.example.com", "news.example.org", "cdn.example.net", "mail.example.com", "maps.example.org", "shop.example.net", "intranet.example"]
AGENTS = ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36",
          "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"]
PEOPLE = {"aoba": ["h.tanaka", "k.sato", "y.suzuki", "m.ito", "n.odagiri", "t.kato"], "harbor": ["a.novak", "j.smith", "k.jensen", "p.dubois", "e.silva", "r.patel"]}
NET = {"aoba": "10.10", "harbor": "10.20"}
DOMAIN = {"aoba": "AOBA", "harbor": "HARBOR"}


class Company:
    def __init__(self, tenant, seed):
        self.t, self.r = tenant, random.Random(f"{tenant}{seed}")
        self.people, self.net, self.dom = PEOPLE[tenant], NET[tenant], DOMAIN[tenant]

    def pc(self):
        i = self.r.randrange(40)
        return i, f"{self.net}.20.{10 + i}", f"{self.t}-pc{i + 1:02d}", self.people[i % len(self.people)]

    def outside(self):
        return f"{self.r.choice(['198.51.100', '203.0.113'])}.{self.r.randrange(1, 200)}"

    def port(self):
        return self.r.randrange(49152, 65535)

    def firewall(self, t):
        _, ip, _, user = self.pc()
        dst, dport = self.outside(), self.r.choice([443, 443, 443, 80, 53, 123])
        sent, rcvd = self.r.randrange(300, 9000), self.r.randrange(500, 90000)
        denied = self.r.random() < 0.06
        if self.t == "harbor":
            if denied:
                return L.panos_traffic(t, self.t, "harbor-fw1", self.outside(), "192.0.2.20", self.port(), self.r.choice([23, 445, 3389, 8080]), "not-applicable", "deny", 60, 0, rule="inbound-deny")
            return L.panos_traffic(t, self.t, "harbor-fw1", ip, dst, self.port(), dport, "ssl" if dport == 443 else "web-browsing", "allow", sent, rcvd, user=f"harbor\\{user}")
        if denied:
            return L.fortigate(t, self.t, "aoba-fw1", srcip=self.outside(), srcport=self.port(), srcintf="wan1", dstip="192.0.2.10", dstport=self.r.choice([23, 445, 3389, 8080]),
                               dstintf="dmz", sessionid=self.r.randrange(10**6), proto=6, action="deny", policyid=0, service="tcp/other", duration=0, sentbyte=0, rcvdbyte=0)
        return L.fortigate(t, self.t, "aoba-fw1", srcip=ip, srcport=self.port(), srcintf="lan", dstip=dst, dstport=dport, dstintf="wan1", sessionid=self.r.randrange(10**6),
                           proto=17 if dport in (53, 123) else 6, action="close", policyid=12, policytype="policy", service="HTTPS", srccountry="Reserved", dstcountry="Japan", trandisp="snat",
                           app="HTTPS.BROWSER", duration=self.r.randrange(1, 200), sentbyte=sent, rcvdbyte=rcvd, sentpkt=sent // 500 + 1, rcvdpkt=rcvd // 900 + 1, appcat="Web.Client")

    def proxy(self, t):
        _, ip, _, user = self.pc()
        site = self.r.choice(SITES)
        if self.r.random() < 0.5:
            return L.squid(t, self.t, f"{self.t}-proxy1", ip, "CONNECT", f"{site}:443", 200, self.r.randrange(1000, 60000), user, mime="-", result="TCP_TUNNEL")
        return L.squid(t, self.t, f"{self.t}-proxy1", ip, "GET", f"http://{site}/{self.r.choice(['', 'index.html', 'css/site.css', 'img/logo.png'])}", 200, self.r.randrange(500, 40000), user)

    def ids(self, t):
        _, ip, _, _ = self.pc()
        if self.r.random() < 0.5:
            return L.suricata(t, self.t, f"{self.t}-ids1", "dns", ip, self.port(), f"{self.net}.1.10", 53, "UDP", dns={"type": "query", "id": self.r.randrange(65536), "rrname": self.r.choice(SITES), "rrtype": "A", "tx_id": 0})
        return L.suricata(t, self.t, f"{self.t}-ids1", "flow", ip, self.port(), self.outside(), 443, app_proto="tls",
                          flow={"pkts_toserver": 9, "pkts_toclient": 12, "bytes_toserver": self.r.randrange(400, 9000), "bytes_toclient": self.r.randrange(400, 90000), "state": "closed", "reason": "timeout", "alerted": False})

    def network(self, t):
        _, ip, _, _ = self.pc()
        if self.r.random() < 0.6:
            name = self.r.choice(SITES)
            return L.zeek(t, self.t, f"{self.t}-zeek1", "dns", ip, self.port(), f"{self.net}.1.10", 53, proto="udp", trans_id=self.r.randrange(65536), query=name, qclass=1, qclass_name="C_INTERNET",
                          qtype=1, qtype_name="A", rcode=0, rcode_name="NOERROR", AA=False, TC=False, RD=True, RA=True, Z=0, answers=[self.outside()], TTLs=[300.0], rejected=False)
        return L.zeek(t, self.t, f"{self.t}-zeek1", "conn", ip, self.port(), self.outside(), 443, proto="tcp", service="ssl", duration=round(self.r.random() * 60, 3), orig_bytes=self.r.randrange(400, 9000),
                      resp_bytes=self.r.randrange(400, 90000), conn_state="SF", local_orig=True, local_resp=False, missed_bytes=0, history="ShADadFf", orig_pkts=11, orig_ip_bytes=1200, resp_pkts=14, resp_ip_bytes=9000)

    def host(self, t):
        _, ip, name, user = self.pc()
        roll = self.r.random()
        fqdn = f"{name}.{self.t}.example"
        if roll < 0.45:
            return L.security(t, self.t, f"{self.t}-dc1.{self.t}.example", 4624, SubjectUserName="-", SubjectDomainName="-", SubjectLogonId="0x0", TargetUserName=user, TargetDomainName=self.dom,
                              TargetLogonId=hex(self.r.randrange(2**24)), LogonType=3, LogonProcessName="Kerberos", AuthenticationPackageName="Kerberos", WorkstationName="-", IpAddress=ip, IpPort=self.port())
        if roll < 0.5:
            return L.security(t, self.t, f"{self.t}-dc1.{self.t}.example", 4625, SubjectUserName="-", SubjectDomainName="-", TargetUserName=user, TargetDomainName=self.dom, Status="0xc000006d", SubStatus="0xc000006a",
                              FailureReason="%%2313", LogonType=3, AuthenticationPackageName="NTLM", WorkstationName=name.upper(), IpAddress=ip, IpPort=self.port())
        image = self.r.choice(["C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE", "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", "C:\\Windows\\System32\\notepad.exe",
                               "C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE"])
        return L.process(t, self.t, fqdn, image, f'"{image}"', "C:\\Windows\\explorer.exe", "C:\\Windows\\Explorer.EXE", f"{self.dom}\\{user}")

    def server(self, t):
        if self.r.random() < 0.85:
            return L.web(t, self.t, f"{self.t}-web1", self.outside(), "GET", self.r.choice(["/", "/products", "/contact", "/news/2026", "/img/a.png"]), 200, self.r.randrange(300, 30000), self.r.choice(AGENTS),
                         "nginx" if self.t == "aoba" else "apache")
        user = self.r.choice(["deploy", "backup"])
        return L.auth(t, self.t, f"{self.t}-web1", "sshd", self.r.randrange(1000, 30000), f"Accepted publickey for {user} from {self.net}.1.50 port {self.port()} ssh2: ED25519 SHA256:AAAAC3NzaC1lZDI1NTE5AAAA")

    def edge(self, t):
        if self.t == "aoba":
            return self.network(t)
        _, ip, _, _ = self.pc()
        dst = self.outside()
        return L.asa(t, self.t, "harbor-asa1", 302013, 6, f"Built outbound TCP connection {self.r.randrange(10**6)} for outside:{dst}/443 ({dst}/443) to inside:{ip}/{self.port()} ({ip}/{self.port()})")

    def one(self, t):
        kinds = (self.firewall, self.proxy, self.ids, self.network, self.host, self.server, self.edge)
        return self.r.choices(kinds, (38, 15, 8, 12, 17, 5, 5))[0](t)


def day_weight(t, offset):
    hour = int((t + offset) // 3600) % 24
    return 1.0 if 8 <= hour < 19 else 0.35 if 19 <= hour < 23 else 0.15


def history(tenant, seed, start, end, count):
    """`count` lines between start and end, busier by day, in time order."""
    c = Company(tenant, seed)
    times = []
    while len(times) < count:
        t = c.r.uniform(start, end)
        if c.r.random() < day_weight(t, L.ZONES[tenant][0]):
            times.append(t)
    for t in sorted(times):
        yield t, c.one(t)
