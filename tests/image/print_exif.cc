#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "image/exif.h"

// Prints the tags of each file named, one line a file. For exif_compare_test.py.
int main(int count, char** names) {
  for (int i = 1; i < count; ++i) {
    std::ifstream file(names[i], std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    std::puts(pixhaul::image::exif_text(std::as_bytes(std::span(bytes))).c_str());
  }
  return 0;
}
