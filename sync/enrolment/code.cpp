#include "sync/enrolment/code.hpp"

#include <charconv>
#include <vector>

#include "sync/core/codec.hpp"
#include "sync/limits.hpp"

namespace tram::sync {

namespace {

// Crockford's base 32: no letter that is easily taken for another.
constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t code_characters = 26;
constexpr std::size_t fingerprint_characters = 52;
constexpr std::size_t certificate_bytes_max = 16 * 1024;
constexpr std::size_t label_bytes_max = 200;
constexpr std::size_t host_bytes_max = 255;

std::string to_base32(ByteView bytes) {
  std::string out;
  unsigned buffer = 0;
  unsigned bits = 0;
  for (const std::uint8_t byte : bytes) {
    buffer = (buffer << 8U) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out.push_back(alphabet[(buffer >> bits) & 31U]);
    }
  }
  if (bits != 0) out.push_back(alphabet[(buffer << (5 - bits)) & 31U]);
  return out;
}

// The character as the alphabet has it, or 0.
char canonical(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (c == 'I' || c == 'L') c = '1';
  if (c == 'O') c = '0';
  return alphabet.find(c) == std::string_view::npos ? '\0' : c;
}

Result<Digest> fingerprint_from(std::string_view text) {
  Digest out{};
  std::size_t filled = 0;
  unsigned buffer = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const char letter = canonical(c);
    if (letter == '\0') return fail(ErrorCode::malformed, "enrolment code: not a fingerprint");
    buffer = ((buffer << 5U) | static_cast<unsigned>(alphabet.find(letter))) & 0xfffffU;
    bits += 5;
    if (bits >= 8 && filled < out.size()) {
      bits -= 8;
      out[filled++] = static_cast<std::uint8_t>((buffer >> bits) & 0xffU);
    }
  }
  return out;
}

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, port);
  return error == std::errc() && at == end && port != 0;
}

Digest proof_of(const EnrolmentRequest& request, const Digest& key) {
  Writer out;
  out.string("tram enrolment request");
  out.raw(request.code_id);
  out.bytes(request.certificate_request);
  out.string(request.label);
  return hmac_sha256(key, {out.view()});
}

void write_body(Writer& out, const EnrolmentReply& reply) {
  out.string(reply.unit);
  out.string(reply.unit_name);
  out.string(reply.province);
  out.bytes(reply.certificate);
  out.bytes(reply.authority);
  out.raw(reply.hub_key);
  out.raw(reply.recovery_key);
}

Digest proof_of(const EnrolmentReply& reply, const EnrolmentRequest& to, const Digest& key) {
  Writer out;
  out.string("tram enrolment reply");
  out.raw(to.proof);
  write_body(out, reply);
  return hmac_sha256(key, {out.view()});
}

}  // namespace

bool is_hub_address(std::string_view text) {
  constexpr std::string_view in_name =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
  constexpr std::string_view in_brackets = "0123456789abcdefABCDEF:.";
  if (text.size() > host_bytes_max) return false;
  std::string_view name = text.substr(0, text.find(':'));
  bool named = all_of(name, in_name);
  if (text.substr(0, 1) == "[") {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    name = text.substr(0, end + 1);
    named = all_of(name.substr(1, end - 1), in_brackets);
  }
  const std::string_view rest = text.substr(name.size());
  return named && (rest.empty() || (rest.front() == ':' && is_port(rest.substr(1))));
}

EnrolmentCode EnrolmentCode::draw(Random& random) {
  ByteArray<16> bits{};
  random.fill(bits);
  return EnrolmentCode(to_base32(bits));
}

Result<EnrolmentCode> EnrolmentCode::parse(std::string_view text) {
  std::string code;
  for (const char c : text) {
    if (c == '-' || c == ' ') continue;
    const char letter = canonical(c);
    if (letter == '\0') return fail(ErrorCode::malformed, "enrolment code: a wrong character");
    code.push_back(letter);
  }
  if (code.size() != code_characters) {
    return fail(ErrorCode::malformed, "enrolment code: not 26 characters");
  }
  return EnrolmentCode(std::move(code));
}

ByteArray<16> EnrolmentCode::id() const {
  const Digest digest = sha256_of("tram code id", {as_bytes(text_)});
  ByteArray<16> id{};
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

Digest EnrolmentCode::key() const {
  return sha256_of("tram code key", {as_bytes(text_)});
}

std::string EnrolmentTicket::text() const {
  return fingerprint ? host + "/" + to_base32(*fingerprint) + "/" + code.text() : typed();
}

std::string EnrolmentTicket::typed() const {
  return host + "/" + code.text();
}

Result<EnrolmentTicket> EnrolmentTicket::parse(std::string_view text) {
  constexpr std::string_view scheme = "https://";
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  if (text.substr(0, scheme.size()) == scheme) text.remove_prefix(scheme.size());
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t slash = text.find('/');
    parts.push_back(text.substr(0, slash));
    if (slash == std::string_view::npos) break;
    text.remove_prefix(slash + 1);
  }
  const bool shape = (parts.size() == 2 || parts.size() == 3) && is_hub_address(parts.front());
  if (!shape) return fail(ErrorCode::malformed, "enrolment code: not host/code");
  Result<EnrolmentCode> code = EnrolmentCode::parse(parts.back());
  if (!code) return fail(code.error());
  EnrolmentTicket ticket{std::string(parts.front()), std::nullopt, std::move(*code)};
  if (parts.size() == 3) {
    if (parts[1].size() != fingerprint_characters) {
      return fail(ErrorCode::malformed, "enrolment code: not a fingerprint");
    }
    const Result<Digest> fingerprint = fingerprint_from(parts[1]);
    if (!fingerprint) return fail(fingerprint.error());
    ticket.fingerprint = *fingerprint;
  }
  return ticket;
}

Bytes encode_enrolment(const EnrolmentRequest& request, const Digest& key) {
  Writer out;
  out.raw(request.code_id);
  out.bytes(request.certificate_request);
  out.string(request.label);
  out.raw(proof_of(request, key));
  return out.take();
}

Result<EnrolmentRequest> decode_enrolment_request(ByteView bytes) {
  Reader in(bytes);
  EnrolmentRequest request;
  request.code_id = in.array<16>();
  request.certificate_request = to_bytes(in.bytes(certificate_bytes_max));
  request.label = in.string(label_bytes_max);
  request.proof = in.array<32>();
  if (const Status done = in.finish("enrolment request"); !done) return fail(done.error());
  return request;
}

bool is_proved(const EnrolmentRequest& request, const Digest& key) {
  return equal_secret(request.proof, proof_of(request, key));
}

Bytes encode_enrolment(const EnrolmentReply& reply, const EnrolmentRequest& to, const Digest& key) {
  Writer out;
  write_body(out, reply);
  out.raw(proof_of(reply, to, key));
  return out.take();
}

Result<EnrolmentReply> decode_enrolment_reply(ByteView bytes, const EnrolmentRequest& to,
                                              const Digest& key) {
  Reader in(bytes);
  EnrolmentReply reply;
  reply.unit = in.string(limits::unit_bytes_max);
  reply.unit_name = in.string(label_bytes_max);
  reply.province = in.string(limits::unit_bytes_max);
  reply.certificate = to_bytes(in.bytes(certificate_bytes_max));
  reply.authority = to_bytes(in.bytes(certificate_bytes_max));
  reply.hub_key = in.array<32>();
  reply.recovery_key = in.array<32>();
  reply.proof = in.array<32>();
  if (const Status done = in.finish("enrolment reply"); !done) return fail(done.error());
  if (!equal_secret(reply.proof, proof_of(reply, to, key))) {
    return fail(ErrorCode::unverified, "the answer is not from the hub that made this code");
  }
  return reply;
}

}  // namespace tram::sync
