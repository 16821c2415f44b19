// Pictures as a program's own data: the rows of a list as squares of pixels, while they arrive.
//
//   stream LIST
#include <pixhaul/pixhaul.h>

#include <cstdio>

int main(int count, char** words) {
  if (count != 2) return 2;
  auto stream = pixhaul::Stream::create(
      {.url_list = {words[1]}, .resize_mode = pixhaul::ResizeMode::border, .image_size = 64});
  if (!stream) {
    std::printf("%s\n", stream.error().detail.c_str());
    return 1;
  }
  for (;;) {
    const auto sample = stream->next();
    if (!sample) {  // the list cannot be read any further
      std::printf("%s\n", sample.error().detail.c_str());
      return 1;
    }
    if (!*sample) return 0;  // the end
    const pixhaul::Sample& one = **sample;
    std::printf("%s: %s, %u x %u\n", one.row.url.c_str(),
                pixhaul::name(one.row.outcome.status).data(), one.pixels.width, one.pixels.height);
  }
}
