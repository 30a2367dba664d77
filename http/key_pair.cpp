#include <openssl/ec.h>
#include <openssl/pem.h>

#include "http/certificates.hpp"
#include "http/openssl_handles.hpp"

namespace tram::http {
namespace {

using sync::ErrorCode;
using sync::fail;

constexpr std::size_t raw_key_bytes = 32;

bool is_supported(EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) return true;
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_bits(key) == 256;
}

}  // namespace

KeyPair::KeyPair(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
KeyPair::KeyPair(KeyPair&&) noexcept = default;
KeyPair& KeyPair::operator=(KeyPair&&) noexcept = default;
KeyPair::~KeyPair() = default;

sync::Result<KeyPair> KeyPair::generate(KeyKind kind) {
  auto handle = std::make_unique<Handle>();
  handle->key.reset(kind == KeyKind::ed25519 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                                             : EVP_EC_gen("P-256"));
  if (handle->key == nullptr) return fail(ErrorCode::failed, "a key cannot be generated");
  return KeyPair(std::move(handle));
}

sync::Result<KeyPair> KeyPair::from_seed(sync::ByteView seed) {
  if (seed.size() != raw_key_bytes) return fail(ErrorCode::malformed, "a key's seed has 32 bytes");
  auto handle = std::make_unique<Handle>();
  handle->key.reset(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  if (handle->key == nullptr) return fail(ErrorCode::failed, "a key cannot be made");
  return KeyPair(std::move(handle));
}

sync::Result<KeyPair> KeyPair::from_pem(std::string_view pkcs8_pem) {
  const auto bio = bio_over(pkcs8_pem);
  auto handle = std::make_unique<Handle>();
  // The empty password keeps OpenSSL from asking at the terminal for one.
  char no_password[] = "";
  handle->key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_password));
  if (handle->key == nullptr || !is_supported(handle->key.get())) {
    return fail(ErrorCode::malformed, "not a private key that we use");
  }
  return KeyPair(std::move(handle));
}

KeyKind KeyPair::kind() const {
  return EVP_PKEY_get_base_id(handle_->key.get()) == EVP_PKEY_ED25519 ? KeyKind::ed25519
                                                                      : KeyKind::p256;
}

sync::Result<host::Secret> KeyPair::to_pem() const {
  // A secure BIO overwrites its memory when it is freed.
  const BioHandle bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr || PEM_write_bio_PKCS8PrivateKey(bio.get(), handle_->key.get(), nullptr,
                                                      nullptr, 0, nullptr, nullptr) != 1) {
    return fail(ErrorCode::failed, "the private key cannot be written");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return host::Secret::copy_of(std::string_view(data, static_cast<std::size_t>(size)));
}

sync::Result<host::Secret> KeyPair::seed() const {
  if (kind() != KeyKind::ed25519) return fail(ErrorCode::usage, "only Ed25519 keys have a seed");
  auto out = host::Secret::zeros(raw_key_bytes);
  std::size_t size = out.size();
  if (EVP_PKEY_get_raw_private_key(handle_->key.get(), out.writable().data(), &size) != 1) {
    return fail(ErrorCode::failed, "the private key cannot be read");
  }
  return out;
}

sync::Result<sync::ByteArray<32>> KeyPair::public_key() const {
  const auto raw = raw_key_of(handle_->key.get());
  if (raw.empty()) return fail(ErrorCode::usage, "only Ed25519 keys have a raw public key");
  return sync::to_array<raw_key_bytes>(raw);
}

}  // namespace tram::http
