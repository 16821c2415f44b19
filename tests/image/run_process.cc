#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "image/process.h"

// Makes PNG samples for process_compare_test.py. Each line of the standard input is a job:
//   INPUT OUTPUT MODE SIZE UP DOWN ONLY_IF_BIGGER [left top right bottom]...
// with numbers for enumerations; prints what process() says of each.

namespace {

using namespace pixhaul;
using namespace pixhaul::image;

std::string read(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void run(std::istream& job) {
  std::string input;
  std::string output;
  unsigned mode = 0;
  unsigned size = 0;
  unsigned up = 0;
  unsigned down = 0;
  bool is_only_if_bigger = false;
  job >> input >> output >> mode >> size >> up >> down >> is_only_if_bigger;
  std::vector<Box> boxes;
  for (Box box; job >> box.left >> box.top >> box.right >> box.bottom;) boxes.push_back(box);
  const ProcessSettings settings{.transform = {.mode = static_cast<ResizeMode>(mode),
                                               .image_size = size,
                                               .resize_only_if_bigger = is_only_if_bigger,
                                               .upscale = static_cast<Interpolation>(up),
                                               .downscale = static_cast<Interpolation>(down)},
                                 .encode = {.format = ImageFormat::png, .quality = 1},
                                 .may_blur = true};
  const std::string body = read(input);
  const auto sample = process(std::as_bytes(std::span(body)), settings, boxes);
  if (!sample) {
    std::puts(std::string(name(sample.error().code)).c_str());
    return;
  }
  std::ofstream(output, std::ios::binary) << sample->bytes.text();
  std::printf("%u %u %u %u\n", sample->width, sample->height, sample->original_width,
              sample->original_height);
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream job(line);
    run(job);
  }
  return 0;
}
