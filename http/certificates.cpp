#include "http/certificates.hpp"

#include <openssl/bn.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "http/openssl_handles.hpp"

namespace tram::http {
namespace {

using sync::Bytes;
using sync::ErrorCode;
using sync::fail;
using sync::Instant;
using sync::Result;

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t day_ms = 24 * hour_ms;
constexpr std::size_t common_name_bytes_max = 64;  // the bound of X.509 itself
constexpr std::size_t device_chars_max = 64;
constexpr std::size_t host_chars_max = 253;

struct Validity {
  Instant from;
  Instant to;
};

/// Starts an hour early, because clocks differ; still starts before it ends if the days are
/// negative.
Validity validity(Instant now, std::int64_t days) {
  const Instant to{now.ms + days * day_ms};
  return {{std::min(now.ms, to.ms) - hour_ms}, to};
}

/// 126 random bits: positive, and no two ever alike.
bool set_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7fU) | 0x01U);
  const std::unique_ptr<BIGNUM, FreeWith<BN_free>> number(
      BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return number != nullptr &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_common_name(X509_NAME* name, std::string_view text) {
  return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                    sync::as_bytes(text).data(), static_cast<int>(text.size()), -1,
                                    0) == 1;
}

bool set_validity(X509* certificate, const Validity& dates) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), dates.from.ms / 1000) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), dates.to.ms / 1000) != nullptr;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  const std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

const EVP_MD* digest_for(const KeyPair& key) {
  // Ed25519 hashes by itself and takes none.
  return key.kind() == KeyKind::ed25519 ? nullptr : EVP_sha256();
}

struct Draft {
  X509Handle certificate;
  bool good = false;
};

Draft draft(EVP_PKEY* public_key, std::string_view common_name, const Validity& dates) {
  Draft out{X509Handle(X509_new()), false};
  X509* certificate = out.certificate.get();
  out.good = certificate != nullptr && X509_set_version(certificate, X509_VERSION_3) == 1 &&
             set_serial(certificate) && set_validity(certificate, dates) &&
             set_common_name(X509_get_subject_name(certificate), common_name) &&
             X509_set_pubkey(certificate, public_key) == 1;
  return out;
}

struct Leaf {
  std::string common_name;
  std::string usage;  ///< serverAuth or clientAuth
  std::string alternative_names;
};

Result<Bytes> issue(const Issuer& issuer, EVP_PKEY* public_key, const Leaf& leaf, Validity dates) {
  const auto authority = x509_from(issuer.certificate);
  if (authority == nullptr) return fail(ErrorCode::malformed, "the authority is no certificate");
  EVP_PKEY* key = issuer.key.handle().key.get();
  if (X509_check_private_key(authority.get(), key) != 1) {
    return fail(ErrorCode::usage, "the key is not the authority's");
  }
  dates.to = std::min(dates.to, instant_of(X509_get0_notAfter(authority.get())));
  auto made = draft(public_key, leaf.common_name, dates);
  X509* certificate = made.certificate.get();
  X509* above = authority.get();
  const bool good =
      made.good && X509_set_issuer_name(certificate, X509_get_subject_name(above)) == 1 &&
      add_extension(certificate, above, NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(certificate, above, NID_key_usage, "critical,digitalSignature") &&
      add_extension(certificate, above, NID_ext_key_usage, leaf.usage) &&
      add_extension(certificate, above, NID_authority_key_identifier, "keyid") &&
      add_extension(certificate, above, NID_subject_alt_name, leaf.alternative_names) &&
      X509_sign(certificate, key, digest_for(issuer.key)) > 0;
  if (!good) return fail(ErrorCode::failed, "the certificate cannot be made");
  return der_of(certificate);
}

bool is_address(const std::string& host) {
  const std::unique_ptr<ASN1_OCTET_STRING, FreeWith<ASN1_OCTET_STRING_free>> address(
      a2i_IPADDRESS(host.c_str()));
  return address != nullptr;
}

/// Letters, digits, '-' and '.': nothing that OpenSSL's own syntax for names would read otherwise.
bool is_dns_name(std::string_view host) {
  return !host.empty() && host.size() <= host_chars_max &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.';
         });
}

bool is_hex(std::string_view text) {
  return !text.empty() && text.size() <= device_chars_max &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Result<Bytes> make_authority(const KeyPair& key, std::string_view name, Instant now, int years) {
  if (name.empty() || name.size() > common_name_bytes_max || years < 1) {
    return fail(ErrorCode::usage, "an authority needs a name of at most 64 bytes and some years");
  }
  const std::int64_t days = std::int64_t{years} * 365 + years / 4;
  auto made = draft(key.handle().key.get(), name, validity(now, days));
  X509* certificate = made.certificate.get();
  const bool good =
      made.good && X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
      add_extension(certificate, certificate, NID_basic_constraints,
                    "critical,CA:TRUE,pathlen:0") &&
      add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign") &&
      add_extension(certificate, certificate, NID_subject_key_identifier, "hash") &&
      X509_sign(certificate, key.handle().key.get(), digest_for(key)) > 0;
  if (!good) return fail(ErrorCode::failed, "the authority cannot be made");
  return der_of(certificate);
}

Result<Bytes> issue_server(const Issuer& issuer, const KeyPair& server_key,
                           const std::vector<std::string>& hosts, Instant now, int days) {
  std::vector<std::string> all = hosts;
  for (const char* own : {"localhost", "127.0.0.1", "::1"}) {
    if (std::find(all.begin(), all.end(), own) == all.end()) all.emplace_back(own);
  }
  std::string names;
  for (const std::string& host : all) {
    if (!names.empty()) names += ',';
    if (is_address(host)) {
      names += "IP:" + host;
    } else if (is_dns_name(host)) {
      names += "DNS:" + host;
    } else {
      return fail(ErrorCode::usage, "not a host name or address: " + host);
    }
  }
  // Names longer than CN allows are fine: only the alternative names count.
  const Leaf leaf{all.front().substr(0, common_name_bytes_max), "serverAuth", names};
  return issue(issuer, server_key.handle().key.get(), leaf, validity(now, days));
}

Result<Bytes> issue_client(const Issuer& issuer, const sync::ByteArray<32>& public_key,
                           std::string_view device_hex, Instant now, int days) {
  if (!is_hex(device_hex)) return fail(ErrorCode::usage, "a device id is lower-case hex");
  const KeyHandle key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(), public_key.size()));
  if (key == nullptr) return fail(ErrorCode::malformed, "not a public key");
  const std::string device(device_hex);
  const Leaf leaf{device, "clientAuth", "URI:tram:device:" + device};
  return issue(issuer, key.get(), leaf, validity(now, days));
}

Result<Bytes> make_request(const KeyPair& key, std::string_view device_hex) {
  if (!is_hex(device_hex)) return fail(ErrorCode::usage, "a device id is lower-case hex");
  EVP_PKEY* own = key.handle().key.get();
  const RequestHandle request(X509_REQ_new());
  unsigned char* data = nullptr;
  int size = 0;
  if (request != nullptr && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
      set_common_name(X509_REQ_get_subject_name(request.get()), device_hex) &&
      X509_REQ_set_pubkey(request.get(), own) == 1 &&
      X509_REQ_sign(request.get(), own, digest_for(key)) > 0) {
    size = i2d_X509_REQ(request.get(), &data);
  }
  if (size <= 0) return fail(ErrorCode::failed, "the request cannot be made");
  Bytes out(data, data + size);
  OPENSSL_free(data);
  return out;
}

}  // namespace tram::http
