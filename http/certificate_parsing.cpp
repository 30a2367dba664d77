#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include <array>
#include <chrono>

#include "http/certificates.hpp"
#include "http/limits.hpp"
#include "http/openssl_handles.hpp"

namespace tram::http {
namespace {

using sync::ErrorCode;
using sync::fail;

constexpr std::size_t request_bytes_max = std::size_t{4} * 1024;

std::string text_of(const ASN1_STRING* string) {
  return std::string(sync::as_text(
      {ASN1_STRING_get0_data(string), static_cast<std::size_t>(ASN1_STRING_length(string))}));
}

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int size = ASN1_STRING_length(bytes);
  if (size != 4 && size != 16) return "";
  const int family = size == 4 ? AF_INET : AF_INET6;
  return inet_ntop(family, ASN1_STRING_get0_data(bytes), text.data(), text.size()) == nullptr
             ? ""
             : std::string(text.data());
}

void read_names(const X509* certificate, CertificateInfo& info) {
  const std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_URI) info.uris.push_back(text_of(name->d.uniformResourceIdentifier));
    if (name->type == GEN_DNS) info.hosts.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_IPADD) info.hosts.push_back(address_text(name->d.iPAddress));
  }
}

}  // namespace

X509Handle x509_from(sync::ByteView der) {
  if (der.empty() || der.size() > peer_chain_bytes_max) return nullptr;
  const unsigned char* at = der.data();
  X509Handle certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (at != der.data() + der.size()) return nullptr;
  return certificate;
}

sync::Bytes der_of(const X509* certificate) {
  unsigned char* data = nullptr;
  const int size = i2d_X509(certificate, &data);
  if (size <= 0) return {};
  sync::Bytes out(data, data + size);
  OPENSSL_free(data);
  return out;
}

std::string common_name_of(const X509_NAME* name) {
  const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0) return "";
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index));
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, value);
  if (size < 0) return "";
  std::string out(sync::as_text({utf8, static_cast<std::size_t>(size)}));
  OPENSSL_free(utf8);
  return out;
}

sync::Instant instant_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  using namespace std::chrono;
  const sys_days day = year(parts.tm_year + 1900) / month(static_cast<unsigned>(parts.tm_mon) + 1) /
                       std::chrono::day(static_cast<unsigned>(parts.tm_mday));
  const auto moment = day + hours(parts.tm_hour) + minutes(parts.tm_min) + seconds(parts.tm_sec);
  return {duration_cast<milliseconds>(moment.time_since_epoch()).count()};
}

sync::Bytes raw_key_of(EVP_PKEY* key) {
  sync::Bytes out(32);
  std::size_t size = out.size();
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(key, out.data(), &size) != 1 || size != out.size()) {
    return {};
  }
  return out;
}

std::string serial_of(const X509* certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  return sync::to_hex(
      {ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial))});
}

sync::Result<CertificateInfo> parse_certificate(sync::ByteView der) {
  const auto certificate = x509_from(der);
  if (certificate == nullptr) return fail(ErrorCode::malformed, "not a certificate");
  CertificateInfo info;
  info.der = sync::to_bytes(der);
  info.common_name = common_name_of(X509_get_subject_name(certificate.get()));
  info.serial = serial_of(certificate.get());
  info.public_key = raw_key_of(X509_get0_pubkey(certificate.get()));
  info.authority = X509_check_ca(certificate.get()) == 1;
  info.self_signed = X509_self_signed(certificate.get(), 1) == 1;
  info.not_before = instant_of(X509_get0_notBefore(certificate.get()));
  info.not_after = instant_of(X509_get0_notAfter(certificate.get()));
  read_names(certificate.get(), info);
  return info;
}

sync::Status check_issued_by(sync::ByteView certificate, sync::ByteView authority) {
  const auto leaf = x509_from(certificate);
  const auto issuer = x509_from(authority);
  if (leaf == nullptr || issuer == nullptr) {
    return fail(ErrorCode::malformed, "not a certificate");
  }
  if (X509_check_issued(issuer.get(), leaf.get()) != X509_V_OK ||
      X509_verify(leaf.get(), X509_get0_pubkey(issuer.get())) != 1) {
    return fail(ErrorCode::unverified, "the certificate is not from this authority");
  }
  return {};
}

sync::Result<CheckedRequest> check_request(sync::ByteView der) {
  const auto malformed = fail(ErrorCode::malformed, "not a certificate request that we take");
  if (der.empty() || der.size() > request_bytes_max) return malformed;
  const unsigned char* at = der.data();
  const RequestHandle request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
  if (request == nullptr || at != der.data() + der.size()) return malformed;
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  const auto raw = raw_key_of(key);
  if (raw.empty()) return malformed;
  if (X509_REQ_verify(request.get(), key) != 1) {
    return fail(ErrorCode::unverified, "the request does not prove that its key is held");
  }
  const auto public_key = sync::to_array<32>(raw);
  if (!public_key) return fail(public_key.error());
  return CheckedRequest{common_name_of(X509_REQ_get_subject_name(request.get())), *public_key};
}

sync::ByteArray<32> fingerprint(sync::ByteView der) {
  sync::ByteArray<32> out{};
  SHA256(der.data(), der.size(), out.data());
  return out;
}

std::string to_pem(sync::ByteView certificate_der) {
  const auto certificate = x509_from(certificate_der);
  const BioHandle bio(BIO_new(BIO_s_mem()));
  if (certificate == nullptr || bio == nullptr ||
      PEM_write_bio_X509(bio.get(), certificate.get()) != 1) {
    return "";
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

sync::Result<std::vector<sync::Bytes>> from_pem(std::string_view text) {
  constexpr std::size_t text_bytes_max = 4 * peer_chain_bytes_max;
  if (text.size() > text_bytes_max) return fail(ErrorCode::limit, "too many certificates");
  const auto bio = bio_over(text);
  std::vector<sync::Bytes> out;
  for (;;) {
    const X509Handle certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (certificate == nullptr) break;
    out.push_back(der_of(certificate.get()));
  }
  // The end of the text looks like "no start line"; anything else is a broken certificate.
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (out.empty() || !ended) return fail(ErrorCode::malformed, "not certificates in PEM");
  return out;
}

}  // namespace tram::http
