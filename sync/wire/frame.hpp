#pragma once

#include <cstdint>

#include "sync/core/bytes.hpp"
#include "sync/core/result.hpp"

/// A frame: one message, compressed, self-describing, bounded before and after decompression. Any
/// byte changed or missing is an error, never another message. Grammar: schema/wire.md, "Frames".
namespace tram::sync {

enum class FrameKind : std::uint8_t { request = 1, reply = 2 };

struct FrameOptions {
  /// zstd's level. The thin uplink is worth the work, a hub's many downlinks less.
  int level = 19;
};

[[nodiscard]] Bytes pack_frame(FrameKind kind, ByteView message, const FrameOptions& options = {});

/// The message in a frame. `malformed` for bytes that are no frame of this kind, `limit` for one
/// that is larger than limits::frame_bytes_max or unpacks to more than it says.
[[nodiscard]] Result<Bytes> unpack_frame(FrameKind kind, ByteView frame);

}  // namespace tram::sync
