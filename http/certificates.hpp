#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/secret.hpp"
#include "sync/core/bytes.hpp"
#include "sync/core/ports.hpp"
#include "sync/core/result.hpp"

/// The X.509 that Tram needs, and no more: one self-signed authority a province, certificates that
/// it issues directly to servers and devices, and requests that prove a key.
///
/// Time and chance are passed in: the caller says `now`, serial numbers are from the OpenSSL
/// generator. Functions are stateless and may be called from any thread. Errors: `malformed` for
/// bytes that are not what they should be, `unverified` for a signature that does not fit, `failed`
/// if OpenSSL cannot.
namespace tram::http {

enum class KeyKind {
  ed25519,  ///< everything between our own programs
  p256,     ///< pages for browsers, which know no Ed25519 certificates
};

/// A private key with its public half. Movable, not copyable; OpenSSL's own memory is overwritten
/// when it goes. Const methods from any thread.
class KeyPair {
 public:
  [[nodiscard]] static sync::Result<KeyPair> generate(KeyKind kind = KeyKind::ed25519);
  /// Ed25519 from its 32-byte seed, the form in which sync/crypto keeps it.
  [[nodiscard]] static sync::Result<KeyPair> from_seed(sync::ByteView seed);
  [[nodiscard]] static sync::Result<KeyPair> from_pem(std::string_view pkcs8_pem);

  KeyPair(KeyPair&&) noexcept;
  KeyPair& operator=(KeyPair&&) noexcept;
  ~KeyPair();

  [[nodiscard]] KeyKind kind() const;
  /// Unencrypted PKCS#8: only into a KeyVault or a TLS library.
  [[nodiscard]] sync::Result<host::Secret> to_pem() const;
  /// Ed25519 only (`usage` otherwise).
  [[nodiscard]] sync::Result<host::Secret> seed() const;
  [[nodiscard]] sync::Result<sync::ByteArray<32>> public_key() const;

  /// OpenSSL's EVP_PKEY, for this folder's sources only; lives as long as the pair.
  struct Handle;
  [[nodiscard]] const Handle& handle() const { return *handle_; }

 private:
  explicit KeyPair(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

/// What a certificate says, parsed; says nothing about who signed it.
struct CertificateInfo {
  sync::Bytes der;
  std::string common_name;
  std::string serial;  ///< lower-case hex
  std::vector<std::string> uris;
  std::vector<std::string> hosts;  ///< DNS names and IP addresses, as text
  sync::Bytes public_key;          ///< raw 32 bytes if Ed25519, else empty
  bool authority = false;          ///< CA:TRUE
  bool self_signed = false;        ///< subject is issuer, and the signature fits
  sync::Instant not_before;
  sync::Instant not_after;
};

/// A self-signed authority: CN = name, CA:TRUE, path length 0, signs certificates only. Returns
/// DER.
[[nodiscard]] sync::Result<sync::Bytes> make_authority(const KeyPair& key, std::string_view name,
                                                       sync::Instant now, int years);

/// Who signs: its certificate (DER) and key, both outliving the call.
struct Issuer {
  sync::ByteView certificate;
  const KeyPair& key;
};

/// A server's certificate for the key: every host that is a numeric IP becomes an IP name, every
/// other a DNS name; localhost, 127.0.0.1 and ::1 are added. Usage serverAuth, starts an hour
/// before `now` (clocks differ), ends `days` after it, but never after the authority. Returns DER.
[[nodiscard]] sync::Result<sync::Bytes> issue_server(const Issuer& issuer,
                                                     const KeyPair& server_key,
                                                     const std::vector<std::string>& hosts,
                                                     sync::Instant now, int days);

/// A device's certificate: CN = device id in hex, URI tram:device:<hex>, usage clientAuth, random
/// 127-bit serial, dates as above (180 days are usual; negative days make an expired one, for
/// tests). Whether the key was proved (check_request) and the device may have it is the caller's
/// business.
[[nodiscard]] sync::Result<sync::Bytes> issue_client(const Issuer& issuer,
                                                     const sync::ByteArray<32>& public_key,
                                                     std::string_view device_hex, sync::Instant now,
                                                     int days);

/// A PKCS#10 request (DER) with the key's own signature; CN = device id in hex.
[[nodiscard]] sync::Result<sync::Bytes> make_request(const KeyPair& key,
                                                     std::string_view device_hex);

struct CheckedRequest {
  std::string common_name;
  sync::ByteArray<32> public_key{};
};
/// Checks that whoever made the request holds its key. `unverified` if not; `malformed` for
/// anything but an Ed25519 request of at most 4 KiB. Extensions it asks for are ignored.
[[nodiscard]] sync::Result<CheckedRequest> check_request(sync::ByteView der);

/// At most 16 KiB of DER, nothing after its end.
[[nodiscard]] sync::Result<CertificateInfo> parse_certificate(sync::ByteView der);

/// Whether `certificate` was signed by `authority` (dates and usage not looked at): `unverified` if
/// not.
[[nodiscard]] sync::Status check_issued_by(sync::ByteView certificate, sync::ByteView authority);

/// SHA-256 of the DER, by which people and enrolment codes know an authority.
[[nodiscard]] sync::ByteArray<32> fingerprint(sync::ByteView der);

[[nodiscard]] std::string to_pem(sync::ByteView certificate_der);
/// All certificates in the text, in order; `malformed` if there is none or one is broken.
[[nodiscard]] sync::Result<std::vector<sync::Bytes>> from_pem(std::string_view text);

}  // namespace tram::http
