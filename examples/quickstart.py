"""Download the images of a list, then look at them without a folder.

    python quickstart.py urls.txt
"""

import sys

import pixhaul

summary = pixhaul.download(sys.argv[1], output_folder="images")
print(summary)

for sample in pixhaul.stream(sys.argv[1], resize_mode="border", image_size=64, ordered=True):
    print(sample.url, sample.status, sample.image.mean() if sample.ok else sample.outcome.detail)
