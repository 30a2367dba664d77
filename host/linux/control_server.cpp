#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "host/control.hpp"
#include "host/linux/control_frames.hpp"
#include "host/log.hpp"

namespace tram::host {
namespace {

using sync::ErrorCode;
using sync::fail;

/// Those who wait to be accepted while eight are being served get "busy" within milliseconds.
constexpr int backlog = 16;

struct Connection {
  Descriptor socket;
  std::mutex writing;              ///< guards the order of bytes written
  std::atomic<bool> gone{false};   ///< the client does not read any more
  std::atomic<bool> done{false};   ///< the thread may be joined
  std::atomic<bool> ended{false};  ///< the answer's end was written
  std::thread thread;
};

sync::Result<Descriptor> listen_at(const ControlPlace& place) {
  if (auto other = connect_to(place); other) {
    return fail(ErrorCode::conflict, "another daemon answers at this folder's control socket");
  }
  // What is left there belongs to a daemon that died.
  ::unlinkat(place.folder.get(), control_socket_name, 0);
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return fail(system_error(errno, "control socket"));
  // The mode is set between bind and listen: until then nobody can connect.
  if (::bind(socket.get(), socket_address(place), sizeof place.address) != 0 ||
      ::fchmodat(place.folder.get(), control_socket_name, 0600, 0) != 0 ||
      ::listen(socket.get(), backlog) != 0) {
    return fail(system_error(errno, "control socket"));
  }
  return socket;
}

}  // namespace

class ControlServer::Listener {
 public:
  Listener(ControlPlace place, Descriptor socket, Descriptor wake, ControlHandler handler,
           ControlOptions options)
      : place_(std::move(place)),
        socket_(std::move(socket)),
        wake_(std::move(wake)),
        handler_(std::move(handler)),
        options_(options) {
    accepting_ = std::thread([this] { accept_all(); });
    ticking_ = std::thread([this] { tick(); });
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { stop(); }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_.exchange(true)) return;
      for (Connection& connection : connections_) ::shutdown(connection.socket.get(), SHUT_RDWR);
    }
    stopped_.notify_all();
    ::eventfd_write(wake_.get(), 1);
    accepting_.join();
    ticking_.join();
    for (Connection& connection : connections_) connection.thread.join();
    connections_.clear();
    socket_.close();
    ::unlinkat(place_.folder.get(), control_socket_name, 0);
  }

 private:
  void accept_all() {
    while (!stopping_) {
      pollfd entries[2] = {{socket_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
      if (::poll(entries, 2, -1) < 0 && errno != EINTR) break;
      if (stopping_) break;
      Descriptor peer(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (peer.valid()) {
        admit(std::move(peer));
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        // The waiting connection stays readable: without a pause this would be a busy loop.
        pollfd wake{wake_.get(), POLLIN, 0};
        ::poll(&wake, 1, 100);
      }
    }
  }

  void admit(Descriptor peer) {
    const std::int64_t user = peer_user(peer.get());
    if (user != 0 && user != std::int64_t{::geteuid()}) {
      log(Level::warn, "control.refused", {{"reason", "user"}, {"uid", user}});
      return;
    }
    const std::lock_guard lock(mutex_);
    reap();
    if (stopping_) return;
    if (connections_.size() >= control_connections_max) {
      [[maybe_unused]] const auto told = write_mark(peer.get(), mark_busy, 0);
      return;
    }
    Connection& connection = connections_.emplace_back();
    connection.socket = std::move(peer);
    try {
      connection.thread = std::thread([this, &connection] { serve(connection); });
    } catch (const std::system_error&) {
      [[maybe_unused]] const auto told = write_mark(connection.socket.get(), mark_busy, 0);
      connections_.pop_back();
    }
  }

  void reap() {
    connections_.remove_if([](Connection& connection) {
      if (!connection.done) return false;
      connection.thread.join();
      return true;
    });
  }

  void serve(Connection& connection) {
    const auto request = read_frame(connection.socket.get(), options_.peer_wait_ms);
    if (request && !request->text.empty()) {
      const std::optional<std::uint32_t> mark = answer(connection, request->text);
      const std::lock_guard lock(connection.writing);
      if (mark) {
        [[maybe_unused]] const auto told =
            write_mark(connection.socket.get(), *mark, options_.peer_wait_ms);
      }
      connection.ended = true;
    }
    ::shutdown(connection.socket.get(), SHUT_RDWR);
    connection.done = true;
  }

  /// How the answer ends; without a mark where `stop` cut it short: the client must not take it
  /// for whole.
  std::optional<std::uint32_t> answer(Connection& connection, const std::string& request) {
    bool fits = true;
    bool cut = false;
    const ControlReply reply = [&](std::string_view text) {
      if (text.empty()) return true;
      fits = fits && text.size() <= control_message_bytes_max;
      cut = cut || stopping_;
      if (!fits || cut || connection.gone) return false;
      const std::lock_guard lock(connection.writing);
      if (!write_message(connection.socket.get(), text, options_.peer_wait_ms)) {
        connection.gone = true;
      }
      return !connection.gone;
    };
    try {
      handler_(request, reply);
    } catch (const std::exception&) {
      // Its text could hold anything, also a citizen's data: it stays out of the log.
      log(Level::error, "control.handler_failed");
      return mark_failed;
    } catch (...) {
      log(Level::error, "control.handler_failed");
      return mark_failed;
    }
    if (!fits) log(Level::error, "control.reply_too_large");
    if (cut) return std::nullopt;
    return fits ? mark_end : mark_failed;
  }

  void tick() {
    std::unique_lock lock(mutex_);
    const auto interval = std::chrono::milliseconds(options_.keep_alive_ms);
    while (!stopped_.wait_for(lock, interval, [this] { return stopping_.load(); })) {
      for (Connection& connection : connections_) {
        // While somebody writes, the message itself is the sign of life.
        const std::unique_lock writing(connection.writing, std::try_to_lock);
        if (!writing || connection.ended || connection.done) continue;
        send_alive(connection);
      }
    }
  }

  static void send_alive(Connection& connection) {
    constexpr std::uint8_t alive[4] = {0xff, 0xff, 0xff, 0xff};
    const auto sent =
        ::send(connection.socket.get(), alive, sizeof alive, MSG_DONTWAIT | MSG_NOSIGNAL);
    // Four bytes go whole or not at all. A full buffer only means that the client is slow to read.
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
      connection.gone = true;
    }
  }

  ControlPlace place_;
  Descriptor socket_;
  Descriptor wake_;
  ControlHandler handler_;
  ControlOptions options_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  ///< guards connections_
  std::condition_variable stopped_;
  std::list<Connection> connections_;
  std::thread accepting_;
  std::thread ticking_;
};

ControlServer::ControlServer(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
ControlServer::ControlServer(ControlServer&&) noexcept = default;
ControlServer& ControlServer::operator=(ControlServer&&) noexcept = default;
ControlServer::~ControlServer() = default;

sync::Result<ControlServer> ControlServer::start(const std::filesystem::path& directory,
                                                 ControlHandler handler, ControlOptions options) {
  auto place = ControlPlace::find(directory);
  if (!place) return fail(place.error());
  auto socket = listen_at(*place);
  if (!socket) return fail(socket.error());
  Descriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return fail(system_error(errno, "control socket"));
  try {
    return ControlServer(std::make_unique<Listener>(std::move(*place), std::move(*socket),
                                                    std::move(wake), std::move(handler), options));
  } catch (const std::system_error&) {
    return fail(ErrorCode::failed, "control socket: no thread can be started");
  }
}

void ControlServer::stop() {
  if (listener_ != nullptr) listener_->stop();
}

}  // namespace tram::host
