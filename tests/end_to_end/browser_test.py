"""The page in Chromium while a run goes on: every view, and what another site can do (web/test)."""

import csv
import os
import re
import shutil
import subprocess
import unittest

import support

NODE_MODULES = support.ROOT / "web/node_modules/playwright-core"
HAS_BROWSER = bool((shutil.which("chromium") or shutil.which("chromium-browser"))
                   and NODE_MODULES.exists())


@unittest.skipUnless(HAS_BROWSER, "tools/install_packages browser brings Chromium")
class Browser(support.Case):
    def test_the_page_of_a_running_download(self):
        hosts = ("a.hosts.test", "img.hosts.test", "cdn.hosts.test")
        urls = []
        for i in range(2000):
            host = hosts[i % 3]
            urls.append(self.origin.url(f"/img/{(640, 480, 800)[i % 3]}/480/{i}.jpg", host))
            if i % 31 == 7:
                urls.append(self.origin.url("/status/404?q=<img%20src=x%20onerror=alert(1)>", host))
            if i % 60 == 9:
                urls.append(self.origin.url("/html", "img.hosts.test"))
            if i % 200 == 3:
                urls.append(self.origin.url("/status/429?retry_after=20", "busy.hosts.test"))
        with open(self.folder / "photos.csv", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("url", "caption"))
            rows.writerows((url, f"picture {i} <img src=x onerror=alert(1)>")
                           for i, url in enumerate(urls))
        run = subprocess.Popen(
            [support.PIXHAUL, "photos.csv", "--caption_col", "caption", "--dashboard", "0", "--progress", "none",
             "--output_folder", "photos", "--output_format", "webdataset", "--limit_rate", "5M",
             "--number_sample_per_shard", "100", *support.LOOPBACK, *self.origin.dns],
            cwd=self.folder, stderr=subprocess.PIPE, text=True, env=support.clean_environment())
        try:
            address = re.search(r"dashboard: (\S+)", run.stderr.readline()).group(1)
            pictures = os.environ.get("E2E_PICTURES", "")
            looked = subprocess.run(["node", "test/browser.js", address, pictures],
                                    cwd=support.ROOT / "web", capture_output=True, text=True,
                                    timeout=100)
        finally:
            run.kill()
            run.communicate()
        self.assertEqual(looked.returncode, 0, looked.stdout + looked.stderr)


if __name__ == "__main__":
    unittest.main()
