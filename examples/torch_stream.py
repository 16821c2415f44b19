"""Train on images as they arrive: an IterableDataset whose workers share the rows.

    python torch_stream.py urls.txt
"""

import sys

import pixhaul
import torch


class Images(torch.utils.data.IterableDataset):
    """Squares of 224 pixels of the rows whose image came."""

    def __init__(self, urls):
        self.urls = urls

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        with pixhaul.stream(self.urls, form="torch", resize_mode="center_crop", image_size=224,
                            worker_index=worker.id if worker else 0,
                            worker_count=worker.num_workers if worker else 1) as stream:
            for sample in stream:
                if sample.ok:
                    yield sample.image.permute(2, 0, 1)


if __name__ == "__main__":
    for batch in torch.utils.data.DataLoader(Images(sys.argv[1]), batch_size=32, num_workers=2):
        print(tuple(batch.shape))
