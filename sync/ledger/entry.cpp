#include "sync/ledger/entry.hpp"

#include <algorithm>

#include "sync/core/assert.hpp"
#include "sync/core/codec.hpp"
#include "sync/ledger/body_codec.hpp"
#include "sync/limits.hpp"

namespace tram::sync {

namespace {

constexpr std::uint8_t format = 1;

// Flags of the head: bit 0 time trusted, bits 1 and 2 capacity, bit 3 an actor follows.
constexpr std::uint8_t flag_trusted = 1;
constexpr std::uint8_t flag_actor = 8;
constexpr std::uint8_t flags_known = 15;

RecordId id_from(const Digest& digest) {
  RecordId id{};
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

}  // namespace

Bytes encode_entry(const Entry& entry) {
  TRAM_ASSERT(entry.time.ms >= 0);
  TRAM_ASSERT(static_cast<std::uint64_t>(entry.time.ms) <= limits::time_ms_max);
  Writer out;
  out.u8(format);
  out.u8(form_of(entry.body));
  out.raw(entry.place.log);
  out.varint(entry.place.seq);
  out.varint(static_cast<std::uint64_t>(entry.time.ms));
  out.u8(static_cast<std::uint8_t>((entry.time_trusted ? flag_trusted : 0U) |
                                   (static_cast<unsigned>(entry.capacity) << 1U) |
                                   (entry.actor ? flag_actor : 0U)));
  if (entry.actor) out.raw(*entry.actor);
  write_body(out, entry.body);
  return out.take();
}

Result<Entry> decode_entry(ByteView bytes) {
  if (bytes.size() > limits::entry_bytes_max) {
    return fail(ErrorCode::limit, "entry: larger than an entry may be");
  }
  Reader in(bytes);
  Entry entry;
  if (in.u8() != format) in.refuse("unknown format");
  const std::uint8_t form = in.u8();
  entry.place.log = in.array<16>();
  entry.place.seq = in.varint();
  entry.time.ms = static_cast<std::int64_t>(in.varint(limits::time_ms_max));
  const std::uint8_t flags = in.u8();
  const std::uint8_t capacity = (flags >> 1U) & 3U;
  if ((flags & ~flags_known) != 0 || capacity > 2) in.refuse("unknown flags");
  entry.time_trusted = (flags & flag_trusted) != 0;
  entry.capacity = static_cast<Capacity>(capacity);
  if ((flags & flag_actor) != 0) entry.actor = in.array<16>();
  entry.body = read_body(in, form);
  if (const Status done = in.finish("entry"); !done) return fail(done.error());
  return entry;
}

Name name_of(ByteView entry_bytes) {
  return sha256(entry_bytes);
}

std::optional<RecordRef> record_of(const Entry& entry, const Name& name) {
  if (const auto* edit = std::get_if<Edit>(&entry.body)) {
    if (edit->target == Edit::Target::self) return RecordRef{edit->kind, id_from(name)};
    return RecordRef{edit->kind, edit->id};
  }
  if (const auto* erase = std::get_if<Erase>(&entry.body)) return erase->record;
  return std::nullopt;
}

Result<std::vector<Change>> in_canonical_order(std::vector<Change> changes) {
  std::sort(changes.begin(), changes.end(), change_order);
  for (std::size_t i = 1; i < changes.size(); ++i) {
    if (!change_order(changes[i - 1], changes[i])) {
      return fail(ErrorCode::malformed, "a field or element is written twice");
    }
  }
  return changes;
}

RecordId imported_record_id(std::string_view unit, std::string_view code) {
  Writer key;
  key.string(unit);
  key.string(code);
  return id_from(sha256_of("tram import", {key.view()}));
}

std::optional<Digest> event_name(const Entry& entry, const Name& name) {
  const auto* edit = std::get_if<Edit>(&entry.body);
  if (edit == nullptr) return std::nullopt;
  const std::optional<RecordRef> record = record_of(entry, name);
  Writer head;
  head.varint(record->kind);
  head.raw(record->id);
  head.varint(static_cast<std::uint64_t>(entry.time.ms));
  Writer changes;
  for (const Change& change : edit->changes) write_change(changes, change);
  return sha256_of("tram event", {head.view(), changes.view()});
}

}  // namespace tram::sync
