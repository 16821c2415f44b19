#!/usr/bin/env python3
"""Lists in an object store, read from moto's S3 server on a loopback port.

Needs TEST_VENV (the environment of tests/requirements.txt) and runs itself again with that
environment's Python; ends with 77, CTest's "skipped", where it is missing."""

import gzip
import unittest

import object_store
from object_store import ALONE, CREDENTIALS


class StoreTest(object_store.StoreCase):
    bucket = "lists"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.urls = cls.origin.images(3)
        text = "".join(url + "\n" for url in cls.urls).encode()
        cls.put("plain.txt", text)
        cls.put("packed.txt.gz", gzip.compress(text))
        cls.put("table.csv", b"url,caption\n" + f"{cls.urls[0]},hello\n".encode())
        cls.put("parts/a.txt", f"{cls.urls[0]}\n".encode())
        cls.put("parts/b.txt", f"{cls.urls[1]}\n".encode())

    def read(self, uri, expect=0, credentials=CREDENTIALS, endpoint=True):
        env = {**ALONE, **credentials}
        if endpoint:
            env |= self.endpoint
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
    object_store.run_in_environment(__file__, unittest.main)
