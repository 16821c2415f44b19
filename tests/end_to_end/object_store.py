"""moto's S3 server on a loopback port, and the environment in which pixhaul finds it and nothing
else."""

import logging
import os
import pathlib
import subprocess
import sys

import support

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
# Nobody asks the machine's metadata service or profiles.
ALONE = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent",
         "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}


class StoreCase(support.Case):
    """One server for the class, with the bucket `bucket` in it."""

    bucket = "bucket"

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
        cls.endpoint = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{cls.port}"}
        cls.store = boto3.client(
            "s3", endpoint_url=f"http://127.0.0.1:{cls.port}", region_name="us-east-1",
            aws_access_key_id="key", aws_secret_access_key="secret")
        cls.store.create_bucket(Bucket=cls.bucket)

    @classmethod
    def put(cls, key, body):
        cls.store.put_object(Bucket=cls.bucket, Key=key, Body=body)

    @classmethod
    def objects(cls, prefix):
        """Key below the prefix to bytes; folders' own objects left out."""
        found = {}
        for page in cls.store.get_paginator("list_objects_v2").paginate(
                Bucket=cls.bucket, Prefix=prefix + "/"):
            for entry in page.get("Contents", ()):
                if entry["Key"].endswith("/"):
                    continue
                body = cls.store.get_object(Bucket=cls.bucket, Key=entry["Key"])["Body"].read()
                found[entry["Key"][len(prefix) + 1:]] = body
        return found


def run_in_environment(file, main):
    """`main` with the Python that has moto; 77, CTest's "skipped", where there is none."""
    venv = os.environ.get("TEST_VENV", str(support.ROOT / "build/venv/test"))
    python = pathlib.Path(venv) / "bin/python"
    if pathlib.Path(sys.prefix) != pathlib.Path(venv):
        sys.exit(subprocess.call([python, file, *sys.argv[1:]]) if python.exists() else 77)
    main()
