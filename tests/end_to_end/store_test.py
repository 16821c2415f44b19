#!/usr/bin/env python3
"""Lists in an object store, read from moto's S3 server on a loopback port.

Needs TEST_VENV (the environment of tests/requirements.txt) and runs itself again with that
environment's Python; ends with 77, CTest's "skipped", where it is missing."""

import gzip
import logging
import os
import pathlib
import subprocess
import sys
import unittest

import support

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
# Nobody asks the machine's metadata service or profiles.
ALONE = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent",
         "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}


class StoreTest(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        import boto3
        from moto.server import ThreadedMotoServer
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        cls.addClassCleanup(server.stop)
        cls.port = server.get_host_and_port()[1]
        cls.store = boto3.client(
            "s3", endpoint_url=f"http://127.0.0.1:{cls.port}", region_name="us-east-1",
            aws_access_key_id="key", aws_secret_access_key="secret")
        cls.store.create_bucket(Bucket="lists")
        cls.urls = cls.origin.images(3)
        text = "".join(url + "\n" for url in cls.urls).encode()
        cls.put("plain.txt", text)
        cls.put("packed.txt.gz", gzip.compress(text))
        cls.put("table.csv", b"url,caption\n" + f"{cls.urls[0]},hello\n".encode())
        cls.put("parts/a.txt", f"{cls.urls[0]}\n".encode())
        cls.put("parts/b.txt", f"{cls.urls[1]}\n".encode())

    @classmethod
    def put(cls, key, body):
        cls.store.put_object(Bucket="lists", Key=key, Body=body)

    def read(self, uri, expect=0, credentials=CREDENTIALS, endpoint=True):
        env = {**ALONE, **credentials}
        if endpoint:
            env["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{self.port}"
        done = self.download(uri, "--output_folder", "images", expect=expect, env=env)
        self.assertNotIn("Finalize", done.stderr)
        return done

    def urls_of_rows(self):
        return [row["url"] for row in self.rows()]

    def test_a_list_is_read_from_the_endpoint_of_the_environment(self):
        self.read("s3://lists/plain.txt")
        self.assertEqual(self.statuses(), ["success"] * 3)
        self.assertEqual(self.urls_of_rows(), self.urls)

    def test_the_endpoint_may_stand_in_the_uri(self):
        self.read(f"s3://lists/plain.txt?endpoint_override=127.0.0.1:{self.port}&scheme=http"
                  "&region=us-east-1", endpoint=False)
        self.assertEqual(self.urls_of_rows(), self.urls)

    def test_a_compressed_list_is_read(self):
        self.read("s3://lists/packed.txt.gz")
        self.assertEqual(self.urls_of_rows(), self.urls)

    def test_a_table_is_read(self):
        self.read("s3://lists/table.csv")
        self.assertEqual(self.urls_of_rows(), self.urls[:1])

    def test_a_folder_and_a_pattern_stand_for_their_lists(self):
        for name in ("s3://lists/parts", "s3://lists/parts/*.txt"):
            with self.subTest(name):
                self.read(name)
                self.assertEqual(self.urls_of_rows(), self.urls[:2])

    def refusal(self, uri, **settings):
        done = self.read(uri, expect=3, **settings)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done)
        self.assertFalse((self.folder / "images").exists())
        return done.stderr

    def test_a_missing_object_and_bucket_are_one_sentence(self):
        for uri in ("s3://lists/none.txt", "s3://nobucket/none.txt"):
            with self.subTest(uri):
                self.assertIn(f"cannot read '{uri}': the store has no such object",
                              self.refusal(uri))

    def test_missing_credentials_are_one_sentence_with_the_remedy(self):
        self.assertIn("AWS_ACCESS_KEY_ID", self.refusal("s3://lists/plain.txt", credentials={}))


if __name__ == "__main__":
    venv = os.environ.get("TEST_VENV", str(support.ROOT / "build/venv/test"))
    python = pathlib.Path(venv) / "bin/python"
    if pathlib.Path(sys.prefix) != pathlib.Path(venv):
        sys.exit(subprocess.call([python, __file__, *sys.argv[1:]]) if python.exists() else 77)
    unittest.main()
