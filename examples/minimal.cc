// The library in one screen: one image into memory, then a list into a folder.
//
//   minimal URL FOLDER
#include <pixhaul/pixhaul.h>

#include <cstdio>

int main(int count, char** words) {
  if (count != 3) return 2;
  const auto image = pixhaul::fetch(words[1]);
  if (!image) {
    std::printf("%s\n", image.error().detail.c_str());
    return 1;
  }
  std::printf("fetch: %s, %zu bytes\n", pixhaul::name(image->outcome.status).data(),
              image->body.size());

  pixhaul::Observer observer;  // override on_progress() to watch
  const auto summary =
      pixhaul::download({.url_list = {words[1]}, .output_folder = words[2]}, observer);
  if (!summary) {
    std::printf("%s\n", summary.error().detail.c_str());
    return 1;
  }
  std::printf("download: %llu of %llu rows\n", static_cast<unsigned long long>(summary->images),
              static_cast<unsigned long long>(summary->rows));
  return 0;
}
