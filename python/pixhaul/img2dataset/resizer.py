"""img2dataset's Resizer over the engine that a run uses."""

from enum import Enum

from .. import _core
from .main import literal

_INTERPOLATIONS = {"nearest": 0, "linear": 1, "bilinear": 1, "cubic": 2, "bicubic": 2, "area": 3, "lanczos": 4,
                   "lanczos4": 4}


class ResizeMode(Enum):
    no = 0
    keep_ratio = 1
    center_crop = 2
    border = 3
    keep_ratio_largest = 4


class Resizer:
    """Makes a sample of one image at a time.

    Calling it with a stream of the image's bytes and, where there are any, boxes to blur returns (bytes, width, height,
    original_width, original_height, None), or five times None and what is wrong.
    """

    def __init__(self, image_size, resize_mode, resize_only_if_bigger, upscale_interpolation="lanczos",
                 downscale_interpolation="area", encode_quality=95, encode_format="jpg", skip_reencode=False,
                 disable_all_reencoding=False, min_image_size=0, max_image_area=float("inf"),
                 max_aspect_ratio=float("inf"), blurrer=None):
        if encode_format == "png" and not 0 <= encode_quality <= 9:
            raise ValueError("For png, encode quality represents compression which"
                             f"must be between 0 and 9, got {encode_quality}")
        self.image_size = image_size
        self.resize_only_if_bigger = resize_only_if_bigger
        self.encode_format = encode_format
        self.skip_reencode = skip_reencode
        self.disable_all_reencoding = disable_all_reencoding
        self.min_image_size = min_image_size
        self.max_image_area = max_image_area
        self.max_aspect_ratio = max_aspect_ratio
        self.blurrer = blurrer
        parameters = _core.Img2datasetParameters()
        given = {"image_size": image_size, "resize_mode": getattr(resize_mode, "name", resize_mode),
                 "resize_only_if_bigger": resize_only_if_bigger, "upscale_interpolation": upscale_interpolation,
                 "downscale_interpolation": downscale_interpolation, "encode_quality": encode_quality,
                 "encode_format": encode_format, "skip_reencode": skip_reencode, "min_image_size": min_image_size,
                 "max_image_area": max_image_area, "max_aspect_ratio": max_aspect_ratio}
        for name, value in given.items():
            parameters.set(name, literal(value))
        self._make = _core.img2dataset_resizer(parameters)
        self.resize_mode = ResizeMode[given["resize_mode"]]

    def __call__(self, img_stream, blurring_bbox_list=None):
        if self.disable_all_reencoding:
            return img_stream.read(), None, None, None, None, None
        try:
            img_stream.seek(0)
            if blurring_bbox_list is not None and self.blurrer is None:
                return None, None, None, None, None, "blurrer not defined"
            boxes = [tuple(map(float, box)) for box in blurring_bbox_list or ()]
            made = self._make(img_stream.read(), boxes)
        except Exception as error:
            made = str(error)
        return (None, None, None, None, None, made) if isinstance(made, str) else (*made, None)

    def __new__(cls, *arguments, **given):
        self = super().__new__(cls)
        self._given = (arguments, given)
        return self

    def __reduce__(self):
        # The engine is made again in the process that this is sent to.
        return _again, self._given


def _again(arguments, given):
    return Resizer(*arguments, **given)


def inter_str_to_cv2(inter_str):
    """Returns OpenCV's number for an interpolation's name."""
    name = inter_str.lower()
    if name not in _INTERPOLATIONS:
        raise ValueError(f"Invalid option for interpolation: {name}")
    return _INTERPOLATIONS[name]
