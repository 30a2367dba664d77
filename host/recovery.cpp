#include "host/recovery.hpp"

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <memory>

#include "host/sealing.hpp"

namespace tram::host {
namespace {

using sync::Bytes;
using sync::ByteView;
using sync::ErrorCode;
using sync::fail;
using sync::Result;

constexpr std::uint8_t version = 1;
constexpr std::size_t point_bytes = 32;
constexpr std::size_t secret_bytes_max = std::size_t{64} * 1024;
constexpr std::string_view info = "tram recovery 1";

struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyDeleter>;
struct ContextDeleter {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_PKEY_CTX, ContextDeleter>;

Result<sync::ByteArray<point_bytes>> public_bytes(const Key& key) {
  sync::ByteArray<point_bytes> out{};
  std::size_t size = out.size();
  if (EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size) != 1 || size != out.size()) {
    return fail(ErrorCode::failed, "recovery key: no public half");
  }
  return out;
}

Result<Secret> agree(const Key& own, const Key& peer) {
  Context context(EVP_PKEY_CTX_new(own.get(), nullptr));
  Secret shared = Secret::zeros(point_bytes);
  std::size_t size = shared.size();
  // OpenSSL refuses here the few points that would make the shared secret all zeros.
  if (context == nullptr || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
      EVP_PKEY_derive(context.get(), shared.writable().data(), &size) != 1 ||
      size != shared.size()) {
    return fail(ErrorCode::malformed, "recovery key: not a usable public key");
  }
  return shared;
}

/// Key and nonce, one after the other.
Result<Secret> expand(const Secret& shared, ByteView ephemeral, ByteView receiver) {
  Bytes salt = sync::to_bytes(ephemeral);
  salt.insert(salt.end(), receiver.begin(), receiver.end());
  const ByteView label = sync::as_bytes(info);
  Secret out = Secret::zeros(seal_key_bytes + seal_nonce_bytes);
  std::size_t size = out.size();
  Context context(EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr));
  if (context == nullptr || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) != 1 ||
      EVP_PKEY_CTX_set1_hkdf_salt(context.get(), salt.data(), static_cast<int>(salt.size())) != 1 ||
      EVP_PKEY_CTX_set1_hkdf_key(context.get(), shared.view().data(),
                                 static_cast<int>(shared.size())) != 1 ||
      EVP_PKEY_CTX_add1_hkdf_info(context.get(), label.data(), static_cast<int>(label.size())) !=
          1 ||
      EVP_PKEY_derive(context.get(), out.writable().data(), &size) != 1) {
    return fail(ErrorCode::failed, "recovery key: no key derivation");
  }
  return out;
}

SealKey seal_key(const Secret& expanded) {
  return {expanded.view().first(seal_key_bytes), expanded.view().last(seal_nonce_bytes)};
}

Key generate() {
  EVP_PKEY* key = nullptr;
  Context context(EVP_PKEY_CTX_new_id(EVP_PKEY_X25519, nullptr));
  if (context == nullptr || EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_keygen(context.get(), &key) != 1) {
    return nullptr;
  }
  return Key(key);
}

Key public_key_from(ByteView bytes) {
  return Key(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, bytes.data(), bytes.size()));
}

}  // namespace

Result<RecoveryKey> generate_recovery_key() {
  const Key key = generate();
  if (key == nullptr) return fail(ErrorCode::failed, "recovery key: cannot be generated");
  RecoveryKey out;
  const auto point = public_bytes(key);
  if (!point) return fail(point.error());
  out.public_key = *point;
  out.private_key = Secret::zeros(point_bytes);
  std::size_t size = point_bytes;
  if (EVP_PKEY_get_raw_private_key(key.get(), out.private_key.writable().data(), &size) != 1) {
    return fail(ErrorCode::failed, "recovery key: no private half");
  }
  return out;
}

Result<Bytes> wrap_to_recovery_key(ByteView public_key, ByteView secret) {
  if (public_key.size() != point_bytes) {
    return fail(ErrorCode::malformed, "recovery key: must be 32 bytes");
  }
  if (secret.size() > secret_bytes_max) {
    return fail(ErrorCode::limit, "recovery key: the secret is too large");
  }
  const Key receiver = public_key_from(public_key);
  const Key ephemeral = generate();
  if (receiver == nullptr || ephemeral == nullptr) {
    return fail(ErrorCode::failed, "recovery key: cannot be used");
  }
  const auto point = public_bytes(ephemeral);
  if (!point) return fail(point.error());
  const auto shared = agree(ephemeral, receiver);
  if (!shared) return fail(shared.error());
  const auto expanded = expand(*shared, *point, public_key);
  if (!expanded) return fail(expanded.error());
  Bytes out;
  out.push_back(version);
  out.insert(out.end(), point->begin(), point->end());
  const auto sealed = seal(seal_key(*expanded), out, secret);
  if (!sealed) return fail(sealed.error());
  out.insert(out.end(), sealed->begin(), sealed->end());
  return out;
}

Result<Secret> unwrap_with_recovery_key(const Secret& private_key, ByteView wrapped) {
  constexpr std::size_t head_bytes = 1 + point_bytes;
  if (private_key.size() != point_bytes) {
    return fail(ErrorCode::malformed, "recovery key: must be 32 bytes");
  }
  if (wrapped.size() < head_bytes + seal_tag_bytes || wrapped[0] != version ||
      wrapped.size() > head_bytes + seal_tag_bytes + secret_bytes_max) {
    return fail(ErrorCode::malformed, "not a secret wrapped to a recovery key");
  }
  const Key own(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, private_key.view().data(),
                                             private_key.size()));
  const ByteView point = wrapped.subspan(1, point_bytes);
  const Key ephemeral = public_key_from(point);
  if (own == nullptr || ephemeral == nullptr) {
    return fail(ErrorCode::failed, "recovery key: cannot be used");
  }
  const auto own_public = public_bytes(own);
  if (!own_public) return fail(own_public.error());
  const auto shared = agree(own, ephemeral);
  if (!shared) return fail(shared.error());
  const auto expanded = expand(*shared, point, *own_public);
  if (!expanded) return fail(expanded.error());
  auto opened =
      open_sealed(seal_key(*expanded), wrapped.first(head_bytes), wrapped.subspan(head_bytes));
  if (!opened && opened.error().code == ErrorCode::unverified) {
    return fail(ErrorCode::unverified, "the recovery key does not fit, or the bytes were changed");
  }
  return opened;
}

}  // namespace tram::host
