"""The pictures that both programs download: smooth like photographs, in every format and of awkward shapes."""


import cv2
import numpy as np


def photograph(width, height, seed, channels=3):
    """Returns height × width × channels pixels: light in clouds with detail, colours that change slowly."""
    noise = np.random.default_rng(seed)

    def clouds(depth, *layers):
        picture = np.zeros((height, width, depth), np.float32)
        for cells, weight in layers:
            layer = noise.random((cells, cells, depth), dtype=np.float32) * weight
            picture += cv2.resize(layer, (width, height), interpolation=cv2.INTER_CUBIC).reshape(picture.shape)
        return picture

    picture = clouds(1, (3, 1.0), (9, 0.5), (27, 0.25)) + clouds(channels, (3, 0.4))
    low, high = picture.min(), picture.max()
    return ((picture - low) / (high - low) * 255).astype(np.uint8)


def encoded(extension, pixels, *parameters):
    done, data = cv2.imencode(extension, pixels, parameters)
    assert done
    return data.tobytes()


def with_exif(jpeg, orientation):
    """Returns the JPEG with an EXIF segment: orientation, resolution unit and a camera's name."""
    entries = [(0x010F, 2, b"Camera\0\0", 8), (0x0112, 3, orientation.to_bytes(2, "little") + b"\0\0", 1),
               (0x0128, 3, (2).to_bytes(2, "little") + b"\0\0", 1)]
    body = b"II*\0\x08\0\0\0" + len(entries).to_bytes(2, "little")
    far = len(body) + 12 * len(entries) + 4
    tail = b""
    for tag, kind, value, count in entries:
        field = value
        if len(value) > 4:
            field = (far + len(tail)).to_bytes(4, "little")
            tail += value
        body += tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + count.to_bytes(4, "little") + field
    segment = b"Exif\0\0" + body + b"\0\0\0\0" + tail
    return jpeg[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + jpeg[2:]


def all_pictures():
    """Returns bytes by name; names in front of a dot say what is peculiar."""
    quality = (cv2.IMWRITE_JPEG_QUALITY, 92)
    jpeg = encoded(".jpg", photograph(320, 240, 1), *quality)
    rgba = np.dstack([photograph(120, 90, 10), photograph(120, 90, 11, 1)])
    return {
        "wide.jpg": jpeg,
        "tall.jpg": encoded(".jpg", photograph(150, 310, 2), *quality),
        "square.jpg": encoded(".jpg", photograph(128, 128, 3), *quality),
        "odd.jpg": encoded(".jpg", photograph(201, 77, 4), *quality),
        "small.jpg": encoded(".jpg", photograph(40, 30, 5), *quality),
        "strip.jpg": encoded(".jpg", photograph(300, 12, 6), *quality),
        "progressive.jpg": encoded(".jpg", photograph(260, 200, 7), *quality, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        "tagged.jpg": with_exif(encoded(".jpg", photograph(210, 140, 8), *quality), 1),
        "turned.jpg": with_exif(encoded(".jpg", photograph(210, 140, 9), *quality), 6),
        "grey.jpg": encoded(".jpg", photograph(180, 120, 12, 1), *quality),
        "plain.png": encoded(".png", photograph(140, 160, 13)),
        "alpha.png": encoded(".png", rgba),
        "deep.png": encoded(".png", photograph(90, 60, 14).astype(np.uint16) * 257),
        "plain.webp": encoded(".webp", photograph(150, 110, 15), cv2.IMWRITE_WEBP_QUALITY, 101),
        "plain.bmp": encoded(".bmp", photograph(64, 48, 16)),
        "cut.jpg": jpeg[: len(jpeg) * 6 // 10],
        "page.html": b"<html><body>not here any more</body></html>",
        "nothing.jpg": b"",
    }


def decoded(data):
    """Returns the pixels, None if there are none."""
    if not data:
        return None
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def distance(theirs, ours):
    """Returns peak signal to noise ratio in dB of two pictures of one shape; grey counts as three equal channels."""
    theirs, ours = (np.dstack([p] * 3) if p.ndim == 2 else p for p in (theirs, ours))
    if theirs.shape != ours.shape:
        return 0.0
    error = np.mean((theirs.astype(np.float64) - ours.astype(np.float64)) ** 2)
    return float("inf") if error == 0 else 10 * np.log10(255.0**2 / error)


__all__ = ["all_pictures", "decoded", "distance", "photograph"]
