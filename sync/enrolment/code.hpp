#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sync/core/bytes.hpp"
#include "sync/core/ports.hpp"
#include "sync/core/result.hpp"
#include "sync/crypto/digest.hpp"

/// One-time enrolment codes: 128 random bits as 26 characters that can be read out over the phone
/// (no I, L, O, U), good for one computer and for a few hours.
///
/// The hub never keeps a code, only what follows from it by hashing. Both sides prove that they
/// know it by an HMAC, so a typed code is enough to find the true authority even over a line that
/// somebody else controls, and nothing that travels helps to guess it.
namespace tram::sync {

/// The 26 characters. Lower case, spaces and hyphens are taken too; I and L mean 1, O means 0.
class EnrolmentCode {
 public:
  [[nodiscard]] static EnrolmentCode draw(Random& random);
  /// `malformed` for anything that is not 26 characters of the alphabet.
  [[nodiscard]] static Result<EnrolmentCode> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  /// What the hub looks the code up by. Tells nothing about the key.
  [[nodiscard]] ByteArray<16> id() const;
  /// The key of the HMACs; what the hub keeps.
  [[nodiscard]] Digest key() const;

 private:
  explicit EnrolmentCode(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// Whether this is how a hub is reached: a name, an IPv4 address or an IPv6 address in brackets,
/// with or without ":port". Nothing in it means anything else in a URL or a certificate.
[[nodiscard]] bool is_hub_address(std::string_view text);

/// Everything that a node needs to enrol, in one line: `host:port/fingerprint/code`, or, as people
/// type it, `host:port/code`.
struct EnrolmentTicket {
  std::string host;                   ///< name or address, with the port if it is not 443
  std::optional<Digest> fingerprint;  ///< of the authority's certificate
  EnrolmentCode code;

  [[nodiscard]] std::string text() const;
  /// As `text`, without the fingerprint: short enough to be typed.
  [[nodiscard]] std::string typed() const;
  [[nodiscard]] std::string base_url() const { return "https://" + host; }
  /// Takes both forms, with or without "https://" in front. `malformed` otherwise.
  [[nodiscard]] static Result<EnrolmentTicket> parse(std::string_view text);
};

/// "Please enrol the key of this certificate request."
struct EnrolmentRequest {
  ByteArray<16> code_id{};
  Bytes certificate_request;  ///< PKCS#10, DER
  std::string label;          ///< how people call the computer; may be empty
  Digest proof{};             ///< HMAC with the code's key over what stands above
};

struct EnrolmentReply {
  std::string unit;
  std::string unit_name;
  std::string province;
  Bytes certificate;             ///< DER
  Bytes authority;               ///< DER
  ByteArray<32> hub_key{};       ///< Ed25519: signs the heads of feeds
  ByteArray<32> recovery_key{};  ///< X25519: every store key is wrapped to it
  Digest proof{};  ///< HMAC with the code's key over the request and what stands above
};

[[nodiscard]] Bytes encode_enrolment(const EnrolmentRequest& request, const Digest& key);
/// The request is parsed, not yet proved: its key is known only after a look-up by `code_id`.
[[nodiscard]] Result<EnrolmentRequest> decode_enrolment_request(ByteView bytes);
[[nodiscard]] bool is_proved(const EnrolmentRequest& request, const Digest& key);

[[nodiscard]] Bytes encode_enrolment(const EnrolmentReply& reply, const EnrolmentRequest& to,
                                     const Digest& key);
/// `unverified` unless whoever answered knows the code, and answered this request.
[[nodiscard]] Result<EnrolmentReply> decode_enrolment_reply(ByteView bytes,
                                                            const EnrolmentRequest& to,
                                                            const Digest& key);

}  // namespace tram::sync
