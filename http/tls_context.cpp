#include "http/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>

#include "host/clock.hpp"
#include "http/limits.hpp"

namespace tram::http {
namespace {

using sync::ErrorCode;
using sync::fail;

/// Goes with the SSL_CTX, as its extra data.
struct Judgement {
  sync::Instant time_floor;
};

void free_judgement(void* /*parent*/, void* data, CRYPTO_EX_DATA* /*all*/, int /*index*/,
                    long /*number*/, void* /*pointer*/) {
  const std::unique_ptr<Judgement> owned(static_cast<Judgement*>(data));
}

int judgement_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_judgement);
  return index;
}

/// Lets the one fault pass that is decided above: the leaf itself is past its end.
int tolerate_expiry(int good, X509_STORE_CTX* check) {
  if (good == 1) return 1;
  if (X509_STORE_CTX_get_error(check) != X509_V_ERR_CERT_HAS_EXPIRED ||
      X509_STORE_CTX_get_error_depth(check) != 0) {
    return 0;
  }
  X509_STORE_CTX_set_error(check, X509_V_OK);
  return 1;
}

/// OpenSSL takes a certificate without usages for one with all of them; ours always say clientAuth.
bool is_for_clients(X509* leaf) {
  return (X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE) != 0 &&
         (X509_get_extended_key_usage(leaf) & XKU_SSL_CLIENT) != 0;
}

int verify_client(X509_STORE_CTX* check, void* context) {
  const auto* judgement = static_cast<const Judgement*>(
      SSL_CTX_get_ex_data(static_cast<SSL_CTX*>(context), judgement_index()));
  const sync::Instant at = std::max(host::SystemClock().now(), judgement->time_floor);
  X509_STORE_CTX_set_time(check, 0, at.ms / 1000);
  X509_STORE_CTX_set_verify_cb(check, tolerate_expiry);
  if (X509_verify_cert(check) != 1) return 0;
  X509* leaf = X509_STORE_CTX_get0_cert(check);
  if (is_for_clients(leaf) && !raw_key_of(X509_get0_pubkey(leaf)).empty()) return 1;
  X509_STORE_CTX_set_error(check, X509_V_ERR_INVALID_PURPOSE);
  return 0;
}

bool set_protocol(SSL_CTX* context) {
  constexpr unsigned char session_context[] = "tram";
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // An idle connection must not hold 32 KiB of buffers.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(context, static_cast<long>(peer_chain_bytes_max));
  return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_num_tickets(context, 0) == 1 && SSL_CTX_set_max_early_data(context, 0) == 1 &&
         SSL_CTX_set_ciphersuites(context, tls_ciphers) == 1 &&
         SSL_CTX_set1_groups_list(context, tls_groups) == 1 &&
         SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1) == 1;
}

bool use_chain(SSL_CTX* context, const std::string& pem) {
  const auto chain = from_pem(pem);
  if (!chain) return false;
  const auto leaf = x509_from(chain->front());
  if (leaf == nullptr || SSL_CTX_use_certificate(context, leaf.get()) != 1) return false;
  for (std::size_t i = 1; i < chain->size(); ++i) {
    const auto above = x509_from((*chain)[i]);
    if (above == nullptr || SSL_CTX_add1_chain_cert(context, above.get()) != 1) return false;
  }
  return true;
}

bool ask_for_clients(SSL_CTX* context, const std::string& authority_pem, sync::Instant floor) {
  const auto authorities = from_pem(authority_pem);
  if (!authorities || authorities->size() != 1) return false;
  const auto authority = x509_from(authorities->front());
  if (authority == nullptr ||
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1) {
    return false;
  }
  auto judgement = std::make_unique<Judgement>(Judgement{floor});
  if (SSL_CTX_set_ex_data(context, judgement_index(), judgement.get()) != 1) return false;
  judgement.release();  // NOLINT(bugprone-unused-return-value): the context owns it now
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_verify_depth(context, chain_depth_max);
  SSL_CTX_set_cert_verify_callback(context, verify_client, context);
  return true;
}

}  // namespace

sync::Result<SslContextHandle> make_server_context(const std::string& certificate_chain_pem,
                                                   const host::Secret& private_key_pem,
                                                   const std::string& client_authority_pem,
                                                   sync::Instant time_floor) {
  SslContextHandle context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr || !set_protocol(context.get())) {
    return fail(ErrorCode::failed, "TLS cannot be set up");
  }
  if (!use_chain(context.get(), certificate_chain_pem)) {
    return fail(ErrorCode::malformed, "the server's certificate cannot be used");
  }
  const auto key = KeyPair::from_pem(private_key_pem.text());
  if (!key || SSL_CTX_use_PrivateKey(context.get(), key->handle().key.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::malformed, "the server's key does not fit its certificate");
  }
  if (!client_authority_pem.empty() &&
      !ask_for_clients(context.get(), client_authority_pem, time_floor)) {
    return fail(ErrorCode::malformed, "the clients' authority is not one certificate");
  }
  return context;
}

std::optional<PeerCertificate> peer_of(const SSL* connection, sync::Instant now) {
  const X509* certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr || SSL_get_verify_result(connection) != X509_V_OK) return {};
  const auto key = sync::to_array<32>(raw_key_of(X509_get0_pubkey(certificate)));
  if (!key) return {};
  PeerCertificate peer;
  peer.der = der_of(certificate);
  peer.public_key = *key;
  peer.common_name = common_name_of(X509_get_subject_name(certificate));
  peer.serial = serial_of(certificate);
  peer.verified = true;
  peer.not_after = instant_of(X509_get0_notAfter(certificate));
  peer.expired = peer.not_after < now;
  return peer;
}

std::string refusal_of(const SSL* connection) {
  const long result = SSL_get_verify_result(connection);
  return result == X509_V_OK ? "" : X509_verify_cert_error_string(result);
}

}  // namespace tram::http
