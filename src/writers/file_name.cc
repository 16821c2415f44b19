#include "writers/file_name.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace pixhaul::writers {

namespace {

constexpr std::size_t kMaxNameBytes = 80;

constexpr std::array<std::string_view, 14> kImageExtensions = {
    "jpg",  "jpeg", "jpe", "jfif", "png", "webp", "gif",
    "avif", "bmp",  "tif", "tiff", "svg", "heic", "pdf"};

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char letter = lower(c);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string_view without_image_extension(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == name.npos) return name;
  std::string extension(name.substr(dot + 1));
  std::transform(extension.begin(), extension.end(), extension.begin(), lower);
  const bool known = std::find(kImageExtensions.begin(), kImageExtensions.end(), extension) !=
                     kImageExtensions.end();
  return known ? name.substr(0, dot) : name;
}

bool is_edge(char c) { return c == '.' || c == '-' || c == '_'; }

std::string_view trimmed(std::string_view name) {
  while (!name.empty() && is_edge(name.front())) name.remove_prefix(1);
  while (!name.empty() && is_edge(name.back())) name.remove_suffix(1);
  return name;
}

}  // namespace

std::string sanitised_name(std::string_view url_path) {
  url_path = url_path.substr(0, url_path.find_first_of("?#"));
  const std::size_t slash = url_path.rfind('/');
  if (slash != url_path.npos) url_path.remove_prefix(slash + 1);
  // A hostile segment may be a megabyte; three bytes of it make one of the name at most.
  const std::string decoded =
      percent_decoded(url_path.size() > 4096 ? url_path.substr(0, 4096) : url_path);
  std::string name;
  for (const char c : without_image_extension(decoded)) {
    const bool kept = is_alphanumeric(c) || c == '.' || c == '-';
    if (kept) name += c;
    if (!kept && !name.ends_with('_')) name += '_';
  }
  const std::string_view inner = trimmed(name);
  return std::string(trimmed(inner.substr(0, kMaxNameBytes)));
}

std::string file_name(std::string_view key, std::string_view url_path, std::string_view extension,
                      NameStyle style) {
  PIXHAUL_CHECK(!key.empty() && std::all_of(key.begin(), key.end(), is_alphanumeric));
  PIXHAUL_CHECK(!extension.empty() &&
                std::all_of(extension.begin(), extension.end(), is_alphanumeric));
  std::string name(key);
  if (style == NameStyle::name) {
    const std::string given = sanitised_name(url_path);
    if (!given.empty()) name.append(1, '-').append(given);
  }
  name.append(1, '.').append(extension);
  return name;
}

}  // namespace pixhaul::writers
