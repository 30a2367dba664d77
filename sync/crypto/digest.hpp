#pragma once

#include <initializer_list>
#include <string_view>

#include "sync/core/bytes.hpp"

/// SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104), by OpenSSL. Pure and thread-safe; they cannot
/// fail short of an exhausted machine, which is an assertion.
namespace tram::sync {

using Digest = ByteArray<32>;

/// The hash of the parts, one after the other.
[[nodiscard]] Digest sha256(std::initializer_list<ByteView> parts);
[[nodiscard]] inline Digest sha256(ByteView bytes) {
  return sha256({bytes});
}

/// The hash of a domain word, a zero byte, and the parts: hashes of different things never meet.
/// `domain` is one of ours, listed in schema/ledger.md.
[[nodiscard]] Digest sha256_of(std::string_view domain, std::initializer_list<ByteView> parts);

[[nodiscard]] Digest hmac_sha256(ByteView key, std::initializer_list<ByteView> parts);

/// Compares in time that depends on the sizes only.
[[nodiscard]] bool equal_secret(ByteView a, ByteView b);

}  // namespace tram::sync
