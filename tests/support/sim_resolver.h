#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/resolver.h"
#include "support/fake_clock.h"

namespace pixhaul::testing {

/// What a name gets from SimResolver.
struct SimName {
  std::vector<std::string> addresses{};  ///< of both families, as text
  Duration delay = std::chrono::milliseconds(5);
  ErrorCode failure = ErrorCode::success;  ///< else both questions fail so
  Duration ttl = std::chrono::minutes(5);
};

/// A Resolver whose answers are scripted and come in simulated time. Unknown names do not exist.
/// One thread.
class SimResolver final : public net::Resolver {
 public:
  explicit SimResolver(const FakeClock& clock) : clock_(clock) {}

  void answer(std::string_view name, SimName what) { names_[std::string(name)] = std::move(what); }
  [[nodiscard]] std::size_t question_count() const { return questions_; }

  void ask(std::string_view name, net::AddressFamily family) override;
  void take_answers(Instant now, std::vector<net::Answer>& answers) override;
  [[nodiscard]] Instant next_due() const override;

 private:
  struct Pending {
    Instant at;
    net::Answer answer;
  };
  const FakeClock& clock_;
  std::map<std::string, SimName, std::less<>> names_;
  std::vector<Pending> pending_;
  std::size_t questions_ = 0;
};

}  // namespace pixhaul::testing
