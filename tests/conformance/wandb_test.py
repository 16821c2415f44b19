#!/usr/bin/env python3
"""Weights & Biases, offline: pixhaul.img2dataset logs the series that img2dataset's logger logs of the same folder."""

import os
import pathlib
import sys
import unittest
from unittest import mock

import environment
import support

PACKAGE = pathlib.Path(os.environ.get("PIXHAUL_PACKAGE", environment.ROOT / "build/dev/python"))
if not list(PACKAGE.glob("pixhaul/_core*.so")):
    print(f"no Python package in {PACKAGE}")
    sys.exit(77)
sys.path.insert(0, str(PACKAGE))

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
os.environ["WANDB_SILENT"] = "true"

import wandb  # noqa: E402
from img2dataset.logger import LoggerProcess  # noqa: E402

from pixhaul.img2dataset import download  # noqa: E402


class Series(support.Case):
    def setUp(self):
        super().setUp()
        variables = {"WANDB_MODE": "offline", "WANDB_DIR": str(self.folder), "PIXHAUL_ALLOW_NET": "127.0.0.0/8"}
        patched = mock.patch.dict(os.environ, variables)
        patched.start()
        self.addCleanup(patched.stop)

    def logged(self, work):
        """Returns what was logged while `work` ran: (name, value) in order, and the tables of statuses."""
        series, tables, settings = [], [], []
        run_class, init = wandb.sdk.wandb_run.Run, wandb.init
        log = run_class.log

        def remember(run, facts, *arguments, **more):
            series.extend((name, value) for name, value in facts.items() if name != "status")
            return log(run, facts, *arguments, **more)

        def begin(*arguments, **more):
            settings.append(more)
            more.pop("anonymous", None)
            return init(*arguments, **more)

        class Table(wandb.Table):
            def __init__(self, columns, data):
                tables.append((columns, data))
                super().__init__(columns=columns, data=data)

        with mock.patch.multiple(wandb, init=begin, Table=Table), mock.patch.object(run_class, "log", remember):
            work()
        return series, tables, settings[0]

    def test_the_series_are_those_of_img2dataset(self):
        urls = self.write_list(self.origin.images(25) + [self.origin.url("/status/404")])
        output = self.folder / "images"
        parameters = {"url_list": str(self.folder / urls), "output_folder": str(output),
                      "number_sample_per_shard": 10, "wandb_project": "some project"}
        ours, our_tables, our_settings = self.logged(lambda: download(**parameters, enable_wandb=True))

        def theirs_over_the_same_folder():
            logger = LoggerProcess(str(output), True, "some project", parameters)
            logger.q.put("stop")
            logger.run()

        theirs, their_tables, their_settings = self.logged(theirs_over_the_same_folder)
        self.assertEqual({name for name, _ in ours}, {name for name, _ in theirs})
        self.assertEqual(len(ours), len(theirs))
        for name in ("total/count", "total/success", "total/failed_to_download", "total/failed_to_resize"):
            self.assertEqual([value for n, value in ours if n == name][-1],
                             [value for n, value in theirs if n == name][-1], name)
        self.assertEqual(our_tables[-1][0], their_tables[-1][0])
        self.assertEqual(sorted(our_tables[-1][1]), sorted(their_tables[-1][1]))
        self.assertEqual(our_settings["project"], their_settings["project"])
        self.assertEqual(our_settings["config"]["number_sample_per_shard"], 10)
        self.assertEqual(list(our_settings["config"])[:3], ["url_list", "image_size", "output_folder"])
        self.assertTrue(list((self.folder / "wandb").glob("offline-run-*")))


if __name__ == "__main__":
    # The hook that wandb leaves behind takes a number, and unittest ends with a truth value.
    sys.exit(0 if unittest.main(exit=False).result.wasSuccessful() else 1)
