#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "net/network.h"

namespace pixhaul::net {

/// The bytes of one connection, plain or through TLS. Passive: it says what it waits for, and
/// somebody else watches the socket. One thread.
class Stream {
 public:
  virtual ~Stream() = default;
  [[nodiscard]] virtual IoResult read(std::span<std::byte> into) = 0;
  [[nodiscard]] virtual IoResult write(std::span<const std::byte> from) = 0;
  /// Bytes are held decrypted inside: read again before waiting for the socket.
  [[nodiscard]] virtual bool has_buffered() const { return false; }
  /// What the last `would_block` waits for: a TLS read may wait to write.
  [[nodiscard]] virtual Interest blocked_on() const = 0;
};

/// Straight onto the socket (owned by the connection, not by the stream).
class PlainStream final : public Stream {
 public:
  PlainStream(Network& network, SocketId socket) : network_(network), socket_(socket) {}
  [[nodiscard]] IoResult read(std::span<std::byte> into) override {
    return network_.read(socket_, into);
  }
  [[nodiscard]] IoResult write(std::span<const std::byte> from) override {
    IoResult result = network_.write(socket_, from);
    blocked_on_ = result.status == IoStatus::would_block ? Interest::write : Interest::read;
    return result;
  }
  [[nodiscard]] Interest blocked_on() const override { return blocked_on_; }

 private:
  Network& network_;
  SocketId socket_;
  Interest blocked_on_ = Interest::read;
};

}  // namespace pixhaul::net
