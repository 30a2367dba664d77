#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sync/core/bytes.hpp"
#include "sync/core/ports.hpp"

/// One HTTP request and its answer, as plain values: what the server hands to a handler, and what
/// the client sends. Whole bodies only; large things travel in chunks of their own.
namespace tram::http {

/// Names in lower case (those the server or the client gives out always are), values trimmed.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// The first value under a lower-case name, or "".
[[nodiscard]] std::string_view header_value(const Headers& headers, std::string_view name);

/// Who is at the other end of a TLS connection, by the certificate that it proved to hold. A
/// request has one only if its chain ends in the server's authority, its usage is clientAuth and
/// its key is Ed25519; anything else never gets past the handshake. Whether this device may do
/// something is not said here: that is the hub's row for the key.
struct PeerCertificate {
  sync::Bytes der;
  sync::ByteArray<32> public_key{};  ///< the raw Ed25519 key, by which the hub finds its row
  std::string common_name;           ///< the subject's CN: the device id in hex, as was issued
  std::string serial;                ///< lower-case hex
  bool verified = false;             ///< always true in a request; false in a value made by hand
  bool expired = false;              ///< past not_after: verified otherwise, grace is decided above
  sync::Instant not_after;
};

struct Request {
  std::string method;  ///< "GET", "POST" …
  std::string target;  ///< path and query as sent, not decoded, starts with '/'
  Headers headers;
  sync::Bytes body;
  std::optional<PeerCertificate> peer;  ///< server only; empty: no certificate was shown
  std::string remote_address;           ///< server only; the address without its port
};

struct Response {
  int status = 200;
  std::string content_type;  ///< "" if there is none
  sync::Bytes body;
  Headers headers;  ///< others than content type and length
};

/// A plain-text answer, e.g. `text_response(404, "no such page\n")`.
[[nodiscard]] Response text_response(int status, std::string_view text);

}  // namespace tram::http
