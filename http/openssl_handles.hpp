#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string_view>

#include "http/certificates.hpp"
#include "http/message.hpp"

/// OpenSSL's objects with an owner, and the bridge between them and our values. Internal to http/.
namespace tram::http {

template <auto Free>
struct FreeWith {
  template <class Object>
  void operator()(Object* object) const {
    Free(object);
  }
};

using KeyHandle = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using BioHandle = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using X509Handle = std::unique_ptr<X509, FreeWith<X509_free>>;
using RequestHandle = std::unique_ptr<X509_REQ, FreeWith<X509_REQ_free>>;
using SslContextHandle = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;

struct KeyPair::Handle {
  KeyHandle key;
};

/// A read-only BIO over the bytes, which must outlive it.
[[nodiscard]] inline BioHandle bio_over(std::string_view text) {
  return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Exactly one certificate of at most `peer_chain_bytes_max` bytes; null otherwise.
[[nodiscard]] X509Handle x509_from(sync::ByteView der);
[[nodiscard]] sync::Bytes der_of(const X509* certificate);
[[nodiscard]] std::string common_name_of(const X509_NAME* name);
[[nodiscard]] sync::Instant instant_of(const ASN1_TIME* time);
/// Empty unless the key is Ed25519.
[[nodiscard]] sync::Bytes raw_key_of(EVP_PKEY* key);
[[nodiscard]] std::string serial_of(const X509* certificate);

}  // namespace tram::http
