#include "host/sealing.hpp"

#include <openssl/evp.h>

#include <memory>

#include "sync/core/assert.hpp"

namespace tram::host {
namespace {

using sync::ErrorCode;
using sync::fail;

struct CipherDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherDeleter>;

int int_size(sync::ByteView bytes) {
  // Callers stay far below this; OpenSSL counts in int.
  TRAM_ASSERT(bytes.size() <= 0x7fffffff);
  return static_cast<int>(bytes.size());
}

void check_sizes(const SealKey& key) {
  TRAM_ASSERT(key.key.size() == seal_key_bytes);
  TRAM_ASSERT(key.nonce.size() == seal_nonce_bytes);
}

}  // namespace

sync::Result<sync::Bytes> seal(const SealKey& key, sync::ByteView associated,
                               sync::ByteView plain) {
  check_sizes(key);
  Cipher cipher(EVP_CIPHER_CTX_new());
  sync::Bytes out(plain.size() + seal_tag_bytes);
  int written = 0;
  int last = 0;
  // GCM is a stream: no padding, so the ciphertext is as long as the plain text.
  const bool done =
      cipher != nullptr &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.key.data(),
                         key.nonce.data()) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &written, associated.data(), int_size(associated)) ==
          1 &&
      EVP_EncryptUpdate(cipher.get(), out.data(), &written, plain.data(), int_size(plain)) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), out.data() + plain.size(), &last) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, seal_tag_bytes,
                          out.data() + plain.size()) == 1;
  if (!done) return fail(ErrorCode::failed, "the cipher does not work");
  return out;
}

sync::Result<Secret> open_sealed(const SealKey& key, sync::ByteView associated,
                                 sync::ByteView sealed) {
  check_sizes(key);
  if (sealed.size() < seal_tag_bytes) return fail(ErrorCode::malformed, "sealed bytes are cut");
  const sync::ByteView body = sealed.first(sealed.size() - seal_tag_bytes);
  sync::Bytes tag = sync::to_bytes(sealed.last(seal_tag_bytes));
  Cipher cipher(EVP_CIPHER_CTX_new());
  Secret out = Secret::zeros(body.size() + 1);  // never an empty buffer, which OpenSSL misreads
  int written = 0;
  int last = 0;
  const bool ready =
      cipher != nullptr &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.key.data(),
                         key.nonce.data()) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &written, associated.data(), int_size(associated)) ==
          1 &&
      EVP_DecryptUpdate(cipher.get(), out.writable().data(), &written, body.data(),
                        int_size(body)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, seal_tag_bytes, tag.data()) == 1;
  if (!ready) return fail(ErrorCode::failed, "the cipher does not work");
  if (EVP_DecryptFinal_ex(cipher.get(), out.writable().data() + body.size(), &last) != 1) {
    return fail(ErrorCode::unverified, "sealed bytes do not fit their key");
  }
  return Secret::copy_of(out.view().first(body.size()));
}

}  // namespace tram::host
