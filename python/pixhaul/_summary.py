"""What a run did."""

import html


class Summary:
    """What a run did: attributes as numbers, shown as a line or, in a notebook, as a table.

    Attributes:
        rows: Rows with a final status in the whole output, earlier runs included.
        images: Of them, images.
        image_bytes: Their size.
        failed: Rows that failed; those refused by a policy or a filter are not among them.
        refused: Rows refused by robots.txt, an opt-out or a filter.
        seconds: How long this run took.
        statuses: How many rows of this run ended in each status.
        stopped: Why the run ended before its rows did: "", "max_rows", "max_errors", "max_bytes", "max_duration".
        network_down: Nothing succeeded, and every failure is of name look-up or connecting.
        failures: Failed rows by reason, the most frequent first.
        output_folder: Where everything lies.
        shards: Of a dataset, as loaders take them: "out/{00000..00012}.tar".
        failed_list: The list of failed rows; "" when there is none.
        failed_table: Of a dataset, the failed rows with all columns of their list; "" when there is none.
        diagnosis: What one cause did to most rows, in sentences with the option that would help; mostly empty.
        estimated_rows: After max_rows, what the whole list would have; None if unknown.
        estimated_seconds: The same.
        estimated_bytes: The same.
        stats: Every counter of the run.
    """

    def __init__(self, facts):
        self.__dict__.update(facts)
        self.seconds = self.stats["seconds"]
        self.statuses = self.stats["by_status"]

    def __repr__(self):
        return (f"<Summary: {self.images:,} images ({_bytes(self.image_bytes)}) of {self.rows:,} rows, "
                f"{self.failed:,} failed, {self.seconds:.1f} s, in {self.output_folder!r}>")

    def _repr_html_(self):
        lines = [("images", f"{self.images:,} ({_bytes(self.image_bytes)})"), ("rows", f"{self.rows:,}"),
                 ("failed", f"{self.failed:,}"), ("refused", f"{self.refused:,}"),
                 ("seconds", f"{self.seconds:.1f}"), ("folder", self.shards or self.output_folder)]
        if self.stopped:
            lines.append(("stopped", self.stopped))
        lines += [(f"{group['status']} {group['http_status'] or ''}".strip(),
                   f"{group['count']:,} · {', '.join(group['hosts'])} {group['detail']}") for group in self.failures]
        lines += [("likely", sentence) for sentence in self.diagnosis]
        cells = "".join(f"<tr><th style='text-align:left'>{html.escape(str(name))}</th>"
                        f"<td style='text-align:left'>{html.escape(str(value))}</td></tr>" for name, value in lines)
        return f"<table>{cells}</table>"


def _bytes(count):
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
