#!/usr/bin/env python3
"""pixhaul beside img2dataset itself: the same lists from the same server, the folders compared.

    tests/conformance/conformance_test.py            a pairwise cover of what both can be asked for
    tests/conformance/conformance_test.py --all      and every combination of input, output and resizing
    tests/conformance/conformance_test.py --write    the table of differences into docs/img2dataset.md, nothing else

What is compared: file lists, keys, schemas, captions, statuses and texts, sizes, tags, digests, stats, and decoded
pixels (40 dB). Everything that is not equal must be one of differences.MEANT, and each of those must be met. Runs in an
environment that has img2dataset (tools/install_packages conformance); without it, says so and exits 77.
"""

import argparse
import pathlib
import sys
import tempfile
import time

import environment  # first: it goes on in the environment that has img2dataset
import cases
import differences
import lists
import pictures
import specials
import support
from differences import Finding
from folders import Output

_SIZES = ("width", "height", "original_width", "original_height")
_LEAST_DB = 40
# Of JPEGs with a side below 64 pixels: where colours change from pixel to pixel,
# keeping the planes of a JPEG apart (ours) and halving its colours a second time (theirs) differ by more.
_LEAST_DB_SMALL = 38
GUIDE = environment.ROOT / "docs/img2dataset.md"
BEGIN, END = "<!-- differences: made by tests/conformance/conformance_test.py --write -->", "<!-- end -->"


def compare(case, output_format, theirs, ours, names):
    """Yields findings of two folders; `names`: each row's by its key's place."""
    if output_format == "dummy":
        theirs.files, ours.files = (set(output.stats) & output.files for output in (theirs, ours))
        for name in sorted(theirs.files | ours.files):
            counts = [output.stats.get(name, {}).get("count") for output in (theirs, ours)]
            if counts[0] != counts[1]:
                yield Finding(case, "", f"count of {name}", *counts)
        return
    if list(theirs.rows) and sorted(theirs.rows) != sorted(ours.rows):
        yield Finding(case, "", "keys", sorted(theirs.rows), sorted(ours.rows))
        return
    unlike = set()
    for place, key in enumerate(sorted(theirs.rows)):
        row = names[place]
        found = list(compare_row(case, row, key, theirs, ours))
        if any(finding.what == "outcome" for finding in found):
            unlike.add(key)
        yield from found
    yield from compare_folders(case, theirs, ours, unlike)


def compare_folders(case, theirs, ours, unlike):
    """Yields findings of what is no row's."""
    def without(files):
        return {name for name in files if pathlib.Path(name).stem not in unlike}

    only = [sorted(without(one.files) - without(other.files)) for one, other in ((theirs, ours), (ours, theirs))]
    if any(only):
        yield Finding(case, "", "files", *only)
    for name in sorted(theirs.schemas.keys() | ours.schemas.keys()):
        if theirs.schemas.get(name) != ours.schemas.get(name):
            yield Finding(case, "", f"schema of {name}", theirs.schemas.get(name), ours.schemas.get(name))
    for output, whose in ((theirs, "theirs"), (ours, "ours")):
        for name, counts in output.counts().items():
            said = {field: output.stats[name][field] for field in counts}
            if said != counts:
                yield Finding(case, "", f"stats of {name} ({whose}) against its rows", said, counts)
    fields = [{name: [field for field in stats if field != "pixhaul"] for name, stats in output.stats.items()}
              for output in (theirs, ours)]
    if fields[0] != fields[1]:
        yield Finding(case, "", "stats fields", *fields)


def compare_row(case, row, key, theirs, ours):
    """Yields findings of one row."""
    one, other = theirs.rows[key], ours.rows[key]
    outcomes = [(r["status"], r["error_message"]) for r in (one, other)]
    if outcomes[0] != outcomes[1]:
        yield Finding(case, row, "outcome", *outcomes)
        return
    for column in one:
        if column in other and one[column] != other[column]:
            yield Finding(case, row, column, one[column], other[column])
    mine, hers = ours.samples.get(key, {}), theirs.samples.get(key, {})
    for part in hers.keys() | mine.keys():
        if part == "json" and all(field in row_of for row_of in (one,) for field in hers.get(part, {})):
            continue  # its fields are the row's, whose columns were compared
        if hers.get(part) != mine.get(part):
            yield Finding(case, row, part, hers.get(part), mine.get(part))
    for output, whose in ((theirs, "theirs"), (ours, "ours")):
        sample = output.samples.get(key, {}).get("json")
        if sample and any(sample[field] != output.rows[key][field] for field in sample):
            yield Finding(case, row, f"json of {whose} against its table", output.rows[key], sample)
    yield from compare_images(case, row, theirs.images.get(key), ours.images.get(key))


def compare_images(case, row, theirs, ours):
    if theirs == ours:
        return
    if theirs is None or ours is None:
        yield Finding(case, row, "image", theirs is not None, ours is not None)
        return
    if "reencode=never" in case or "reencode=skip" in case:
        original = pictures.all_pictures().get(row)
        if original in (theirs, ours):
            yield Finding(case, row, "bytes", "served" if theirs == original else "encoded",
                          "served" if ours == original else "encoded")
            return
    one, other = pictures.decoded(theirs), pictures.decoded(ours)
    if one is None or other is None:
        yield Finding(case, row, "pixels", one is not None, other is not None)
        return
    if one.ndim != other.ndim:
        yield Finding(case, row, "channels", one.ndim, other.ndim)
    near = pictures.distance(one, other)
    is_small_jpeg = ours.startswith(b"\xff\xd8") and min(one.shape[:2]) < 64
    if near < (_LEAST_DB_SMALL if is_small_jpeg else _LEAST_DB):
        yield Finding(case, row, "pixels", one.shape, f"{other.shape}, {near:.1f} dB")


def findings_of(choices, folder, origin):
    given = lists.rows(origin, lists.put_pictures(origin))
    paths = lists.write(folder, given)
    runs = []
    for number, choice in enumerate(choices):
        parameters = {**cases.parameters(choice), "url_list": str(paths[choice["input_format"]])}
        runs.append([{**parameters, "output_folder": f"{folder}/{whose}/{number}"} for whose in ("theirs", "ours")])
    for whose in ("theirs", "ours"):
        (pathlib.Path(folder) / whose).mkdir()
    began = time.monotonic()
    raised = environment.run_theirs([theirs for theirs, _ in runs], folder)
    print(f"img2dataset: {time.monotonic() - began:.1f} s")
    found = []
    for choice, (theirs, ours), error in zip(choices, runs, raised, strict=True):
        case = ", ".join(f"{factor}={name}" for factor, name in choice.items())
        failed = environment.run_ours(ours, folder)
        if error or failed:
            found.append(Finding(case, "", "run", error, failed))
            continue
        outputs = [Output(run["output_folder"], choice["output_format"]) for run in (theirs, ours)]
        names = [row["name"] for row in lists.of_format(choice["input_format"], given)]
        found += compare(case, choice["output_format"], *outputs, names)
    return found


def findings_of_specials(folder, origin):
    """Returns the findings of the runs outside the cover."""
    found = []
    chosen = specials.all_specials(origin, folder)
    for whose in ("theirs", "ours"):
        for special in chosen:
            home = pathlib.Path(folder) / "specials" / whose / special.name
            for name, text in special.lists.items():
                (home / name).parent.mkdir(parents=True, exist_ok=True)
                (home / name).write_text(text)
            if special.before:
                (home / "out").mkdir()
                special.before(home / "out")
    results = {}
    for whose in ("theirs", "ours"):
        runs = []
        for special in chosen:
            home = pathlib.Path(folder) / "specials" / whose / special.name
            path = home / (special.list or next(iter(special.lists)))
            runs += [(special.name, {"thread_count": 4, **run, "url_list": str(path), "output_folder": f"{home}/out"})
                     for run in special.runs]
        said = (environment.run_theirs([run for _, run in runs], folder) if whose == "theirs"
                else [environment.run_ours(run, folder) for _, run in runs])
        for (name, _), error in zip(runs, said, strict=True):
            results.setdefault(name, {}).setdefault(whose, []).append(error)
    for special in chosen:
        case = f"special: {special.name}"
        errors = [next(filter(None, results[special.name][whose]), None) for whose in ("theirs", "ours")]
        if any(errors):
            found.append(Finding(case, "", "run", *errors))
            continue
        outputs = [Output(pathlib.Path(folder) / "specials" / whose / special.name / "out", "files")
                   for whose in ("theirs", "ours")]
        names = [str(place) for place in range(1000)]
        found += compare(case, "files", *outputs, names)
    return found


def guide():
    """Returns the user's guide with the table of differences as it is now."""
    before, mark, rest = GUIDE.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{mark}\n{differences.table()}{end}{after}"


def report(found):
    """Prints what is not meant and what was not met; returns the exit code."""
    met = {difference: [] for difference in differences.MEANT}
    unmeant = []
    for finding in found:
        difference = differences.meant(finding)
        (met[difference] if difference else unmeant).append(finding)
    for finding in unmeant[:60]:
        print(finding)
    stale = [difference.title for difference, findings in met.items() if not findings]
    for title in stale:
        print(f"not met: {title}")
    print(f"{len(unmeant)} differences that are not meant, {len(stale)} meant ones not met; "
          + ", ".join(f"{difference.title} {len(findings)}" for difference, findings in met.items()))
    return 1 if unmeant or stale else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="every combination of input, output and resizing as well")
    parser.add_argument("--write", action="store_true", help="only write the table of differences into the guide")
    options = parser.parse_args()
    if options.write:
        GUIDE.write_text(guide())
        return 0
    choices = cases.every() if options.all else cases.pairwise()
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder, support.Origin() as origin:
        found = findings_of(choices, folder, origin) + findings_of_specials(folder, origin)
    print(f"{len(choices)} runs each")
    if GUIDE.read_text() != guide():
        print(f"{GUIDE} has another table of differences: {sys.argv[0]} --write")
        return 1
    return report(found)


if __name__ == "__main__":
    sys.exit(main())
