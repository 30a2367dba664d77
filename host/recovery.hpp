#pragma once

#include "host/secret.hpp"
#include "sync/core/bytes.hpp"
#include "sync/core/result.hpp"

/// Secrets wrapped to the province's recovery key, so that a folder saved from a dead machine
/// opens.
///
/// The hub makes the pair once; its private half is printed and locked away, its public half goes
/// to every node at enrolment. A node wraps its database key to it and keeps the result beside the
/// database. Whoever holds the wrapped bytes alone learns nothing; they are not bound to a sender,
/// so they prove nothing about who made them.
///
/// Format: version 1 (one byte), ephemeral X25519 public key (32), AES-256-GCM ciphertext, tag
/// (16); what stands before the ciphertext is bound in. Key and nonce are HKDF-SHA256 of the shared
/// secret with salt = ephemeral key then receiver's key, info = "tram recovery 1". Each wrap has a
/// fresh ephemeral key, so the pair is never used twice. Any thread.
namespace tram::host {

struct RecoveryKey {
  sync::ByteArray<32> public_key{};
  Secret private_key;  ///< 32 bytes, X25519
};

[[nodiscard]] sync::Result<RecoveryKey> generate_recovery_key();

/// `malformed` if the public key is not 32 bytes or not a usable point; `limit` above 64 KiB.
[[nodiscard]] sync::Result<sync::Bytes> wrap_to_recovery_key(sync::ByteView public_key,
                                                             sync::ByteView secret);

/// `unverified` with a wrong key or changed bytes, `malformed` for anything that is not a wrap.
[[nodiscard]] sync::Result<Secret> unwrap_with_recovery_key(const Secret& private_key,
                                                            sync::ByteView wrapped);

}  // namespace tram::host
