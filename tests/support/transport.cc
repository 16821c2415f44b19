#include "support/transport.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

// Sockets are non-blocking and every wait polls the stop descriptor beside the socket: that, and
// nothing else, is what lets an origin with hundreds of stalled connections end at once.

namespace pixhaul::testing {

using std::chrono::milliseconds;

Transport::Transport(UniqueFd fd, int stop_fd) : fd_(std::move(fd)), stop_fd_(stop_fd) {
  ::fcntl(fd_.get(), F_SETFL, ::fcntl(fd_.get(), F_GETFL) | O_NONBLOCK);
  const int one = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

Transport::~Transport() { SSL_free(ssl_); }

Transport::Wake Transport::poll_for(short events, std::optional<milliseconds> timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout.value_or(milliseconds(0));
  while (true) {
    int wait = -1;
    if (timeout) {
      const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
      wait = static_cast<int>(std::clamp<milliseconds::rep>(left.count(), 0, 1'000'000'000));
    }
    pollfd polled[] = {{fd_.get(), events, 0}, {stop_fd_, POLLIN, 0}};
    const int count = ::poll(polled, 2, wait);
    if (polled[1].revents != 0) return Wake::over;
    if (count == 0) return Wake::timeout;
    if (count < 0) continue;
    return Wake::ready;
  }
}

std::optional<Transport::Handshake> Transport::accept_tls(ssl_ctx_st* context) {
  ssl_ = SSL_new(context);
  SSL_set_fd(ssl_, fd_.get());
  while (true) {
    ERR_clear_error();
    const int result = SSL_accept(ssl_);
    if (result == 1) break;
    const int error = SSL_get_error(ssl_, result);
    const bool wants_read = error == SSL_ERROR_WANT_READ;
    if (!wants_read && error != SSL_ERROR_WANT_WRITE) {
      const char* reason = ERR_reason_error_string(ERR_peek_error());
      fault_ =
          reason == nullptr ? "handshake: connection lost" : std::string("handshake: ") + reason;
      return std::nullopt;
    }
    if (poll_for(wants_read ? POLLIN : POLLOUT, std::nullopt) == Wake::over) return std::nullopt;
  }
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_, &protocol, &size);
  const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return Handshake{.version = SSL_get_version(ssl_),
                   .server_name = name == nullptr ? "" : name,
                   .protocol = std::string(protocol, protocol + size),
                   .is_resumed = SSL_session_reused(ssl_) == 1};
}

std::optional<std::size_t> Transport::try_read(std::span<char> into) {
  if (is_over()) return std::nullopt;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    const int count = SSL_read(ssl_, into.data(), static_cast<int>(into.size()));
    if (count > 0) return static_cast<std::size_t>(count);
    const int error = SSL_get_error(ssl_, count);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return 0;
    return std::nullopt;
  }
  const ssize_t count = ::recv(fd_.get(), into.data(), into.size(), 0);
  if (count > 0) return static_cast<std::size_t>(count);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  return std::nullopt;
}

std::optional<std::size_t> Transport::read(std::span<char> into) {
  while (true) {
    const std::optional<std::size_t> count = try_read(into);
    if (!count || *count > 0) return count;
    if (poll_for(POLLIN, std::nullopt) == Wake::over) return std::nullopt;
  }
}

bool Transport::write_some(std::string_view& bytes) {
  short wanted = POLLOUT;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    const int size = static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20));
    const int count = SSL_write(ssl_, bytes.data(), size);
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      return true;
    }
    const int error = SSL_get_error(ssl_, count);
    if (error != SSL_ERROR_WANT_WRITE && error != SSL_ERROR_WANT_READ) return false;
    if (error == SSL_ERROR_WANT_READ) wanted = POLLIN;
  } else {
    const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      return true;
    }
    if (errno != EAGAIN && errno != EINTR) return false;
  }
  return poll_for(wanted, std::nullopt) == Wake::ready;
}

bool Transport::write(std::string_view bytes) {
  if (is_over()) return false;
  const bool reaches_limit = limit_ && limit_->bytes <= bytes.size();
  if (reaches_limit) bytes = bytes.substr(0, limit_->bytes);
  if (limit_) limit_->bytes -= bytes.size();
  while (!bytes.empty()) {
    if (!write_some(bytes)) return false;
  }
  if (reaches_limit) end(limit_->ending);
  return !reaches_limit;
}

void Transport::limit_writes(Script::WireLimit limit) {
  limit_ = limit;
  if (limit.bytes == 0) end(limit.ending);
}

Transport::Wake Transport::wait_readable(std::optional<milliseconds> timeout) {
  return is_over() ? Wake::over : poll_for(POLLIN, timeout);
}

bool Transport::pause(milliseconds duration) {
  return !is_over() && poll_for(POLLRDHUP, duration) == Wake::timeout;
}

void Transport::wait_closed() {
  if (!is_over()) static_cast<void>(poll_for(POLLRDHUP, std::nullopt));
}

// A RST makes the kernel throw away what it has not yet delivered, so the bytes before one are
// waited for, a second at most.
void Transport::wait_taken() {
  for (int tries = 0; tries < 1000; ++tries) {
    int waiting = 0;
    if (::ioctl(fd_.get(), SIOCOUTQ, &waiting) != 0 || waiting == 0) return;
    if (poll_for(POLLRDHUP, milliseconds(1)) != Wake::timeout) return;
  }
}

void Transport::end(Ending ending) {
  if (is_over()) return;
  if (ending == Ending::reset) {
    wait_taken();
    const linger hard = {.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    fd_.reset();
    return;
  }
  if (ssl_ != nullptr && ending == Ending::close) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
  }
  ::shutdown(fd_.get(), SHUT_WR);
  // Unread input would turn the FIN into a RST.
  char dropped[4096];
  while (::recv(fd_.get(), dropped, sizeof(dropped), 0) > 0) {
  }
  fd_.reset();
}

void Transport::half_close() {
  if (is_over()) return;
  if (ssl_ != nullptr) SSL_shutdown(ssl_);
  ::shutdown(fd_.get(), SHUT_WR);
  char dropped[4096];
  while (read(dropped)) {
  }
  fd_.reset();
}

}  // namespace pixhaul::testing
