"""P7: a bad picture costs one picture: thousands made by mutation lie among good ones, decoded, resized and encoded; and
a decoder that was taken over (the canary of tests/sandbox) reaches no file, socket or process."""

import json
import random
import struct
import zlib

from rig import Bench, Figure, count, run_test

FORMATS = ("jpg", "png", "gif", "webp", "bmp", "tiff")


def tiff(width, height, dice):
    """A TIFF of RGB noise in strips of eight rows, bare or deflated; the origin makes none."""
    deflate = dice.random() < 0.5
    rows = [dice.randbytes(width * 3) for _ in range(height)]
    strips = [b"".join(rows[top:top + 8]) for top in range(0, height, 8)]
    strips = [zlib.compress(strip) if deflate else strip for strip in strips]
    count, data = len(strips), b"".join(strips)
    sizes = struct.pack(f"<{count}I", *map(len, strips))
    offsets = struct.pack(f"<{count}I", *(8 + sum(map(len, strips[:i])) for i in range(count)))
    at = 8 + len(data)
    fields = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, at), (259, 3, 1, 8 if deflate else 1), (262, 3, 1, 2),
              (273, 4, count, at + 6), (277, 3, 1, 3), (278, 4, 1, 8), (279, 4, count, at + 6 + len(offsets))]
    extra = struct.pack("<3H", 8, 8, 8) + offsets + sizes
    directory = struct.pack("<H", len(fields)) + b"".join(struct.pack("<HHII", *field) for field in fields)
    return b"II*\0" + struct.pack("<I", at + len(extra)) + data + extra + directory + bytes(4)


def good_picture(origin, kind, number, dice):
    width, height = 24 + 8 * number, 40 - 3 * number
    return tiff(width, height, dice) if kind == "tiff" else origin.get(f"/img/{width}/{height}/{number}.{kind}")


def canary():
    """Of the forty acts that a decoder must not do, those that were done; None when the test itself failed."""
    held, said = run_test("tests/sandbox/sandbox_decoder_test", "--gtest_filter=Canary.*", timeout=300)
    return said.count(" was done") if held or " was done" in said else None, said


def mutate(data, dice):
    """A hostile picture out of a good one: bytes turned, sizes blown up, pieces cut, doubled or put in elsewhere."""
    data = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        kind, at = dice.randrange(6), dice.randrange(len(data))
        if kind == 0:
            data[at] ^= 1 << dice.randrange(8)
        elif kind == 1:
            data[at:at + dice.choice((2, 4))] = dice.choice((b"\xff\xff", b"\x7f\xff\xff\xff", b"\0\0", b"\x80\0\0\0"))
        elif kind == 2 and len(data) > 64:
            del data[at:at + dice.randint(1, 40)]
        elif kind == 3:
            data[at:at] = data[at:at + dice.randint(1, 200)]
        elif kind == 4:
            data[at:at + 8] = dice.randbytes(8)
        else:  # most of what matters stands in the header
            head = dice.randrange(min(64, len(data)))
            data[head] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
    return bytes(data)


def measure(total=None):
    total = total or count(2_000, 18_000)
    dice = random.Random(7)
    with Bench() as bench:
        good = {kind: [good_picture(bench.origin, kind, i, dice) for i in range(8)] for kind in FORMATS}
        bench.origin.put("/good.tiff", good["tiff"][0])
        urls = [bench.origin.url("/good.tiff")]
        for number in range(total):
            kind = FORMATS[number % len(FORMATS)]
            path = f"/hostile/{number}.{kind}"
            bench.origin.put(path, mutate(dice.choice(good[kind]), dice))
            urls.append(bench.origin.url(path))
            urls.append(bench.origin.url(f"/img/32/24/{number % 300}.{FORMATS[number // 6 % 5]}"))
        bench.write_list(urls)
        done = bench.run("urls.txt", "--output_format", "webdataset", "--resize_mode", "center_crop", "--image_size",
                         "48", "--metadata", "jsonl", "--progress", "none", timeout=1500)
        rows = [json.loads(line) for path in sorted((bench.folder / "images").glob("*.jsonl"))
                for line in path.read_text().splitlines()]
        lost = [row for row in rows if "/hostile/" not in row["url"] and row["status"] != "success"]
        internal = [row for row in rows if row["status"] == "internal"]
        code, said = bench.verify("urls.txt", reencoded=True)
        survived = sum("/hostile/" in row["url"] and row["status"] == "success" for row in rows)
        crashed = int(done.code not in (0, 1))
        acts, told = canary()
        return Figure(f"{len(lost)} other samples lost, {crashed} crashes on {total:,} hostile pictures ({survived:,} still "
                      f"decode), {'?' if acts is None else acts} of 40 forbidden calls done",
                      "0 lost, 0 crashes of the parent on 2,000 / 18,000, 0 of 40",
                      not crashed and code == 0 and not lost and not internal and len(rows) == 2 * total + 1 and acts == 0,
                      f"{done}\n{said}\n{lost[:5]}\n{told}")


if __name__ == "__main__":
    print(measure(300))
