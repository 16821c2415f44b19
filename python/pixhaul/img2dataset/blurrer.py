"""img2dataset's BoundingBoxBlurrer over the engine that a run uses."""

from .. import _core


class BoundingBoxBlurrer:
    """Blurs an image inside boxes: [x_min, y_min, x_max, y_max], relative to its sides."""

    def __call__(self, img, bbox_list):
        import numpy

        if len(bbox_list) == 0:
            return img
        img = numpy.ascontiguousarray(img, dtype=numpy.uint8)
        height, width = img.shape[:2]
        boxes = [tuple(float(side) for side in box) for box in bbox_list]
        blurred = _core.blur_boxes(img.tobytes(), width, height, boxes)
        return numpy.frombuffer(bytearray(blurred), numpy.uint8).reshape(img.shape)
