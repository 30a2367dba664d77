#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "http/admission.hpp"
#include "http/server.hpp"

/// What the listener and its sessions share. Internal to http/; only the heavy units include it.
namespace tram::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

/// A session as the listener sees it. Both calls may come from any thread and return at once.
class SessionControl {
 public:
  virtual ~SessionControl() = default;
  /// Ends now if it waits for a request, else with the answer that is under way.
  virtual void stop_gently() = 0;
  virtual void cut() = 0;
};

struct ServerTallies {
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> connections_refused{0};
  std::atomic<std::uint64_t> handshakes_refused{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> requests_refused{0};
};

/// Sessions hold it, and through them answers that come late: it outlives the server if need be.
struct ServerCore {
  ServerCore(ServerOptions given, Handler given_handler)
      : options(std::move(given)),
        handler(std::move(given_handler)),
        admission(options.connections, options.unauthenticated_per_address) {}

  /// First, so that it goes last: everything below may own sockets and timers.
  asio::io_context io;
  ServerOptions options;
  Handler handler;
  Admission admission;
  RefusalLog refusals;
  ServerTallies tallies;
  std::atomic<bool> stopping{false};

  std::mutex mutex;  ///< guards what follows
  std::condition_variable changed;
  std::set<std::shared_ptr<SessionControl>> sessions;
  std::shared_ptr<asio::ssl::context> tls;
  /// Cleared once the threads are about to leave: a late answer then has nobody to write it.
  bool running = false;
};

/// Starts a session on an accepted, admitted connection. `counted_address` is what admission knows
/// it by, "" if exempt. The session takes itself out of `core->sessions` and of admission when it
/// ends.
void start_session(const std::shared_ptr<ServerCore>& core, tcp::socket socket,
                   std::string remote_address, std::string counted_address);

}  // namespace tram::http
