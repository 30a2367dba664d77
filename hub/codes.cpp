#include "hub/codes.hpp"

#include "sync/core/codec.hpp"
#include "sync/limits.hpp"

namespace tram::hub {

using sync::ErrorCode;
using sync::fail;

namespace {

std::string row_key(const sync::ByteArray<16>& id) {
  return "code." + sync::to_hex(id);
}

constexpr std::size_t device_bytes_max = 64;

}  // namespace

sync::Status save_code(store::WriteUnit& unit, const sync::ByteArray<16>& id, const CodeRow& row) {
  sync::Writer out;
  out.raw(row.key);
  out.string(row.unit);
  out.zigzag(row.expires.ms);
  out.zigzag(row.slot_size);
  out.string(row.used_by);
  return unit.set_meta(row_key(id), out.view());
}

sync::Result<CodeRow> find_code(const store::ReadUnit& unit, const sync::ByteArray<16>& id) {
  const std::optional<sync::Bytes> bytes = unit.meta(row_key(id));
  if (const sync::Status read = unit.status(); !read) return fail(read.error());
  if (!bytes) return fail(ErrorCode::not_found, "this hub never gave out such a code");
  sync::Reader in(*bytes);
  CodeRow row;
  row.key = in.array<32>();
  row.unit = in.string(sync::limits::unit_bytes_max);
  row.expires.ms = in.zigzag();
  row.slot_size = in.zigzag();
  row.used_by = in.string(device_bytes_max);
  if (const sync::Status done = in.finish("code"); !done) return fail(done.error());
  return row;
}

}  // namespace tram::hub
