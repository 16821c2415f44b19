"""What img2dataset says of a run as its shards are done: lines on standard output and series for Weights & Biases."""

import glob
import json
import os
import threading
import time
from collections import Counter

_MOST_STATUSES = 100  # of the table
_TABLE_EVERY = 60.0  # seconds


class CappedCounter:
    """A counter that forgets the rarest keys when there are too many."""

    def __init__(self, max_size=10**5):
        self.max_size = max_size
        self.counter = Counter()

    def increment(self, key):
        self._make_room()
        self.counter[key] += 1

    def update(self, counter):
        self.counter.update(counter.counter)
        self._make_room()

    def most_common(self, k):
        return self.counter.most_common(k)

    def dump(self):
        return self.counter

    @classmethod
    def load(cls, d, max_size=10**5):
        counter = cls(max_size)
        counter.counter = Counter(d)
        return counter

    def _make_room(self):
        if len(self.counter) >= self.max_size:
            self.counter = Counter(dict(self.counter.most_common(self.max_size // 2)))


class Logger:
    """Passes a call on when `min_interval` seconds have gone by since the last; sync() passes on the one held back."""

    def __init__(self, min_interval=0):
        self.processes_returned = 0
        self.min_interval = min_interval
        self.last = time.perf_counter()
        self.last_call_logged = False
        self.last_args = None
        self.last_kwargs = None

    def __call__(self, *args, **kwargs):
        self.processes_returned += 1
        now = time.perf_counter()
        self.last_call_logged = now - self.last > self.min_interval
        self.last_args, self.last_kwargs = args, kwargs
        if self.last_call_logged:
            self.do_log(*args, **kwargs)
            self.last = now

    def do_log(self, *args, **kwargs):
        raise NotImplementedError()

    def sync(self):
        if self.last_call_logged or self.last_args is None:
            return
        self.do_log(*self.last_args, **self.last_kwargs)
        self.last_call_logged = True
        self.processes_returned = 0


class SpeedLogger(Logger):
    """Adds shards up and says how fast and how well they went."""

    def __init__(self, prefix, enable_wandb, **logger_args):
        super().__init__(**logger_args)
        self.prefix = prefix
        self.enable_wandb = enable_wandb
        self.start_time = float("+inf")
        self.end_time = float("-inf")
        self.count = self.success = self.failed_to_download = self.failed_to_resize = 0

    def __call__(self, count, success, failed_to_download, failed_to_resize, start_time, end_time):
        self.count += count
        self.success += success
        self.failed_to_download += failed_to_download
        self.failed_to_resize += failed_to_resize
        self.start_time = min(start_time, self.start_time)
        self.end_time = max(end_time, self.end_time)
        super().__call__(self.count, self.success, self.failed_to_download, self.failed_to_resize, self.start_time,
                         self.end_time)

    def do_log(self, count, success, failed_to_download, failed_to_resize, start_time, end_time):
        seconds = end_time - start_time
        facts = {
            "img_per_sec": count / seconds if seconds > 0 else 0.0,
            "success": success / count if count else 0.0,
            "failed_to_download": failed_to_download / count if count else 0.0,
            "failed_to_resize": failed_to_resize / count if count else 0.0,
            "count": count,
        }
        print(f"{self.prefix:<7} - success: {facts['success']:.3f}"
              f" - failed to download: {facts['failed_to_download']:.3f}"
              f" - failed to resize: {facts['failed_to_resize']:.3f}"
              f" - images per sec: {facts['img_per_sec']:.0f} - count: {count}")
        if self.enable_wandb:
            import wandb

            wandb.log({f"{self.prefix}/{name}": value for name, value in facts.items()})


class StatusTableLogger(Logger):
    """The most frequent statuses as a table of Weights & Biases."""

    def __init__(self, max_status=_MOST_STATUSES, min_interval=_TABLE_EVERY, enable_wandb=False, **logger_args):
        super().__init__(min_interval=min_interval, **logger_args)
        self.max_status = max_status
        self.enable_wandb = enable_wandb

    def do_log(self, status_dict, count):
        if not self.enable_wandb:
            return
        import wandb

        data = [[status, number / count, number] for status, number in status_dict.most_common(self.max_status)]
        wandb.run.log({"status": wandb.Table(columns=["status", "frequency", "count"], data=data)})


def write_stats(output_folder, shard_id, count, successes, failed_to_download, failed_to_resize, start_time, end_time,
                status_dict, oom_shard_count):
    """Writes a shard's stats file."""
    stats = {
        "count": count,
        "successes": successes,
        "failed_to_download": failed_to_download,
        "failed_to_resize": failed_to_resize,
        "duration": end_time - start_time,
        "start_time": start_time,
        "end_time": end_time,
        "status_dict": status_dict.dump(),
    }
    with open(os.path.join(output_folder, f"{shard_id:0{oom_shard_count}d}_stats.json"), "w", encoding="utf-8") as file:
        json.dump(stats, file, indent=4)


class Watch:
    """Reads the stats files that a run makes, and logs each once. Called with the run's counters as it goes."""

    def __init__(self, output_folder, config, done_shards=None):
        """`done_shards`: numbers that are not logged; None for all that there are now."""
        self._done = done_shards
        self._folder = output_folder
        self._config = config
        self._wandb = config["enable_wandb"]
        self._seen = {}
        self._shards_written = 0
        self._statuses = CappedCounter()
        self._run = None

    def __enter__(self):
        if self._wandb:
            import wandb

            self._run = wandb.init(project=self._config["wandb_project"], config=self._config)
        self._total = SpeedLogger("total", enable_wandb=self._wandb)
        self._table = StatusTableLogger(enable_wandb=self._wandb)
        self._seen = {path: _mark(path) for path in self._stats_files()
                      if self._done is None or int(os.path.basename(path).split("_")[0]) in self._done}
        return self

    def __call__(self, now):
        if now["shards_written"] == self._shards_written:
            return
        self._shards_written = now["shards_written"]
        self.look()

    def __exit__(self, kind, error, trace):
        self.look()
        self._total.sync()
        self._table.sync()
        if self._run is not None:
            self._run.finish()

    def _stats_files(self):
        return sorted(glob.glob(os.path.join(glob.escape(self._folder), "*_stats.json")))

    def look(self):
        for path in self._stats_files():
            mark = _mark(path)
            if mark is None or self._seen.get(path) == mark:
                continue
            self._seen[path] = mark
            with open(path, encoding="utf-8") as file:
                self._log(json.load(file))

    def _log(self, stats):
        facts = {"count": stats["count"], "success": stats["successes"],
                 "failed_to_download": stats["failed_to_download"], "failed_to_resize": stats["failed_to_resize"],
                 "start_time": stats["start_time"], "end_time": stats["end_time"]}
        SpeedLogger("worker", enable_wandb=self._wandb)(**facts)
        self._total(**facts)
        self._statuses.update(CappedCounter.load(stats["status_dict"]))
        self._table(self._statuses, self._total.count)


class LoggerProcess:
    """Logs the shards of a folder as they are done by others: a thread, from start() to join()."""

    def __init__(self, output_folder, enable_wandb, wandb_project, config_parameters, log_interval=5):
        self.output_folder = output_folder
        self.log_interval = log_interval
        self.done_shards = set()
        self._config = {**config_parameters, "enable_wandb": enable_wandb, "wandb_project": wandb_project}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self._thread.start()

    def run(self):
        with Watch(self.output_folder, self._config, self.done_shards) as watch:
            while not self._over.wait(self.log_interval):
                watch.look()

    def join(self, timeout=None):
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    terminate = join


def _mark(path):
    """Returns what tells one generation of a file from the next, None when it is gone."""
    try:
        facts = os.stat(path)
    except FileNotFoundError:
        return None
    return facts.st_ino, facts.st_mtime_ns, facts.st_size
