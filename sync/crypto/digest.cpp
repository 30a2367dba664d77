#include "sync/crypto/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

#include "sync/core/assert.hpp"

namespace tram::sync {

namespace {

using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

using DigestMethod = std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)>;

// One context and one method a thread: finding them costs more than hashing an entry.
EVP_MD_CTX* fresh_context() {
  thread_local const DigestMethod method(EVP_MD_fetch(nullptr, "SHA256", nullptr), &EVP_MD_free);
  thread_local const DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  TRAM_ASSERT(method != nullptr && context != nullptr);
  TRAM_ASSERT(EVP_DigestInit_ex(context.get(), method.get(), nullptr) == 1);
  return context.get();
}

void update(EVP_MD_CTX* context, ByteView bytes) {
  TRAM_ASSERT(EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1);
}

Digest finish(EVP_MD_CTX* context) {
  Digest out{};
  TRAM_ASSERT(EVP_DigestFinal_ex(context, out.data(), nullptr) == 1);
  return out;
}

}  // namespace

Digest sha256(std::initializer_list<ByteView> parts) {
  EVP_MD_CTX* context = fresh_context();
  for (const ByteView part : parts) update(context, part);
  return finish(context);
}

Digest sha256_of(std::string_view domain, std::initializer_list<ByteView> parts) {
  EVP_MD_CTX* context = fresh_context();
  update(context, as_bytes(domain));
  const std::uint8_t zero = 0;
  update(context, {&zero, 1});
  for (const ByteView part : parts) update(context, part);
  return finish(context);
}

Digest hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) {
  Bytes message;
  for (const ByteView part : parts) message.insert(message.end(), part.begin(), part.end());
  Digest out{};
  unsigned size = 0;
  // OpenSSL takes a null key for "the same as before", and fails when there was none.
  const std::uint8_t none = 0;
  const std::uint8_t* const key_bytes = key.empty() ? &none : key.data();
  TRAM_ASSERT(HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()), message.data(),
                   message.size(), out.data(), &size) != nullptr);
  TRAM_ASSERT(size == out.size());
  return out;
}

bool equal_secret(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace tram::sync
