// What becomes of damaged bytes: an error with a type, or the same thing again; never a crash.
// Every truncation and every single flipped bit of a frame, of messages and of batches.
#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include "sync/wire/frame.hpp"
#include "tests/unit/sync/helpers.hpp"
#include "tests/unit/sync/wire/generated_runs.hpp"
#include "tests/unit/sync/wire/sample_messages.hpp"

namespace tram::sync::test {

namespace {

bool is_about_bytes(const Error& error) {
  return error.code == ErrorCode::malformed || error.code == ErrorCode::limit;
}

/// Calls `check` with every truncation and every single-bit flip of the bytes.
template <class Check>
void damage(const Bytes& bytes, const Check& check) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    check(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)));
  }
  Bytes flipped = bytes;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
    flipped[bit / 8] ^= mask;
    check(flipped);
    flipped[bit / 8] ^= mask;
  }
}

}  // namespace

TEST_CASE("No damaged frame is taken", "[wire][mutation]") {
  Bytes noise(100);
  for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<std::uint8_t>(i * i * 7);
  for (const Bytes& message : {Bytes(3000, 7), noise, Bytes{}, Bytes{1}}) {
    const Bytes frame = pack_frame(FrameKind::reply, message);
    REQUIRE(*unpack_frame(FrameKind::reply, frame) == message);
    damage(frame, [&](const Bytes& damaged) {
      const Result<Bytes> unpacked = unpack_frame(FrameKind::reply, damaged);
      REQUIRE_FALSE(unpacked);
      CHECK(is_about_bytes(unpacked.error()));
    });
  }
}

TEST_CASE("A damaged message is refused, or is canonical as it stands", "[wire][mutation]") {
  const auto check = [](const auto& message, const auto& decode) {
    const Bytes bytes = encode_message(message);
    REQUIRE(*decode(bytes) == message);
    damage(bytes, [&](const Bytes& damaged) {
      const auto decoded = decode(damaged);
      if (decoded) {
        CHECK(encode_message(*decoded) == damaged);
      } else {
        CHECK(is_about_bytes(decoded.error()));
      }
    });
  };
  check(ExchangeRequest{}, decode_request);
  check(sample_request(), decode_request);
  check(ExchangeReply{}, decode_reply);
  check(sample_reply(), decode_reply);
}

TEST_CASE("A damaged batch is refused, unresolved, or gives entries within limits",
          "[wire][mutation]") {
  CHECK(rc::check("damaged batches", [] {
    const GeneratedBatch batch = *any_batch();
    const Bytes bytes = encode_batch(batch.runs, batch.shared.encoder());
    damage(bytes, [&](const Bytes& damaged) {
      const Result<DecodedBatch> decoded = decode_batch(damaged, batch.shared.decoder());
      if (!decoded) {
        RC_ASSERT(is_about_bytes(decoded.error()));
        return;
      }
      // What was read can be written: nothing that the encoder would assert came through.
      const Bytes again = encode_batch(decoded->runs, batch.shared.encoder());
      const Result<DecodedBatch> twice = decode_batch(again, batch.shared.decoder());
      RC_ASSERT(twice.has_value());
      RC_ASSERT(twice->runs == decoded->runs);
    });
  }));
}

}  // namespace tram::sync::test
