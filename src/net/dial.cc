#include "net/dial.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace pixhaul::net {

namespace {

// RFC 8305 §5: "One recommended value for a default Connection Attempt Delay is 250 milliseconds."
constexpr Duration kAttemptDelay = std::chrono::milliseconds(250);

ErrorCode code_of(int os_error) {
  switch (os_error) {
    case ECONNREFUSED:
      return ErrorCode::connect_refused;
    case ETIMEDOUT:
      return ErrorCode::connect_timeout;
    case ECONNRESET:
      return ErrorCode::connection_reset;
    default:
      return ErrorCode::unreachable;
  }
}

}  // namespace

Dial::~Dial() { stop(); }

void Dial::stop() {
  for (const Attempt& attempt : attempts_) network_.close(attempt.socket);
  attempts_.clear();
  if (socket_ >= 0) network_.close(std::exchange(socket_, -1));
}

void Dial::advance(Instant now) {
  while (state_ == State::racing && (started_ == 0 || wants_next_ || now >= next_due_)) {
    if (started_ == addresses_.size()) {
      next_due_ = Instant::max();
      wants_next_ = false;
      break;
    }
    wants_next_ = false;
    start_next();
    next_due_ = started_ < addresses_.size() ? now + kAttemptDelay : Instant::max();
  }
  if (state_ == State::racing && attempts_.empty() && started_ == addresses_.size())
    state_ = State::failed;
}

void Dial::start_next() {
  const std::size_t address = started_++;
  auto socket = network_.connect(addresses_[address]);
  if (!socket) {
    const int os_error = socket.error().os_error;
    out_of_sockets_ = os_error == EMFILE || os_error == ENFILE || os_error == ENOBUFS;
    note_failure(address, os_error);
    return;
  }
  attempts_.push_back({*socket, address});
  network_.watch(*socket, Interest::write, this);
}

void Dial::note_failure(std::size_t address, int os_error) {
  error_ = {
      .code = code_of(os_error),
      .os_error = os_error,
      .detail = fmt::format("connect {}: {}", addresses_[address].text(), std::strerror(os_error))};
  wants_next_ = true;
}

void Dial::on_ready(SocketId socket, bool, bool) {
  for (std::size_t i = 0; i < attempts_.size(); ++i) {
    if (attempts_[i].socket != socket) continue;
    const std::size_t address = attempts_[i].address;
    const int os_error = network_.connect_error(socket);
    if (os_error == EINPROGRESS) return;
    network_.watch(socket, Interest::none, nullptr);
    attempts_.erase(attempts_.begin() + static_cast<std::ptrdiff_t>(i));
    if (os_error == 0) {
      socket_ = socket;
      winner_ = address;
      state_ = State::connected;
    } else {
      network_.close(socket);
      note_failure(address, os_error);
    }
    return owner_.on_dial_changed(*this);
  }
}

SocketId Dial::take_socket() {
  PIXHAUL_CHECK(state_ == State::connected);
  return std::exchange(socket_, -1);
}

}  // namespace pixhaul::net
