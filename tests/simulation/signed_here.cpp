// Goal: long simulations spend their time on Tram, and not on Ed25519.
// Method: the linker puts these before libcrypto's (--wrap); what was signed here is remembered by
// a 64-bit hash of key, message and signature, so that a forged one still has to be verified.
#include "tests/simulation/signed_here.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_set>

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

constexpr std::size_t remembered_most = 1'000'000;

bool remembers = false;
std::unordered_set<std::uint64_t> remembered;

std::uint64_t hash_of(const unsigned char* data, std::size_t size) {
  return std::hash<std::string_view>()(sync::as_text({data, size}));
}

std::optional<std::uint64_t> mark_of(EVP_MD_CTX* context, const unsigned char* signature,
                                     std::size_t size, const unsigned char* message,
                                     std::size_t message_size) {
  std::array<unsigned char, 32> key{};
  std::size_t key_size = key.size();
  EVP_PKEY* const pkey = EVP_PKEY_CTX_get0_pkey(EVP_MD_CTX_get_pkey_ctx(context));
  if (pkey == nullptr || EVP_PKEY_get_raw_public_key(pkey, key.data(), &key_size) != 1) return {};
  constexpr std::uint64_t factor = 0x9e3779b97f4a7c15U;
  std::uint64_t mark = hash_of(key.data(), key_size);
  mark = mark * factor ^ hash_of(message, message_size);
  return mark * factor ^ hash_of(signature, size);
}

}  // namespace

void remember_signatures(bool on) {
  remembers = on;
  if (!on) remembered.clear();
}

}  // namespace tram::simulation

using tram::simulation::mark_of;
using tram::simulation::remembered;
using tram::simulation::remembers;

int __wrap_EVP_DigestSign(EVP_MD_CTX* context, unsigned char* signature, std::size_t* size,
                          const unsigned char* message, std::size_t message_size) {
  const int done = __real_EVP_DigestSign(context, signature, size, message, message_size);
  if (!remembers || done != 1 || signature == nullptr) return done;
  if (remembered.size() >= tram::simulation::remembered_most) remembered.clear();
  if (const auto mark = mark_of(context, signature, *size, message, message_size)) {
    remembered.insert(*mark);
  }
  return done;
}

int __wrap_EVP_DigestVerify(EVP_MD_CTX* context, const unsigned char* signature, std::size_t size,
                            const unsigned char* message, std::size_t message_size) {
  if (remembers) {
    const auto mark = mark_of(context, signature, size, message, message_size);
    if (mark && remembered.contains(*mark)) return 1;
  }
  return __real_EVP_DigestVerify(context, signature, size, message, message_size);
}
// NOLINTEND(bugprone-reserved-identifier)
