#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "sync/core/result.hpp"

/// The channel between a running daemon and the commands that are given beside it.
///
/// On Linux it is the socket DIR/control.sock (0600) and only the same user or root is answered; on
/// Windows it will be a named pipe. Messages are UTF-8 text of any meaning, each with a 32-bit
/// length in front (big endian) and at most `control_message_bytes_max`. One connection carries one
/// request; the answer is any number of messages and ends with an empty one.
///
/// Nobody hangs on a dead peer: while the handler works, the server sends a sign of life (the
/// length 0xFFFFFFFF, no body) every `keep_alive_ms`, and the client gives up when nothing at all
/// has come for `silence_ms`. So a daemon may work on one request for an hour, and a dead one is
/// noticed in seconds. The lengths 0xFFFFFFFE (the handler failed) and 0xFFFFFFFD (too many at
/// once) end an answer too. One that the server's stop cut short has no end: `unavailable`.
namespace tram::host {

/// Larger than any report a command prints, far below what would hurt the daemon.
inline constexpr std::size_t control_message_bytes_max = std::size_t{16} * 1024 * 1024;
/// People and cron jobs at one machine; the ninth gets `unavailable` at once.
inline constexpr std::size_t control_connections_max = 8;

struct ControlOptions {
  std::int64_t keep_alive_ms = 2'000;
  /// Several missed signs of life, so that a machine short of memory is not taken for dead.
  std::int64_t silence_ms = 20'000;
  /// How long the server waits for a request after accepting, and for a client that does not read.
  std::int64_t peer_wait_ms = 10'000;
};

/// Sends one message of the answer; false once the client is gone or the server stops, after which
/// the handler should return soon. Empty messages are ignored (they would end the answer). One
/// thread at a time, and only until the handler returns.
using ControlReply = std::function<bool(std::string_view)>;
/// Runs on a thread of its own connection, so up to 8 at once. If it throws, the client gets
/// `failed`.
using ControlHandler = std::function<void(std::string_view request, const ControlReply& reply)>;

/// Listens from start() to stop() or destruction.
class ControlServer {
 public:
  /// The caller holds the directory's DataLock; a socket left behind by a dead daemon is replaced,
  /// one that still answers is `conflict`. Directories with paths longer than a socket address
  /// allows work.
  [[nodiscard]] static sync::Result<ControlServer> start(const std::filesystem::path& directory,
                                                         ControlHandler handler,
                                                         ControlOptions options = {});
  ControlServer(ControlServer&&) noexcept;
  ControlServer& operator=(ControlServer&&) noexcept;
  ~ControlServer();

  /// Stops accepting, makes every reply() return false, waits for handlers that still run, and
  /// removes the socket. May be called twice. Never from a handler.
  void stop();

 private:
  class Listener;
  explicit ControlServer(std::unique_ptr<Listener> listener);
  std::unique_ptr<Listener> listener_;
};

/// The command's side. Move-only, one thread at a time.
class ControlClient {
 public:
  /// `not_found` if no daemon listens there (no socket, or one left behind): the command then works
  /// on the store itself. `refused` if the socket belongs to somebody else.
  [[nodiscard]] static sync::Result<ControlClient> connect(const std::filesystem::path& directory,
                                                           ControlOptions options = {});

  /// Sends the request and passes on each message of the answer. Returns after its end.
  /// `unavailable` if the daemon went silent, stopped, or has too many commands at once; messages
  /// passed on before stay passed on. `failed` if its handler failed, `limit` for a request that is
  /// too large. May be called again whatever happened before.
  [[nodiscard]] sync::Status call(std::string_view request,
                                  const std::function<void(std::string_view)>& on_reply);

 private:
  ControlClient(std::filesystem::path directory, ControlOptions options)
      : directory_(std::move(directory)), options_(options) {}
  std::filesystem::path directory_;
  ControlOptions options_;
};

}  // namespace tram::host
