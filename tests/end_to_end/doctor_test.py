"""What pixhaul says of its surroundings: `pixhaul doctor` before a run, a diagnosis during and after one."""

import resource
import unittest

from support import Case


class Doctor(Case):
    def test_a_machine_that_is_fine_is_0_and_nothing_is_left(self):
        done = self.command("doctor", "images", *self.origin.dns)
        self.assertEqual(done.code, 0, str(done))
        self.assertRegex(done.stdout, r"(?m)^ok +resolver +127\.0\.0\.1:\d+ answered in \d+ ms$")
        self.assertRegex(done.stdout, r"(?m)^(ok|note) +disk +")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_silent_resolver_is_1_with_the_option_that_helps(self):
        done = self.command("doctor", "--dns_servers", f"127.0.0.1:{self.origin.silent_port}")
        self.assertEqual(done.code, 1, str(done))
        self.assertRegex(done.stdout, r"(?m)^change +resolver ")
        self.assertIn("--dns_servers ADDRESS", done.stdout)
        self.assertIn("1 thing to change", done.stdout)

    def test_limits_of_this_shell_are_seen(self):
        done = self.command("doctor", *self.origin.dns, preexec=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (100, 100)))
        self.assertEqual(done.code, 1, str(done))
        self.assertIn("the hard limit is 100", done.stdout)

    def test_an_option_that_contradicts_is_2(self):
        self.assertEqual(self.command("doctor", "--memory", "1MiB").code, 2)


class Diagnosis(Case):
    def hosts(self, count):
        return [f"{name}.hosts.test" for name in "abcdefgh"[:count]]

    def test_an_unknown_authority_for_all_hosts_is_something_in_between(self):
        urls = [self.origin.tls_url("/img/8/8/1.jpg", host) for host in self.hosts(5)]
        done = self.download(self.write_list(urls), *self.origin.dns, expect=1)
        self.assertRegex(done.stderr, r"(?m)^Likely: different hosts show certificates that one")
        self.assertIn("--ca_file FILE", done.stderr)

    def test_names_that_nobody_knows(self):
        urls = [f"http://{name}.nowhere.test/a.jpg" for name in "abcde"]
        done = self.download(self.write_list(urls), *self.origin.dns, expect=5)
        self.assertIn("Likely: 5 of 5 rows name hosts that do not exist", done.stderr)

    def test_a_host_that_refuses_is_named_while_the_run_goes_on(self):
        urls = [self.origin.url(f"/status/404?{i}") for i in range(40)]
        done = self.download(self.write_list(urls), "--host_interval", "20ms", expect=1)
        self.assertIn("pixhaul: 127.0.0.1 refuses ", done.stderr)
        self.assertIn("Likely: 127.0.0.1 refuses 40 of 40 rows (HTTP 4xx)", done.stderr)

    def test_a_run_that_goes_well_has_none(self):
        done = self.download(self.write_list(self.origin.images(6)))
        self.assertNotIn("Likely", done.stderr)


if __name__ == "__main__":
    unittest.main()
