#pragma once

#include "host/secret.hpp"
#include "sync/core/bytes.hpp"
#include "sync/core/result.hpp"

/// The one AES-256-GCM of this folder, shared by the vault and the recovery wrap. Internal.
namespace tram::host {

inline constexpr std::size_t seal_key_bytes = 32;
inline constexpr std::size_t seal_nonce_bytes = 12;
inline constexpr std::size_t seal_tag_bytes = 16;

struct SealKey {
  sync::ByteView key;    ///< 32 bytes
  sync::ByteView nonce;  ///< 12 bytes, never twice with one key
};

/// Ciphertext ‖ tag.
[[nodiscard]] sync::Result<sync::Bytes> seal(const SealKey& key, sync::ByteView associated,
                                             sync::ByteView plain);
/// `unverified` if anything differs from what was sealed.
[[nodiscard]] sync::Result<Secret> open_sealed(const SealKey& key, sync::ByteView associated,
                                               sync::ByteView sealed);

}  // namespace tram::host
