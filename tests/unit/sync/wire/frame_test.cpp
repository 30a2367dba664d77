// That a frame is bounded before and after it is unpacked, and says by itself what it is.
// Frames are built by hand around zstd, with a check that fits, so that only the rule in question
// can refuse them.
#include <zstd.h>
#include <catch2/catch.hpp>

#include "sync/core/codec.hpp"
#include "sync/crypto/digest.hpp"
#include "sync/limits.hpp"
#include "sync/wire/frame.hpp"
#include "tests/unit/sync/helpers.hpp"
#include "tests/unit/sync/wire/vectors.hpp"

namespace tram::sync::test {

namespace {

struct Head {
  std::string_view magic = "Tm";
  std::uint8_t version = 1;
  std::uint8_t kind = 1;
  std::uint8_t packing = 1;
  std::uint64_t dictionary = 0;
  std::uint64_t size = 0;
};

Bytes frame_of(const Head& head, const Bytes& packed) {
  Writer out;
  out.raw(as_bytes(head.magic));
  out.u8(head.version);
  out.u8(head.kind);
  out.u8(head.packing);
  out.varint(head.dictionary);
  out.varint(head.size);
  const Digest check = sha256({out.view(), packed});
  out.raw(std::span(check).first(8));
  out.raw(packed);
  return out.take();
}

Bytes zstd_of(const Bytes& message) {
  Bytes out(ZSTD_compressBound(message.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), message.data(), message.size(), 1));
  return out;
}

ErrorCode refusal(const Bytes& frame) {
  const Result<Bytes> message = unpack_frame(FrameKind::request, frame);
  REQUIRE_FALSE(message);
  return message.error().code;
}

}  // namespace

TEST_CASE("Frames have their golden bytes", "[wire][frame]") {
  const Bytes small = hex("010203");
  const Bytes zeros(1000, 0);
  // How zstd packs is its own affair, and may change; what it packed once is read for ever.
  const Bytes packed = vector_of("wire_frames.txt", "packed");
  check_vectors("wire_frames.txt",
                {{"plain", "the request 010203", pack_frame(FrameKind::request, small)},
                 {"packed", "a reply of 1000 zero bytes, as zstd 1.5 packs it", packed}});
  CHECK(*unpack_frame(FrameKind::reply, packed) == zeros);
  CHECK(*unpack_frame(FrameKind::reply, pack_frame(FrameKind::reply, zeros)) == zeros);
}

TEST_CASE("Frames of every size come back", "[wire][frame]") {
  Bytes message;
  for (std::size_t size = 0; size < 70'000; size = size * 3 / 2 + 1) {
    while (message.size() < size) {
      message.push_back(static_cast<std::uint8_t>(message.size() * message.size() >> 3U));
    }
    for (const int level : {1, 19}) {
      const Bytes frame = pack_frame(FrameKind::request, message, {level});
      CHECK(*unpack_frame(FrameKind::request, frame) == message);
      CHECK(frame.size() <= message.size() + 20);
    }
  }
}

TEST_CASE("What a frame says of itself must be known here", "[wire][frame]") {
  const Bytes message(500, 9);
  const Bytes packed = zstd_of(message);
  REQUIRE(unpack_frame(FrameKind::request, frame_of({.size = 500}, packed)));
  CHECK(refusal(frame_of({.magic = "Tn", .size = 500}, packed)) == ErrorCode::malformed);
  CHECK(refusal(frame_of({.version = 2, .size = 500}, packed)) == ErrorCode::malformed);
  CHECK(refusal(frame_of({.kind = 2, .size = 500}, packed)) == ErrorCode::malformed);
  CHECK(refusal(frame_of({.packing = 2, .size = 500}, packed)) == ErrorCode::malformed);
  CHECK(refusal(frame_of({.dictionary = 1, .size = 500}, packed)) == ErrorCode::malformed);
  CHECK(refusal(frame_of({.packing = 0, .size = 500}, packed)) == ErrorCode::malformed);
  CHECK(unpack_frame(FrameKind::request, frame_of({.packing = 0, .size = 500}, message)));
}

TEST_CASE("A bomb is refused by what it says, or by what it does", "[wire][frame]") {
  const std::size_t max = limits::frame_bytes_max;
  const Bytes largest = zstd_of(Bytes(max, 0));
  CHECK(unpack_frame(FrameKind::request, frame_of({.size = max}, largest)));
  CHECK(refusal(frame_of({.size = max + 1}, zstd_of(Bytes(max + 1, 0)))) == ErrorCode::limit);
  CHECK(refusal(frame_of({.size = UINT64_MAX}, largest)) == ErrorCode::limit);
  CHECK(refusal(frame_of({.size = max - 1}, largest)) == ErrorCode::malformed);
  CHECK(refusal(frame_of({.size = 100}, zstd_of(Bytes(std::size_t{1} << 27U, 0)))) ==
        ErrorCode::malformed);
  CHECK(refusal(frame_of({.size = 101}, zstd_of(Bytes(100, 0)))) == ErrorCode::malformed);
  CHECK(refusal(Bytes(limits::frame_packed_bytes_max + 1, 0)) == ErrorCode::limit);
}

}  // namespace tram::sync::test
