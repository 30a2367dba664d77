#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "host/secret.hpp"
#include "http/limits.hpp"
#include "http/message.hpp"
#include "sync/core/bytes.hpp"
#include "sync/core/ports.hpp"
#include "sync/core/result.hpp"

/// The node's HTTPS client: one hub, one kept connection, every byte counted.
///
/// It trusts one pinned authority and nothing else: the system's certificates are never read, and
/// neither are proxies from the environment. It follows no redirects, keeps no cookies, negotiates
/// no compression and never retries: what a failure means is decided above.
namespace tram::http {

/// The usual way: the server's chain must end in this authority and its certificate must name the
/// host of the URL (a DNS name or an IP address among its alternative names).
struct PinnedAuthority {
  std::string pem;
};
/// Enrolment by QR or file: the chain must bring along a self-signed CA certificate with this
/// SHA-256 (of its DER) and end in it; the host's name must fit as well.
struct AuthorityFingerprint {
  sync::ByteArray<32> sha256{};
};
/// Enrolment by a typed code: nothing is checked, and the caller MUST authenticate what it is told
/// and bind it to `Client::server_chain()` before it trusts either. Never for anything else.
struct UnverifiedForEnrolment {};

using ServerTrust = std::variant<PinnedAuthority, AuthorityFingerprint, UnverifiedForEnrolment>;

struct ClientOptions {
  std::string base_url;  ///< "https://host[:port]", without a path
  ServerTrust trust;
  /// PEM of this device's certificate and key; both empty before enrolment.
  std::string certificate_pem;
  host::Secret private_key_pem;
  std::string proxy_url;  ///< "" means none, whatever the environment says
  /// Certificates are judged at max(now, floor), as in ServerOptions.
  sync::Instant time_floor;
  /// Takes the pinned authority's server past its dates: for a machine whose clock runs years
  /// ahead, where the alternative is never to learn the time. Start and signatures are checked as
  /// ever.
  bool accept_expired_server = false;

  std::size_t response_bytes = response_bytes_max;
  std::int64_t connect_ms = http::connect_ms;
  std::int64_t low_speed_bytes_per_s = http::low_speed_bytes_per_s;
  std::int64_t low_speed_s = http::low_speed_s;
  std::int64_t call_ms = http::call_ms;
};

/// What one call cost. Bytes are those of HTTP (headers and bodies); TLS and TCP come on top. After
/// a failed call they count what passed until then.
struct Metrics {
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::uint64_t connects = 0;  ///< new connections: 0 when the kept one served
  double seconds = 0;
  double seconds_to_first_byte = 0;
};

/// Not copied, not moved; one thread at a time.
class Client {
 public:
  explicit Client(ClientOptions options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// Sends `request` (its method, target, headers, body) and returns what came back with any status
  /// up to 499. A captive portal's 200 is passed on like any other: look at `content_type` and
  /// verify the body. Errors:
  ///   unavailable  no way to the server, too slow, cut, or a status from 500 on
  ///   unverified   "not the pinned authority" (or not the host's name, or out of its dates)
  ///   refused      the server's TLS does not take our certificate
  ///   limit        the answer is larger than `response_bytes`
  ///   usage        the URL or the proxy is wrong, or not https; `malformed`: our certificate or
  ///   key
  /// After an error the connection is not kept. Nothing says whether the server has done its work.
  [[nodiscard]] sync::Result<Response> send(const Request& request);

  /// Of the last send().
  [[nodiscard]] const Metrics& metrics() const;

  /// The certificates that the server showed at the last handshake, DER, its own first; the
  /// authority among them if the server sends it, as ours does. Not to be trusted beyond what
  /// `trust` checked.
  [[nodiscard]] const std::vector<sync::Bytes>& server_chain() const;

  /// Closes the kept connection; the next send() makes a new one.
  void disconnect();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tram::http
