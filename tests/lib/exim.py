# SPDX-License-Identifier: Apache-2.0
"""A real mail server, Debian's exim, in a folder: takes SMTP on a loopback port, hands soc.example over by LMTP, keeps the
mail of other addresses in Maildirs. Who comes from 127.0.0.2 is the mail server of his domain (spf=pass); who does not, is not (spf=fail)."""
import email
import email.policy
import os
import pathlib
import pwd
import shutil
import smtplib

from service import Process, free_port, wait_until

EXIM = "/usr/sbin/exim4"
ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = """spool_directory = @DIR@/spool
log_file_path = @DIR@/log/%s
pid_file_path = @DIR@/exim.pid
keep_environment =
add_environment =
tls_advertise_hosts =
deliver_drop_privilege = true
never_users =
"""
CONFIG = FOLDERS + """
primary_hostname = mx.soc.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = @PORT@
host_lookup =
rfc1413_query_timeout = 0s
message_size_limit = 60M
acl_smtp_rcpt = rcpt
acl_smtp_data = data
begin acl
rcpt:
  accept
data:
  warn   remove_header = Authentication-Results
  warn   condition  = ${if eq{$sender_host_address}{127.0.0.2}}
         add_header = :at_start:Authentication-Results: mx.soc.example; spf=pass smtp.mailfrom=$sender_address
  warn   condition  = ${if !eq{$sender_host_address}{127.0.0.2}}
         add_header = :at_start:Authentication-Results: mx.soc.example; spf=fail smtp.mailfrom=$sender_address
  accept
begin routers
desk:
  driver = manualroute
  domains = soc.example
  route_list = * 127.0.0.1
  self = send
  transport = desk
boxes:
  driver = accept
  transport = boxes
begin transports
desk:
  driver = smtp
  protocol = lmtp
  port = @LMTP@
  hosts_try_fastopen =
  allow_localhost
boxes:
  driver = appendfile
  directory = @DIR@/boxes/${lookup{$local_part@$domain}lsearch,ret=key{@DIR@/boxes.list}{$value}fail}
  maildir_format
  create_directory
begin retry
* * F,1h,1s
"""


def documented():
    """The configuration that docs/mail.md tells people to use, word for word, with the folders of a test before it."""
    [en, ja] = [(ROOT / "docs" / name).read_text().split("```exim\n")[1].split("```")[0] for name in ("mail.md", "mail.ja.md")]
    assert en == ja, "the two languages tell different configurations"
    return FOLDERS + en


class Exim:
    def __init__(self, folder, lmtp_port, boxes, config=CONFIG, host="127.0.0.1", port=0):
        self.folder, self.host = pathlib.Path(folder), host
        self.port, self.lmtp_port = port or free_port(), lmtp_port
        for sub in ("spool", "log", "boxes"):
            (self.folder / sub).mkdir(parents=True)
        (self.folder / "boxes.list").write_text("".join(f"{b}: yes\n" for b in boxes))  # a name out of a file is no longer tainted
        self.config = self.folder / "exim.conf"
        self.config.write_text(config.replace("@DIR@", str(self.folder)).replace("@PORT@", str(self.port)).replace("@LMTP@", str(lmtp_port)))
        self.process = None

    def start(self):
        """As its own user: only that may start a daemon, and with a configuration of somebody's own it gives up root."""
        argv = [EXIM, "-C", str(self.config), "-bdf", "-q1s"]
        if os.geteuid() == 0:
            own = pwd.getpwnam("Debian-exim")
            for root, dirs, files in os.walk(self.folder):
                for name in [root, *(os.path.join(root, x) for x in dirs + files)]:
                    os.chown(name, own.pw_uid, own.pw_gid)
            argv = ["setpriv", "--reuid", str(own.pw_uid), "--regid", str(own.pw_gid), "--clear-groups", *argv]
        self.process = Process(argv, self.folder / "exim.out")
        wait_until(self.serving, 30, why="exim serving")

    def serving(self):
        if not self.process.alive():
            raise RuntimeError("exim ended: " + (self.folder / "exim.out").read_text())
        try:
            smtplib.SMTP(self.host, self.port, timeout=5).quit()
            return True
        except OSError:
            return False

    def send(self, message, sender, to, proved=True):
        """message: bytes or email.message. proved: from the domain's own mail server."""
        data = message if isinstance(message, bytes) else message.as_bytes(policy=email.policy.SMTP)
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60, source_address=("127.0.0.2" if proved else "127.0.0.3", 0)) as s:
            s.sendmail(sender, to, data)

    def box(self, address):
        """The mails of a box, oldest first."""
        new = self.folder / "boxes" / address / "new"
        return [email.message_from_bytes(p.read_bytes(), policy=email.policy.default) for p in sorted(new.glob("*"), key=lambda p: p.stat().st_mtime_ns)] if new.is_dir() else []

    def log(self):
        return (self.folder / "log" / "main").read_text(errors="replace") if (self.folder / "log" / "main").exists() else ""

    def stop(self):
        if self.process:
            self.process.stop()


def is_there():
    return pathlib.Path(EXIM).exists() and shutil.which("setpriv")
