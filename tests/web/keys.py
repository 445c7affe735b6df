# SPDX-License-Identifier: Apache-2.0
"""Security keys on the real service with Chromium's virtual authenticator: keys.mjs does what a person does.

    python3 tests/web/keys.py [--keep] [--shots DIR]
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lib")]

from service import Service, free_port  # noqa: E402

TENANTS = """
tenants:
  - {id: aoba, name: {ja: 青葉精機株式会社, en: Aoba Seiki}, kana: アオバセイキ, short: AOBA, zone: Asia/Tokyo, code_word: {ja: カワセミ, en: kingfisher}}
accounts:
  - {login: fresh, name: {ja: 島村 由佳, en: Yuka Shimamura}, role: customer, tenant: aoba, password: four random words here}
  - {login: chief, name: {ja: 大友 修, en: Osamu Otomo}, role: admin, password: four random words here}
  - {login: eng, name: {ja: 技術 太郎, en: T. Gijutsu}, role: engineer, password: four random words here}
  - {login: audit, name: {ja: 監査 太郎, en: T. Audit}, role: auditor, password: four random words here}
"""


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--keep", action="store_true")
    p.add_argument("--shots", default=str(ROOT / "build" / "web-keys"))
    a = p.parse_args()
    folder = tempfile.mkdtemp(prefix="nezuban-keys-")
    port = free_port()
    service = Service(folder, web_port=port, settings={"desk.url": f"https://localhost:{port}"})
    done = 1
    try:
        service.start({"NEZUBAN_WEB_CHECK": "1"})
        service.local().ask("POST", "/api/v1/tenants/import", {"yaml": TENANTS})
        done = subprocess.run(["node", str(ROOT / "tests" / "web" / "keys.mjs"), f"https://localhost:{port}", str(service.data / "desk" / "auth.db"), a.shots], timeout=240).returncode
        alarms = service.local().ask("GET", "/api/v1/alarms")["items"]
        if done == 0 and [x["kind"] for x in alarms].count("key_copied") != 1:
            print(f"FAIL a copied key is one alarm: {alarms}")
            done = 1
        said = [json.loads(line) for line in (pathlib.Path(folder) / "nezuband.log").read_text(errors="replace").splitlines() if '"web.answer.shape"' in line]
        if said:
            print(f"FAIL shapes: {said[:3]}")
            done = 1
    finally:
        service.stop()
        if a.keep or done:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return done


if __name__ == "__main__":
    sys.exit(main())
