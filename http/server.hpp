#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "host/secret.hpp"
#include "http/limits.hpp"
#include "http/message.hpp"
#include "sync/core/ports.hpp"
#include "sync/core/result.hpp"

/// An HTTPS server for one handler: TLS 1.3, HTTP/1.1, whole requests in, whole answers out.
///
/// It refuses, before a handler sees anything: client certificates of another authority, not yet
/// valid or not meant for clients; headers or bodies over their limits (431, 413); anything slower
/// than its time-outs; Transfer-Encoding in a request (411: bodies come with their length, so
/// nothing can be smuggled between two readings of it), HTTP/1.0, and upgrades. It resumes no TLS
/// session: each connection proves its key. It does not route, compress, redirect, or speak plain
/// HTTP.
namespace tram::http {

struct ServerOptions {
  /// PEM: the server's certificate first, then what leads to its authority, the authority included
  /// (a node that enrols knows only its fingerprint and must be shown it).
  std::string certificate_chain_pem;
  host::Secret private_key_pem;
  /// PEM of the authority whose clients are asked for a certificate; "" asks nobody (pages for
  /// browsers). A client without one is served too: `Request::peer` is then empty, and the handler
  /// decides, as enrolment has to.
  std::string client_authority_pem;
  /// Certificates are judged at max(now, floor): a machine whose clock fell back to 2002 must not
  /// find its peers "not yet valid". Pass the build time or the last signed time, whichever is
  /// later.
  sync::Instant time_floor;

  std::size_t threads = 1;
  std::size_t body_bytes = body_bytes_max;
  std::int64_t handshake_ms = http::handshake_ms;
  std::int64_t header_ms = http::header_ms;
  std::int64_t body_credit_ms = http::body_credit_ms;
  std::int64_t body_rate_bytes_per_s = http::body_rate_bytes_per_s;
  std::int64_t keep_alive_ms = http::keep_alive_ms;
  std::int64_t answer_ms = http::answer_ms;
  std::int64_t stop_grace_ms = http::stop_grace_ms;
  std::size_t connections = connections_max;
  std::size_t unauthenticated_per_address = unauthenticated_per_address_max;
  std::size_t requests_per_connection = requests_per_connection_max;
  /// Loopback is exempt from the limit per address: on one machine everybody has the same one.
  bool limit_loopback = false;
};

/// Gives the answer; from any thread, at any time, even after stop() (it is then dropped). The
/// first call counts, later ones do nothing. If every copy is destroyed uncalled, the client gets a
/// 500.
using Respond = std::function<void(Response)>;

/// Called on one of the server's threads, which it must not hold up: with `threads` = 1 nobody else
/// is served meanwhile. Work that waits for a disk or a lock belongs on the handler's own threads.
/// If it throws, the client gets a 500. Requests of one connection come one after the other.
using Handler = std::function<void(Request, Respond)>;

/// Since start(), for metrics.
struct ServerCounters {
  std::uint64_t connections_open = 0;
  std::uint64_t connections = 0;
  std::uint64_t connections_refused = 0;  ///< over a limit of number
  std::uint64_t handshakes_refused = 0;
  std::uint64_t requests = 0;          ///< handed to the handler
  std::uint64_t requests_refused = 0;  ///< malformed, too large or too slow
};

class Server {
 public:
  Server(ServerOptions options, Handler handler);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Stops first.
  ~Server();

  /// Listens on a numeric address or a name of this machine; port 0 takes a free one. Returns the
  /// port. `usage` for a host that does not resolve or a second start, `conflict` if the port is
  /// taken, `malformed` if certificate and key do not fit, `unavailable` for an address that is not
  /// this machine's. After failure nothing listens and start may be called again.
  [[nodiscard]] sync::Result<std::uint16_t> start(const std::string& host, std::uint16_t port);

  /// Accepts nobody any more, closes idle connections, lets requests in flight finish for up to
  /// `stop_grace_ms`, then cuts what is left and joins the threads. May be called twice; never from
  /// the handler.
  void stop();

  /// A renewed certificate for connections from now on; those open keep theirs. Any thread.
  [[nodiscard]] sync::Status replace_certificate(const std::string& certificate_chain_pem,
                                                 const host::Secret& private_key_pem);

  /// Any thread.
  [[nodiscard]] ServerCounters counters() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tram::http
