// Goal: codes survive being typed and read out, and only who knows the code can ask and answer.
// Method: tables of spellings, and every byte of request and reply changed once.
#include "sync/enrolment/code.hpp"

#include <catch2/catch.hpp>

using namespace tram;
using namespace tram::sync;

namespace {

class CountingRandom final : public Random {
 public:
  explicit CountingRandom(std::uint8_t first) : next_(first) {}
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_;
};

EnrolmentCode a_code(std::uint8_t seed = 7) {
  CountingRandom random(seed);
  return EnrolmentCode::draw(random);
}

EnrolmentRequest a_request(const EnrolmentCode& code) {
  EnrolmentRequest request;
  request.code_id = code.id();
  request.certificate_request = {0x30, 0x03, 0x02, 0x01, 0x00};
  request.label = "Máy quầy số 2";
  return decode_enrolment_request(encode_enrolment(request, code.key())).value();
}

EnrolmentReply a_reply() {
  EnrolmentReply reply;
  reply.unit = "24829";
  reply.unit_name = "Phường B'Lao";
  reply.province = "68";
  reply.certificate = {1, 2, 3};
  reply.authority = {4, 5, 6, 7};
  reply.hub_key.fill(8);
  reply.recovery_key.fill(9);
  return reply;
}

bool is_ticket(std::string_view text) {
  const Result<EnrolmentTicket> ticket = EnrolmentTicket::parse(text);
  if (!ticket) CHECK(ticket.error().code == ErrorCode::malformed);
  return ticket.has_value();
}

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const std::string some_code = "0123456789ABCDEFGHJKMNPQRS";

}  // namespace

TEST_CASE("a drawn code has 26 characters of the alphabet and comes back from its text") {
  std::string seen;
  for (int seed = 0; seed < 256; ++seed) {
    const EnrolmentCode code = a_code(static_cast<std::uint8_t>(seed));
    REQUIRE(code.text().size() == 26);
    REQUIRE(code.text().find_first_not_of(alphabet) == std::string::npos);
    const Result<EnrolmentCode> parsed = EnrolmentCode::parse(code.text());
    REQUIRE(parsed);
    CHECK(parsed->text() == code.text());
    CHECK(parsed->id() == code.id());
    CHECK(parsed->key() == code.key());
    seen += code.text();
  }
  for (const char letter : alphabet) CHECK(seen.find(letter) != std::string::npos);
}

TEST_CASE("how somebody types a code does not matter") {
  const EnrolmentCode code = EnrolmentCode::parse(some_code).value();
  for (const char* typed :
       {"0123456789abcdefghjkmnpqrs", "01234-56789-ABCDE-FGHJK-MNPQRS",
        "O123456789ABCDEFGHJKMNPQRS", "oI23456789ABCDEFGHJKMNPQRS", "0l23456789ABCDEFGHJKMNPQRS",
        "0i23456789ABCDEFGHJKMNPQRS", " 0123 4567 89AB CDEF GHJK MNPQ RS ",
        "-0L2-3456789ABCDEFGHJKMNPQRS-"}) {
    CAPTURE(typed);
    const Result<EnrolmentCode> parsed = EnrolmentCode::parse(typed);
    REQUIRE(parsed);
    CHECK(parsed->text() == some_code);
    CHECK(parsed->key() == code.key());
  }
}

TEST_CASE("every wrong length and every wrong character is refused") {
  for (std::size_t size = 0; size < 60; ++size) {
    CAPTURE(size);
    const Result<EnrolmentCode> code = EnrolmentCode::parse(std::string(size, 'A'));
    CHECK(code.has_value() == (size == 26));
    if (!code) CHECK(code.error().code == ErrorCode::malformed);
  }
  const std::string allowed = std::string(alphabet) + "abcdefghjkmnpqrstvwxyzIiLlOo";
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    if (c == '-' || c == ' ') continue;
    CAPTURE(value);
    std::string text = some_code;
    text[13] = c;
    CHECK(EnrolmentCode::parse(text).has_value() == (allowed.find(c) != std::string::npos));
  }
}

TEST_CASE("another code has another id and another key, and neither is the other") {
  const EnrolmentCode code = a_code(1);
  const EnrolmentCode other = a_code(2);
  CHECK(code.id() != other.id());
  CHECK(code.key() != other.key());
  CHECK(to_hex(code.key()).substr(0, 32) != to_hex(code.id()));
}

TEST_CASE("a ticket comes back from both of its forms") {
  EnrolmentTicket ticket{"hub.example.vn:7443", Digest{}, EnrolmentCode::parse(some_code).value()};
  for (std::size_t i = 0; i < 32; ++i) (*ticket.fingerprint)[i] = static_cast<std::uint8_t>(i * 37);
  for (const std::string& text :
       {ticket.text(), "https://" + ticket.text(), ticket.text() + "\n", ticket.text() + " \r\n"}) {
    const Result<EnrolmentTicket> parsed = EnrolmentTicket::parse(text);
    REQUIRE(parsed);
    CHECK(parsed->host == ticket.host);
    CHECK(parsed->fingerprint == ticket.fingerprint);
    CHECK(parsed->code.text() == some_code);
    CHECK(parsed->base_url() == "https://hub.example.vn:7443");
  }
  const Result<EnrolmentTicket> typed = EnrolmentTicket::parse(ticket.typed());
  REQUIRE(typed);
  CHECK_FALSE(typed->fingerprint);
  CHECK(typed->text() == ticket.typed());
  CHECK(ticket.typed() == "hub.example.vn:7443/" + some_code);
}

TEST_CASE("hosts may be names and addresses") {
  for (const char* host : {"hub.example.vn", "localhost:7443", "203.0.113.7:443", "[::1]:7443",
                           "[2001:db8::7]", "hub-2.lamdong.gov.vn:1"}) {
    CAPTURE(host);
    const Result<EnrolmentTicket> ticket =
        EnrolmentTicket::parse(std::string("https://") + host + "/" + some_code);
    REQUIRE(ticket);
    CHECK(ticket->host == host);
  }
}

TEST_CASE("hostile hosts are refused") {
  for (const char* host : {"",
                           " ",
                           "user@hub.example.vn",
                           "hub.example.vn?x",
                           "hub.example.vn#x",
                           "hub\\x",
                           "hub\"x",
                           "hub'x",
                           "hub\tx",
                           "hub\nx",
                           "hub\rx",
                           "hub\x01x",
                           "hub\x7fx",
                           "hub%2fx",
                           "hub;x",
                           "hub,x",
                           "hub:",
                           ":7443",
                           "hub:0",
                           "hub:65536",
                           "hub:70a",
                           "hub:-1",
                           "hub:123456",
                           "::1",
                           "[::1",
                           "[]:7443",
                           "[::1]7443",
                           "[::1]:",
                           "hub]",
                           "http://hub",
                           "h\xe1\xbb\x99i",
                           "a:b:7443"}) {
    CAPTURE(host);
    CHECK_FALSE(is_ticket(std::string(host) + "/" + some_code));
  }
  CHECK_FALSE(is_ticket(std::string(256, 'a') + "/" + some_code));
  CHECK(is_ticket(std::string(255, 'a') + "/" + some_code));
  CHECK_FALSE(is_ticket(std::string("hub\0x", 5) + "/" + some_code));
}

TEST_CASE("other shapes are no tickets") {
  const std::string fingerprint(52, '0');
  CHECK(is_ticket("hub/" + fingerprint + "/" + some_code));
  for (const std::string& text :
       {std::string(), std::string("hub"), some_code, "hub/" + some_code + "/", "hub//" + some_code,
        "hub/" + fingerprint + "0/" + some_code, "hub/" + fingerprint.substr(1) + "/" + some_code,
        "hub/" + fingerprint, "hub/" + std::string(52, '!') + "/" + some_code,
        "hub/x/" + fingerprint + "/" + some_code, "http://hub/" + some_code,
        "hub/" + some_code.substr(1)}) {
    CAPTURE(text);
    CHECK_FALSE(is_ticket(text));
  }
}

TEST_CASE("a request is proved by its code, whole, and by nothing else") {
  const EnrolmentCode code = a_code();
  const EnrolmentRequest request = a_request(code);
  CHECK(is_proved(request, code.key()));
  CHECK_FALSE(is_proved(request, a_code(9).key()));

  const Bytes bytes = encode_enrolment(request, code.key());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const unsigned flip : {0x01U, 0x80U}) {
      CAPTURE(at, flip);
      Bytes changed = bytes;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ flip);
      const Result<EnrolmentRequest> read = decode_enrolment_request(changed);
      if (read) CHECK_FALSE((read->code_id == request.code_id && is_proved(*read, code.key())));
    }
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    CHECK(decode_enrolment_request(cut).error().code == ErrorCode::malformed);
  }
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK_FALSE(decode_enrolment_request(longer));
}

TEST_CASE("a reply is proved by its code and for its request, whole") {
  const EnrolmentCode code = a_code();
  const EnrolmentRequest request = a_request(code);
  const Bytes bytes = encode_enrolment(a_reply(), request, code.key());
  const Result<EnrolmentReply> reply = decode_enrolment_reply(bytes, request, code.key());
  REQUIRE(reply);
  CHECK(reply->unit_name == "Phường B'Lao");
  CHECK(reply->hub_key == a_reply().hub_key);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    CAPTURE(at);
    Bytes changed = bytes;
    changed[at] ^= 0x01;
    CHECK_FALSE(decode_enrolment_reply(changed, request, code.key()));
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    CHECK(decode_enrolment_reply(cut, request, code.key()).error().code == ErrorCode::malformed);
  }
  CHECK(decode_enrolment_reply(bytes, request, a_code(9).key()).error().code ==
        ErrorCode::unverified);
}

TEST_CASE("a reply to another request is refused") {
  const EnrolmentCode code = a_code();
  const EnrolmentRequest request = a_request(code);
  EnrolmentRequest another = request;
  another.certificate_request.push_back(1);
  another = decode_enrolment_request(encode_enrolment(another, code.key())).value();
  const Bytes bytes = encode_enrolment(a_reply(), another, code.key());
  CHECK(decode_enrolment_reply(bytes, another, code.key()));
  CHECK(decode_enrolment_reply(bytes, request, code.key()).error().code == ErrorCode::unverified);
}

TEST_CASE("what does not fit its limits is refused before anything is kept") {
  const EnrolmentCode code = a_code();
  EnrolmentRequest request = a_request(code);
  request.label = std::string(200, 'x');
  CHECK(decode_enrolment_request(encode_enrolment(request, code.key())));
  request.label += 'x';
  CHECK_FALSE(decode_enrolment_request(encode_enrolment(request, code.key())));
  request.label.clear();
  request.certificate_request.assign(16 * 1024 + 1, 0);
  CHECK_FALSE(decode_enrolment_request(encode_enrolment(request, code.key())));
}
