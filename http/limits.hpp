#pragma once

#include <cstddef>
#include <cstdint>

/// Every bound of the HTTP server and client, with its reason. What an installation may differ in
/// is a field of ServerOptions or ClientOptions that starts from here.
namespace tram::http {

/// Request line and headers. Ours take 300 bytes; browsers with cookies stay below 4 KiB.
inline constexpr std::size_t header_bytes_max = std::size_t{8} * 1024;
/// A sync frame is sized by seconds of link and stays below 1 MiB; 4 MiB leaves room for a batch on
/// a good line. A server that takes more (attachments) says so in its options.
inline constexpr std::size_t body_bytes_max = std::size_t{4} * 1024 * 1024;
/// What the client accepts as an answer: the largest batch, with room to grow.
inline constexpr std::size_t response_bytes_max = std::size_t{64} * 1024 * 1024;

/// A handshake is two round trips and 3 KiB: 10 s pass on 2G with loss, and bound a stalled one.
inline constexpr std::int64_t handshake_ms = 10'000;
/// From a request's first byte (on a new connection: from the handshake) to the end of its headers.
inline constexpr std::int64_t header_ms = 10'000;
/// A body must keep up this rate over its whole time; a sixth of the slowest link we serve (30
/// kbit/s).
inline constexpr std::int64_t body_rate_bytes_per_s = 512;
/// The credit a body starts with: the link may stand still for a minute, as the client tolerates
/// too.
inline constexpr std::int64_t body_credit_ms = 60'000;
/// No body takes longer, at any rate; the client's own limit is the same.
inline constexpr std::int64_t body_ms_max = 600'000;
/// Idle between two requests. Nodes come back within a minute while they have work, and a new
/// handshake on 2G costs more than a socket: longer than the usual 15 s on purpose.
inline constexpr std::int64_t keep_alive_ms = 75'000;
/// From a whole request to the handler's answer; 503 after that. Handlers that wait on purpose
/// (long polls) stay below a minute.
inline constexpr std::int64_t answer_ms = 120'000;
/// How long stop() lets requests in flight finish.
inline constexpr std::int64_t stop_grace_ms = 10'000;
/// After a refusal: how long to read on and drop, so that the answer is not lost to a reset.
inline constexpr std::int64_t linger_ms = 2'000;

/// A province has 300 nodes, each with one connection, plus consoles; each costs about 60 KiB.
inline constexpr std::size_t connections_max = 1'024;
/// One commune's machines share an address. A verified client certificate ends the counting.
inline constexpr std::size_t unauthenticated_per_address_max = 8;
/// A connection is renewed now and then, so that a revoked or replaced certificate is seen again.
inline constexpr std::size_t requests_per_connection_max = 1'000;
/// Certificates a client may send: leaf, authority, and one between.
inline constexpr int chain_depth_max = 2;
/// Bytes of the client's certificate message (3 KiB is usual).
inline constexpr std::size_t peer_chain_bytes_max = std::size_t{16} * 1024;
/// Lines about refused handshakes and connections: so many a minute, the rest is counted only.
inline constexpr std::size_t refusal_log_lines_per_minute = 30;

/// The client's side. TCP and TLS together on 2G take 5 s; 15 s tell "no way through" soon enough.
inline constexpr std::int64_t connect_ms = 15'000;
/// Below 64 B/s for a minute a link is dead, whatever it says.
inline constexpr std::int64_t low_speed_bytes_per_s = 64;
inline constexpr std::int64_t low_speed_s = 60;
/// One call, all in all.
inline constexpr std::int64_t call_ms = 600'000;

}  // namespace tram::http
