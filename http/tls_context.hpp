#pragma once

#include <optional>
#include <string>

#include "http/openssl_handles.hpp"
#include "http/server.hpp"

/// The server's TLS settings and its judgement of clients, on OpenSSL alone. Internal to http/.
namespace tram::http {

/// `malformed` if certificate, key or authority are no such thing or do not fit together.
[[nodiscard]] sync::Result<SslContextHandle> make_server_context(
    const std::string& certificate_chain_pem, const host::Secret& private_key_pem,
    const std::string& client_authority_pem, sync::Instant time_floor);

/// The client's certificate after a handshake, judged at `now`; empty if it showed none.
[[nodiscard]] std::optional<PeerCertificate> peer_of(const SSL* connection, sync::Instant now);

/// Why its certificate was not taken, or "" if that was not the reason.
[[nodiscard]] std::string refusal_of(const SSL* connection);

/// What both sides agree on; see docs and limits.hpp for why.
inline constexpr const char* tls_ciphers =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
inline constexpr const char* tls_groups = "X25519:P-256";

}  // namespace tram::http
