// floors: what each stage of one image costs at the least, each alone, on the images of a folder.
//
// Every limit is the cheapest known way to do that stage's unavoidable part with the libraries the product also uses: copying
// the bytes once, hashing them, undoing TLS's cipher, walking a JPEG's segments, undoing its entropy coding (no
// inverse DCT, no pixels), decoding it to raw planes, encoding a picture of 256 pixels from raw planes, writing the bytes.
//
//   floors FOLDER SCRATCH ROUNDS      prints a line a stage: name, microseconds of CPU an image (median of ROUNDS)
//
// SCRATCH is a file on the file system that the benchmark writes to.
#include <fcntl.h>
#include <openssl/evp.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <jpeglib.h>

namespace {

using Bytes = std::vector<unsigned char>;

constexpr int kSide = 256;
constexpr std::size_t kCopyRing = 16;  // buffers in turn, so that a copy's target is not always in the first cache

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

std::vector<Bytes> load(const std::string& folder) {
  std::vector<std::filesystem::path> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".jpg") names.push_back(entry.path());
  std::sort(names.begin(), names.end());
  std::vector<Bytes> images;
  for (const auto& name : names) {
    std::ifstream in(name, std::ios::binary);
    images.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return images;
}

// Planes of one decoded or to be encoded picture; rows are given to libjpeg a strip of blocks at a time.
struct Planes {
  std::vector<Bytes> planes;
  std::vector<std::size_t> strides, rows;
};

void open_source(jpeg_decompress_struct& jpeg, jpeg_error_mgr& errors, const Bytes& image) {
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, image.data(), image.size());
  jpeg_read_header(&jpeg, TRUE);
}

void entropy_only(const Bytes& image) {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  open_source(jpeg, errors, image);
  jpeg_read_coefficients(&jpeg);
  jpeg_destroy_decompress(&jpeg);
}

void decode_planes(const Bytes& image) {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  open_source(jpeg, errors, image);
  jpeg.raw_data_out = TRUE;
  jpeg.do_fancy_upsampling = FALSE;
  jpeg_start_decompress(&jpeg);
  static std::vector<Bytes> strips(3);
  std::vector<std::vector<JSAMPROW>> rows(3);
  JSAMPARRAY planes[3] = {};
  for (int i = 0; i < jpeg.num_components; ++i) {
    const auto& part = jpeg.comp_info[i];
    const std::size_t stride = part.width_in_blocks * DCTSIZE, count = static_cast<std::size_t>(part.v_samp_factor) * DCTSIZE;
    const auto at = static_cast<std::size_t>(i);
    if (strips[at].size() < stride * count) strips[at].resize(stride * count);
    for (std::size_t row = 0; row < count; ++row) rows[at].push_back(strips[at].data() + row * stride);
    planes[i] = rows[at].data();
  }
  const auto strip_rows = static_cast<JDIMENSION>(jpeg.max_v_samp_factor * DCTSIZE);
  while (jpeg.output_scanline < jpeg.output_height) jpeg_read_raw_data(&jpeg, planes, strip_rows);
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
}

// A picture of 256 × 256 with real content: the middle of the first image that is large enough, as 4:2:0 planes.
Planes small_picture(const std::vector<Bytes>& images) {
  for (const Bytes& image : images) {
    jpeg_decompress_struct jpeg{};
    jpeg_error_mgr errors{};
    open_source(jpeg, errors, image);
    if (jpeg.image_width < 2 * kSide || jpeg.image_height < 2 * kSide || jpeg.num_components != 3) {
      jpeg_destroy_decompress(&jpeg);
      continue;
    }
    jpeg.out_color_space = JCS_YCbCr;
    jpeg.scale_num = 1;
    jpeg.scale_denom = 2;
    jpeg_start_decompress(&jpeg);
    Planes picture{{Bytes(kSide * kSide), Bytes(kSide * kSide / 4), Bytes(kSide * kSide / 4)}, {kSide, kSide / 2, kSide / 2}, {kSide, kSide / 2, kSide / 2}};
    Bytes line(jpeg.output_width * 3);
    for (std::size_t y = 0; y < kSide; ++y) {
      JSAMPROW row = line.data();
      jpeg_read_scanlines(&jpeg, &row, 1);
      for (std::size_t x = 0; x < kSide; ++x) {
        picture.planes[0][y * kSide + x] = line[3 * x];
        if (x % 2 == 0 && y % 2 == 0)
          for (std::size_t c = 1; c < 3; ++c) picture.planes[c][y / 2 * (kSide / 2) + x / 2] = line[3 * x + c];
      }
    }
    jpeg_abort_decompress(&jpeg);
    jpeg_destroy_decompress(&jpeg);
    return picture;
  }
  std::fprintf(stderr, "floors: no image is large enough\n");
  std::exit(1);
}

void encode_planes(Planes& picture) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &out, &size);
  jpeg.image_width = jpeg.image_height = kSide;
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_YCbCr;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 95, TRUE);
  jpeg.raw_data_in = TRUE;
  jpeg_start_compress(&jpeg, TRUE);
  for (std::size_t y = 0; y < kSide; y += 16) {
    JSAMPROW luma[16], blue[8], red[8];
    for (std::size_t row = 0; row < 16; ++row) luma[row] = picture.planes[0].data() + (y + row) * kSide;
    for (std::size_t row = 0; row < 8; ++row) {
      blue[row] = picture.planes[1].data() + (y / 2 + row) * (kSide / 2);
      red[row] = picture.planes[2].data() + (y / 2 + row) * (kSide / 2);
    }
    JSAMPARRAY planes[3] = {luma, blue, red};
    jpeg_write_raw_data(&jpeg, planes, 16);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::free(out);
}

std::size_t count_markers(const Bytes& image) {
  std::size_t found = 0;
  const unsigned char* at = image.data();
  const unsigned char* end = at + image.size();
  while ((at = static_cast<const unsigned char*>(std::memchr(at, 0xFF, static_cast<std::size_t>(end - at)))) != nullptr) {
    ++found;
    if (++at == end) break;
  }
  return found;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: floors FOLDER SCRATCH ROUNDS\n");
    return 2;
  }
  const std::vector<Bytes> images = load(argv[1]);
  const int rounds = std::atoi(argv[3]);
  if (images.empty() || rounds < 1) return 2;
  std::size_t largest = 0;
  for (const Bytes& image : images) largest = std::max(largest, image.size());

  std::vector<Bytes> ring(kCopyRing, Bytes(largest));
  std::size_t turn = 0;
  volatile std::size_t sink = 0;
  Planes picture = small_picture(images);
  const int scratch = open(argv[2], O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (scratch < 0) {
    std::perror(argv[2]);
    return 1;
  }
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  const unsigned char key[32] = {1}, nonce[12] = {2};
  Bytes plain(largest + 32);

  struct Stage {
    const char* name;
    std::function<void(const Bytes&)> once;
  };
  const Stage stages[] = {
      {"memcpy", [&](const Bytes& b) { std::memcpy(ring[turn++ % kCopyRing].data(), b.data(), b.size()); }},
      {"aes_gcm",
       [&](const Bytes& b) {
         // Records of 16 KiB, as TLS cuts them.
         for (std::size_t at = 0; at < b.size(); at += 16384) {
           int length = 0;
           EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), nullptr, key, nonce);
           EVP_DecryptUpdate(cipher, plain.data(), &length, b.data() + at, static_cast<int>(std::min<std::size_t>(16384, b.size() - at)));
         }
       }},
      {"sha256",
       [&](const Bytes& b) {
         unsigned char digest[32];
         EVP_Digest(b.data(), b.size(), digest, nullptr, EVP_sha256(), nullptr);
         sink = sink + digest[0];
       }},
      {"marker_walk", [&](const Bytes& b) { sink = sink + count_markers(b); }},
      {"entropy_decode", entropy_only},
      {"plane_decode", decode_planes},
      {"encode_256", [&](const Bytes&) { encode_planes(picture); }},
      {"write",
       [&](const Bytes& b) {
         if (write(scratch, b.data(), b.size()) != static_cast<ssize_t>(b.size())) std::exit(1);
       }},
  };
  for (const Stage& stage : stages) {
    std::vector<double> times;
    for (int round = -1; round < rounds; ++round) {  // the first is a warm-up
      if (ftruncate(scratch, 0) != 0 || lseek(scratch, 0, SEEK_SET) != 0) return 1;
      const double start = cpu_seconds();
      for (const Bytes& image : images) stage.once(image);
      if (round >= 0) times.push_back((cpu_seconds() - start) / static_cast<double>(images.size()) * 1e6);
    }
    std::sort(times.begin(), times.end());
    std::printf("%s %.3f\n", stage.name, times[times.size() / 2]);
  }
  EVP_CIPHER_CTX_free(cipher);
  close(scratch);
  unlink(argv[2]);
  return 0;
}
