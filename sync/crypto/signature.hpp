#pragma once

#include <memory>
#include <string_view>

#include "sync/core/bytes.hpp"
#include "sync/core/result.hpp"

/// Ed25519 (RFC 8032), by OpenSSL. Everything signed begins with a domain word, so that a signature
/// over one kind of thing can never be shown as one over another, nor as a TLS handshake's.
namespace tram::sync {

using PublicKey = ByteArray<32>;
using Signature = ByteArray<64>;

/// A private key that signs. Owns OpenSSL's key, which is wiped when it is freed. Immutable, so any
/// thread may sign; moved, never copied.
class SigningKey {
 public:
  /// From the 32-byte seed of RFC 8032. The caller wipes its own copy.
  [[nodiscard]] static Result<SigningKey> from_seed(ByteView seed);

  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  [[nodiscard]] Signature sign(std::string_view domain, ByteView message) const;

 private:
  struct Handle;
  SigningKey(std::unique_ptr<Handle> handle, const PublicKey& public_key);

  std::unique_ptr<Handle> handle_;
  PublicKey public_key_{};
};

/// True iff the signature over `domain`, a zero byte and `message` fits the key. Any bytes may be
/// given.
[[nodiscard]] bool verify(const PublicKey& key, std::string_view domain, ByteView message,
                          const Signature& signature);

}  // namespace tram::sync
