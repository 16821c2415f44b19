"""The machines that watch a run: every event against docs/events.schema.json, the metrics' text, and
the Grafana dashboard against the metrics that are there."""

import copy
import json
import os
import re
import unittest

import support

try:
    import jsonschema
except ImportError:
    jsonschema = None

DOCS = support.ROOT / "docs"
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def closed(schema):
    """The schema with no room for members that it does not name: what is undocumented shows."""
    schema = copy.deepcopy(schema)

    def close(part):
        if isinstance(part, dict):
            if "properties" in part:
                part["additionalProperties"] = False
            for value in part.values():
                close(value)
        elif isinstance(part, list):
            for value in part:
                close(value)

    close(schema)
    return schema


def samples(text):
    """{(name, labels): value} of a text in Prometheus' format."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = SAMPLE.match(line).groups()
        found[name, frozenset(LABEL.findall(labels or ""))] = float(value)
    return found


class Watching(support.Case):
    def hostile_list(self):
        urls = self.origin.images(30)
        urls[4] = self.origin.url("/status/404?<script>")
        urls[7] = self.origin.url("/html")
        urls[11] = "no URL at all \x1b[2J"
        urls[13] = f"http://127.0.0.1:{self.origin.refusing_port}/a.jpg"
        return self.write_list(urls), urls

    def events(self, name="events.ndjson"):
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]

    @unittest.skipUnless(jsonschema, "tools/install_packages test brings python3-jsonschema")
    def test_every_event_is_as_the_schema_says(self):
        schema = json.loads((DOCS / "events.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        check = jsonschema.Draft202012Validator(closed(schema))
        for style in ("files", "webdataset"):
            name, _ = self.hostile_list()
            self.download(name, "-o", style, "--output_format", style, "--number_sample_per_shard", "8",
                          "--events", "events.ndjson", "--retries", "0", expect=1)
        self.download(name, "-o", style, "--number_sample_per_shard", "9", "--output_format", style,
                      "--events", "events.ndjson", expect=4)
        self.download(name, "-o", "some", "--max_rows", "3", "--events", "events.ndjson", expect=6)
        (self.folder / "cut.txt").write_text("".join(f"{u}\n" for u in self.origin.images(3, first=500)))
        self.download("cut.txt", "-o", "some", "--events", "events.ndjson", expect=4)
        events = self.events()
        for event in events:
            errors = list(check.iter_errors(event))
            best = jsonschema.exceptions.best_match(errors)
            self.assertEqual(errors, [], f"{event}: {best and best.message}")
        self.assertEqual({event["event"] for event in events},
                         {name for name in schema["$defs"]
                          if "event" in schema["$defs"][name].get("properties", {})} - {"notice"})

    def test_a_run_is_told_from_its_start_to_its_end(self):
        name, urls = self.hostile_list()
        self.download(name, "--number_sample_per_shard", "8", "--retries", "0",
                      "--events", "events.ndjson", expect=1)
        events = self.events()
        names = [event["event"] for event in events]
        self.assertEqual((names[0], names[-1]), ("run_started", "run_finished"))
        self.assertEqual(names[-2], "progress", "the last figures")
        failed = {event["row"]["key"]: event["row"] for event in events if event["event"] == "row_failed"}
        rows = {row["key"]: row for row in self.rows() if row["status"] != "success"}
        self.assertEqual(len(rows), 4)
        for row in rows.values():
            del row["sha256"]
        self.assertEqual(failed, rows)
        self.assertEqual(sorted(event["shard"] for event in events
                                if event["event"] == "shard_written"),
                         ["00000", "00001", "00002", "00003"])
        self.assertEqual(events[-1]["failed"], 4)
        self.assertEqual(events[-2]["rows_done"], len(urls))
        self.assertEqual(sorted(event["time"] for event in events), [event["time"] for event in events])

    def test_standard_output_has_events_alone(self):
        name, _ = self.hostile_list()
        done = self.download(name, "--events", "-", "--progress", "json", expect=1)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(lines[-1]["event"], "run_finished")
        progress = [event for event in lines if event["event"] == "progress"]
        shown = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
        self.assertEqual(shown[-1].keys(), progress[-1].keys(), "--progress json is the same object")
        self.assertEqual(shown[-1], progress[-1])

    def test_a_second_run_appends(self):
        name, _ = self.hostile_list()
        for _ in range(2):
            self.download(name, "--events", "events.ndjson", expect=1)
        names = [event["event"] for event in self.events()]
        self.assertEqual((names.count("run_started"), names.count("run_finished")), (2, 2))

    def test_events_that_cannot_be_written_do_not_end_the_run(self):
        name = self.write_list(self.origin.images(5))
        done = self.download(name, "--events", "/dev/full")
        self.assertIn("no more events are written", done.stderr)
        self.assertEqual(self.statuses(), ["success"] * 5)
        done = self.download(name, "--events", "no/such/folder/events", expect=4)
        self.assertIn("--events: cannot write 'no/such/folder/events'", done.stderr)

    def test_metrics_are_kept_in_a_file(self):
        name, urls = self.hostile_list()
        self.download(name, "--metrics_file", "run.prom", "--retries", "0", expect=1)
        found = samples((self.folder / "run.prom").read_text())
        self.assertEqual(found["pixhaul_rows_done_total", frozenset()], len(urls))
        self.assertEqual(found["pixhaul_rows_total", frozenset({("status", "success")})], len(urls) - 4)
        self.assertEqual(os.listdir(self.folder).count("run.prom.part"), 0)

    def test_the_dashboard_of_grafana_asks_for_what_is_there(self):
        name = self.write_list([*self.origin.images(3), self.origin.url("/status/404")])
        self.download(name, "--metrics_file", "run.prom", "--retries", "0", "--fail_ratio", "1")
        text = (self.folder / "run.prom").read_text()
        # Named in the text only while a host is held back.
        text += 'pixhaul_host_retry_seconds{host="x",condition="parked"} 1\n'
        found = samples(text)
        labels = {}
        for metric, of in found:
            labels.setdefault(metric, set()).update(of)
        board = json.loads((DOCS / "grafana.json").read_text())
        asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
        self.assertGreater(len(asked), 25)
        for expression in asked:
            for metric, chosen in re.findall(r"(pixhaul_\w+)(\{[^}]*\})?", expression):
                self.assertIn(metric, labels, expression)
                for label, operator, value in re.findall(r'(\w+)(=~?)"([^"]*)"', chosen):
                    if label != "instance":
                        self.assertIn((label, value), labels[metric], expression)
            for label in re.findall(r"by \((\w+)\)", expression):
                metric = re.search(r"pixhaul_\w+", expression).group()
                self.assertIn(label, {name for name, _ in labels[metric]}, expression)
        for metric in {metric for metric, _ in found} - {"pixhaul_host_retry_seconds"}:
            family = re.sub(r"(_duration_seconds)_(sum|count)$", r"\1", metric)
            page = (DOCS / "watching.md").read_text()
            short = "…_" + "_".join(family.split("_")[2:])
            self.assertTrue(family in page or short in page, f"docs/watching.md lacks {family}")


if __name__ == "__main__":
    unittest.main()
