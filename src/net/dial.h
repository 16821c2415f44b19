#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/address.h"
#include "net/network.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

struct Transfer;

/// Races TCP connects to the addresses of one host, in their order, a new one every 250 ms or as
/// soon as one fails; the first to be established wins and the others are closed (happy eyeballs,
/// RFC 8305 §5). One thread.
class Dial final : public Watcher {
 public:
  enum class State : std::uint8_t { racing, connected, failed };

  /// `addresses`: at least one, vetted. `owner` (not owned) is told through `on_dial_ready` after
  /// each change.
  class Owner {
   public:
    virtual void on_dial_changed(Dial& dial) = 0;

   protected:
    ~Owner() = default;
  };
  Dial(Network& network, std::vector<SocketAddress> addresses, Owner& owner, Transfer& transfer)
      : network_(network), addresses_(std::move(addresses)), owner_(owner), transfer_(transfer) {}
  ~Dial();
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;

  /// Starts what is due; call once to begin and again at `next_due()`.
  void advance(Instant now);
  /// Gives up what is still under way: nobody is told of it any more.
  void stop();
  [[nodiscard]] State state() const { return state_; }
  /// For whom it dials; handed back to the owner, never looked into.
  [[nodiscard]] Transfer& transfer() const { return transfer_; }
  [[nodiscard]] Instant next_due() const { return next_due_; }
  /// In State::connected: hands the socket over; it is no longer watched.
  [[nodiscard]] SocketId take_socket();
  [[nodiscard]] const SocketAddress& address() const { return addresses_[winner_]; }
  /// In State::failed: the last attempt's error; also the latest error while racing.
  [[nodiscard]] const Error& error() const { return error_; }
  /// The process has no descriptor left: not the host's fault.
  [[nodiscard]] bool is_out_of_sockets() const { return out_of_sockets_; }

  void on_ready(SocketId socket, bool readable, bool writable) override;

 private:
  struct Attempt {
    SocketId socket;
    std::size_t address;
  };
  void start_next();
  void note_failure(std::size_t address, int os_error);

  Network& network_;
  std::vector<SocketAddress> addresses_;
  Owner& owner_;
  Transfer& transfer_;
  std::vector<Attempt> attempts_;
  std::size_t started_ = 0;
  std::size_t winner_ = 0;
  State state_ = State::racing;
  SocketId socket_ = -1;
  Instant next_due_ = Instant::max();
  bool out_of_sockets_ = false;
  bool wants_next_ = false;
  Error error_;
};

}  // namespace pixhaul::net
