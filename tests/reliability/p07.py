"""P7: a bad picture costs one picture: thousands made by mutation lie among good ones, decoded, resized and encoded."""

import json
import random

from rig import Bench, Figure, count

FORMATS = ("jpg", "png", "gif", "webp", "bmp")


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
        good = {kind: [bench.origin.get(f"/img/{24 + 8 * i}/{40 - 3 * i}/{i}.{kind}") for i in range(8)]
                for kind in FORMATS}
        urls = []
        for number in range(total):
            kind = FORMATS[number % len(FORMATS)]
            path = f"/hostile/{number}.{kind}"
            bench.origin.put(path, mutate(dice.choice(good[kind]), dice))
            urls.append(bench.origin.url(path))
            urls.append(bench.origin.url(f"/img/32/24/{number % 300}.{FORMATS[number // 5 % 5]}"))
        bench.write_list(urls)
        done = bench.run("urls.txt", "--output_format", "webdataset", "--resize_mode", "center_crop", "--image_size",
                         "48", "--metadata", "jsonl", "--progress", "none", timeout=1500)
        rows = [json.loads(line) for path in sorted((bench.folder / "images").glob("*.jsonl"))
                for line in path.read_text().splitlines()]
        lost = [row for row in rows if "/hostile/" not in row["url"] and row["status"] != "success"]
        internal = [row for row in rows if row["status"] == "internal"]
        code, said = bench.verify("urls.txt", reencoded=True)
        survived = sum("/hostile/" in row["url"] and row["status"] == "success" for row in rows)
        return Figure(f"{len(lost)} other samples lost, {int(done.code not in (0, 1))} crashes on {total:,} hostile "
                      f"pictures ({survived:,} still decode)", "0 lost, 0 crashes of the parent on 2,000 / 18,000",
                      done.code in (0, 1) and code == 0 and not lost and not internal and len(rows) == 2 * total,
                      f"{done}\n{said}\n{lost[:5]}")


if __name__ == "__main__":
    print(measure(300))
