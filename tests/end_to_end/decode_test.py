"""--validate decode: what is no picture any more although its container is whole is refused, with
nothing written, and what structure keeps is told apart from what decodes."""

import struct
import unittest
import zlib

from support import Case

PICTURES = ["/img/20/20/1.jpg", "/img/20/20/1.png", "/img/20/20/1.gif", "/img/20/20/1.webp",
            "/img/20/20/1.bmp"]


def png_chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data
            + struct.pack(">I", zlib.crc32(kind + data)))


def png(width, height, pixels):
    """One bit a pixel."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
            + png_chunk(b"IDAT", zlib.compress(pixels)) + png_chunk(b"IEND", b""))


def tiff():
    """8 x 8 pixels in one strip."""
    entries = [(256, 3, 8), (257, 3, 8), (273, 4, 62), (279, 4, 64)]
    directory = struct.pack("<H", 4) + b"".join(
        struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0" + struct.pack("<I", 8) + directory + bytes(4) + bytes(64)


class DecodeTest(Case):
    def broken_bodies(self):
        jpeg = self.origin.get("/img/64/64/1.jpg")
        flipped = bytearray(self.origin.get("/img/20/20/1.png"))
        flipped[-20] ^= 0xFF
        return {
            "/cut_inside.jpg": (jpeg[:-200] + b"\xff\xd9", "decode_error"),
            "/checksum.png": (bytes(flipped), "decode_error"),
            "/few_rows.png": (png(64, 64, bytes(9 * 10)), "decode_error"),
            "/bomb.png": (png(30_000, 30_000, bytes(100)), "too_many_pixels"),
        }

    def put_bodies(self):
        bodies = self.broken_bodies()
        for path, (body, _) in bodies.items():
            self.origin.put(path, body)
        return bodies

    def test_whole_containers_without_whole_pictures_are_refused(self):
        bodies = self.put_bodies()
        urls = [self.origin.url(path) for path in [*PICTURES, *bodies]]
        self.write_list(urls)
        self.download("urls.txt", "--validate", "decode", expect=1)
        rows = self.by_path()
        for path in PICTURES:
            self.assertEqual(rows[path]["status"], "success", rows[path])
        for path, (_, status) in bodies.items():
            self.assertEqual(rows[path]["status"], status, rows[path])
            self.assertFalse(rows[path]["transient"], rows[path])
            self.assertFalse(rows[path].get("path"), rows[path])
        self.verify(urls)

    def test_in_and_out_of_the_sandbox_the_rows_are_the_same(self):
        bodies = self.put_bodies()
        self.write_list([self.origin.url(path) for path in [*PICTURES, *bodies]])
        found = {}
        for where in ("on", "off"):
            self.download("urls.txt", "--validate", "decode", "--sandbox", where,
                          "--output_folder", where, expect=1)
            found[where] = [(row["status"], row["detail"]) for row in self.rows(where)]
        self.assertEqual(found["on"], found["off"])

    def test_a_tiff_is_decoded_in_the_sandbox_only(self):
        self.origin.put("/kept.tiff", tiff())
        self.write_list([self.origin.url("/kept.tiff")])
        for where, status in (("on", "success"), ("off", "unsupported_format")):
            self.download("urls.txt", "--validate", "decode", "--sandbox", where,
                          "--output_folder", where, expect=0 if where == "on" else 1)
            self.assertEqual(self.statuses(where), [status])

    def test_structure_keeps_them(self):
        bodies = self.put_bodies()
        self.write_list([self.origin.url(path) for path in bodies])
        self.download("urls.txt")
        self.assertEqual(self.statuses(), ["success"] * len(bodies))

    def test_more_pixels_than_allowed_are_named(self):
        self.write_list([self.origin.url("/img/64/64/1.jpg")])
        self.download("urls.txt", "--validate", "decode", "--max_pixels", "4095", expect=1)
        self.assertEqual(self.rows()[0]["detail"],
                         "64 x 64 is 4096 pixels; 4095 allowed (--max_pixels)")

    def test_dummy_output_decodes_too(self):
        bodies = self.put_bodies()
        self.write_list([self.origin.url(path) for path in [PICTURES[0], *bodies]])
        self.download("urls.txt", "--validate", "decode", "--output_format", "dummy",
                      expect=1)
        self.assertEqual(self.statuses(),
                         ["success", *(status for _, status in bodies.values())])


if __name__ == "__main__":
    unittest.main()
