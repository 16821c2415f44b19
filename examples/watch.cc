// A run that a program watches: counters four times a second, sentences for its user, and an end
// when it has seen enough.
//
//   watch LIST FOLDER
#include <pixhaul/pixhaul.h>

#include <cstdio>
#include <stop_token>

namespace {

class Watcher final : public pixhaul::Observer {
 public:
  explicit Watcher(std::stop_source& stop) : stop_(stop) {}

  void on_progress(const pixhaul::StatsSnapshot& now) override {
    const auto failed = now.rows_done - now.by_status[0];  // 0 is success
    std::printf("%.1f s: %llu rows, limited by %s\n", now.seconds,
                static_cast<unsigned long long>(now.rows_done),
                now.limited_by.empty() ? "nothing" : now.limited_by.c_str());
    if (failed > 1000) stop_.request_stop();
  }
  void on_notice(const std::string& sentence) override { std::printf("%s\n", sentence.c_str()); }

 private:
  std::stop_source& stop_;
};

}  // namespace

int main(int count, char** words) {
  if (count != 3) return 2;
  const pixhaul::Options options{.url_list = {words[1]}, .output_folder = words[2]};
  std::stop_source stop;
  Watcher watcher(stop);
  const auto summary = pixhaul::download(options, watcher, stop.get_token());
  if (!summary) {
    std::printf("%s\n", summary.error().detail.c_str());
    return 1;
  }
  for (const std::string& sentence : summary->diagnosis)
    std::printf("likely: %s\n", sentence.c_str());
  std::printf("%llu images\n", static_cast<unsigned long long>(summary->images));
  return summary->stopped == pixhaul::Stopped::no ? 0 : 1;
}
