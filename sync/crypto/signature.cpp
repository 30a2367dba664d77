#include "sync/crypto/signature.hpp"

#include <openssl/evp.h>

#include "sync/core/assert.hpp"

namespace tram::sync {

namespace {

using KeyHandle = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

Bytes with_domain(std::string_view domain, ByteView message) {
  Bytes out = to_bytes(domain);
  out.push_back(0);
  out.insert(out.end(), message.begin(), message.end());
  return out;
}

}  // namespace

struct SigningKey::Handle {
  KeyHandle key;
};

SigningKey::SigningKey(std::unique_ptr<Handle> handle, const PublicKey& public_key)
    : handle_(std::move(handle)), public_key_(public_key) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

Result<SigningKey> SigningKey::from_seed(ByteView seed) {
  KeyHandle key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()),
                &EVP_PKEY_free);
  PublicKey public_key{};
  std::size_t size = public_key.size();
  if (seed.size() != 32 || key == nullptr ||
      EVP_PKEY_get_raw_public_key(key.get(), public_key.data(), &size) != 1) {
    return fail(ErrorCode::malformed, "signing key: not an Ed25519 seed of 32 bytes");
  }
  return SigningKey(std::make_unique<Handle>(Handle{std::move(key)}), public_key);
}

Signature SigningKey::sign(std::string_view domain, ByteView message) const {
  const Bytes input = with_domain(domain, message);
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  Signature out{};
  std::size_t size = out.size();
  TRAM_ASSERT(context != nullptr);
  TRAM_ASSERT(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, handle_->key.get()) ==
              1);
  TRAM_ASSERT(EVP_DigestSign(context.get(), out.data(), &size, input.data(), input.size()) == 1);
  return out;
}

bool verify(const PublicKey& key, std::string_view domain, ByteView message,
            const Signature& signature) {
  const KeyHandle handle(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()),
      &EVP_PKEY_free);
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (handle == nullptr || context == nullptr) return false;
  const Bytes input = with_domain(domain, message);
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, handle.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), input.data(),
                          input.size()) == 1;
}

}  // namespace tram::sync
