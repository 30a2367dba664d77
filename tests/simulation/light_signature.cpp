// Goal: long simulations spend their time on Tram, and not on Ed25519.
// Method: the linker puts these before libcrypto's (--wrap); a hash of key and message is the
// signature, so that one of other bytes still has to be verified.
#include "tests/simulation/light_signature.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string_view>

#include "sync/core/bytes.hpp"

// The linker's names for the function behind the wrapper and for the wrapper.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
int __real_EVP_DigestSign(EVP_MD_CTX* context, unsigned char* signature, std::size_t* size,
                          const unsigned char* message, std::size_t message_size);
int __real_EVP_DigestVerify(EVP_MD_CTX* context, const unsigned char* signature, std::size_t size,
                            const unsigned char* message, std::size_t message_size);
int __wrap_EVP_DigestSign(EVP_MD_CTX* context, unsigned char* signature, std::size_t* size,
                          const unsigned char* message, std::size_t message_size);
int __wrap_EVP_DigestVerify(EVP_MD_CTX* context, const unsigned char* signature, std::size_t size,
                            const unsigned char* message, std::size_t message_size);
}

namespace tram::simulation {

namespace {

constexpr std::size_t signature_bytes = 64;
using Signature = std::array<unsigned char, signature_bytes>;

bool lightly = false;

std::uint64_t hash_of(const unsigned char* data, std::size_t size) {
  return std::hash<std::string_view>()(sync::as_text({data, size}));
}

std::optional<Signature> light_signature(EVP_MD_CTX* context, const unsigned char* message,
                                         std::size_t message_size) {
  std::array<unsigned char, 32> key{};
  std::size_t key_size = key.size();
  EVP_PKEY* const pkey = EVP_PKEY_CTX_get0_pkey(EVP_MD_CTX_get_pkey_ctx(context));
  if (pkey == nullptr || EVP_PKEY_get_raw_public_key(pkey, key.data(), &key_size) != 1) return {};
  constexpr std::uint64_t factor = 0x9e3779b97f4a7c15U;
  std::uint64_t word = hash_of(key.data(), key_size) * factor ^ hash_of(message, message_size);
  Signature signature{};
  for (std::size_t at = 0; at < signature.size(); at += sizeof word) {
    word = (word ^ (word >> 29U)) * factor + at;
    std::memcpy(signature.data() + at, &word, sizeof word);
  }
  return signature;
}

}  // namespace

void sign_lightly(bool on) {
  lightly = on;
}

}  // namespace tram::simulation

using tram::simulation::light_signature;
using tram::simulation::lightly;

int __wrap_EVP_DigestSign(EVP_MD_CTX* context, unsigned char* signature, std::size_t* size,
                          const unsigned char* message, std::size_t message_size) {
  const auto light = lightly && signature != nullptr && *size >= tram::simulation::signature_bytes
                         ? light_signature(context, message, message_size)
                         : std::nullopt;
  if (!light) return __real_EVP_DigestSign(context, signature, size, message, message_size);
  std::copy(light->begin(), light->end(), signature);
  *size = light->size();
  return 1;
}

int __wrap_EVP_DigestVerify(EVP_MD_CTX* context, const unsigned char* signature, std::size_t size,
                            const unsigned char* message, std::size_t message_size) {
  const auto light = lightly ? light_signature(context, message, message_size) : std::nullopt;
  if (light && std::equal(light->begin(), light->end(), signature, signature + size)) return 1;
  return __real_EVP_DigestVerify(context, signature, size, message, message_size);
}
// NOLINTEND(bugprone-reserved-identifier)
