#include "sync/wire/frame.hpp"

#include <zstd.h>

#include <memory>

#include "sync/core/assert.hpp"
#include "sync/core/codec.hpp"
#include "sync/crypto/digest.hpp"
#include "sync/limits.hpp"

namespace tram::sync {

namespace {

constexpr std::uint8_t magic_first = 0x54;   // "T"
constexpr std::uint8_t magic_second = 0x6d;  // "m"
constexpr std::uint8_t version = 1;
constexpr std::size_t check_bytes = 8;

enum class Packing : std::uint8_t { none = 0, zstd = 1 };

using Compressor = std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)>;

Bytes compress(ByteView message, int level) {
  const Compressor context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  TRAM_ASSERT(context != nullptr);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  // Size and checksum stand in our own head.
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 0);
  Bytes out(ZSTD_compressBound(message.size()));
  const std::size_t size =
      ZSTD_compress2(context.get(), out.data(), out.size(), message.data(), message.size());
  TRAM_ASSERT(ZSTD_isError(size) == 0);
  out.resize(size);
  return out;
}

Result<Bytes> decompress(ByteView packed, std::size_t size) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx);
  TRAM_ASSERT(context != nullptr);
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 23);
  Bytes out(size);
  const std::size_t got =
      ZSTD_decompressDCtx(context.get(), out.data(), out.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) != 0 || got != size) {
    return fail(ErrorCode::malformed, "frame: does not unpack to what it says");
  }
  return out;
}

Bytes head_of(FrameKind kind, Packing packing, std::size_t size) {
  Writer head;
  head.u8(magic_first);
  head.u8(magic_second);
  head.u8(version);
  head.u8(static_cast<std::uint8_t>(kind));
  head.u8(static_cast<std::uint8_t>(packing));
  head.varint(0);  // dictionary: none. Room for the id of a shared one.
  head.varint(size);
  return head.take();
}

ByteArray<check_bytes> check_of(ByteView head, ByteView body) {
  const Digest digest = sha256({head, body});
  ByteArray<check_bytes> check{};
  std::copy_n(digest.begin(), check.size(), check.begin());
  return check;
}

}  // namespace

Bytes pack_frame(FrameKind kind, ByteView message, const FrameOptions& options) {
  TRAM_ASSERT(message.size() <= limits::frame_bytes_max);
  Bytes packed = compress(message, options.level);
  Packing packing = Packing::zstd;
  if (packed.size() >= message.size()) {
    packed = to_bytes(message);
    packing = Packing::none;
  }
  const Bytes head = head_of(kind, packing, message.size());
  Writer out;
  out.raw(head);
  out.raw(check_of(head, packed));
  out.raw(packed);
  return out.take();
}

Result<Bytes> unpack_frame(FrameKind kind, ByteView frame) {
  if (frame.size() > limits::frame_packed_bytes_max) {
    return fail(ErrorCode::limit, "frame: larger than a frame may be");
  }
  Reader in(frame);
  const bool known = in.u8() == magic_first && in.u8() == magic_second && in.u8() == version;
  if (!known) return fail(ErrorCode::malformed, "frame: not a frame of a version known here");
  if (in.u8() != static_cast<std::uint8_t>(kind)) in.refuse("another kind of frame");
  const std::uint8_t packing = in.u8();
  if (packing > static_cast<std::uint8_t>(Packing::zstd)) in.refuse("unknown packing");
  if (in.varint() != 0) in.refuse("unknown dictionary");
  const std::uint64_t size = in.varint();
  const ByteView head = frame.first(in.position());
  const auto check = in.array<check_bytes>();
  const ByteView packed = in.raw(in.left());
  if (const Status done = in.finish("frame"); !done) return fail(done.error());
  if (size > limits::frame_bytes_max) {
    return fail(ErrorCode::limit, "frame: unpacks to more than a frame may hold");
  }
  if (check != check_of(head, packed)) {
    return fail(ErrorCode::malformed, "frame: damaged on the way");
  }
  if (packing == static_cast<std::uint8_t>(Packing::zstd)) {
    return decompress(packed, static_cast<std::size_t>(size));
  }
  if (packed.size() != size) return fail(ErrorCode::malformed, "frame: not as long as it says");
  return to_bytes(packed);
}

}  // namespace tram::sync
