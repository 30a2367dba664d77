#include "sync/ledger/body_codec.hpp"

#include <tuple>

#include "sync/core/assert.hpp"
#include "sync/limits.hpp"

namespace tram::sync {

namespace {

enum class Form : std::uint8_t { opening = 1, edit = 2, verdict = 3, erase = 4 };

// A change's control byte: bits 0 to 3 policy, bit 4 cleared, bit 5 decision.
constexpr std::uint8_t change_policy = 0x0f;
constexpr std::uint8_t change_cleared = 0x10;
constexpr std::uint8_t change_decision = 0x20;
constexpr std::uint8_t change_known = 0x3f;

void write_parents(Writer& out, const std::vector<Name>& parents) {
  TRAM_ASSERT(parents.size() <= limits::parents_max);
  out.varint(parents.size());
  for (std::size_t i = 0; i < parents.size(); ++i) {
    TRAM_ASSERT(i == 0 || parents[i - 1] < parents[i]);
    out.raw(parents[i]);
  }
}

std::vector<Name> read_parents(Reader& in) {
  std::vector<Name> parents;
  const std::size_t count = in.count(limits::parents_max, sizeof(Name));
  parents.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    parents.push_back(in.array<32>());
    if (i != 0 && parents[i - 1] >= parents[i]) in.refuse("parents are out of order");
  }
  return parents;
}

Change read_change(Reader& in) {
  Change change;
  change.field.number = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
  if (change.field.number == 0) {
    change.field.name = in.string(limits::field_name_bytes_max);
    if (change.field.name.empty()) in.refuse("a field has neither number nor name");
  }
  change.field.type = static_cast<ValueType>(in.u8());
  const std::uint8_t control = in.u8();
  const std::uint8_t policy = control & change_policy;
  if (policy < 1 || policy > 5 || (control & ~change_known) != 0) {
    in.refuse("a change has an unknown policy or flag");
  }
  change.field.policy = static_cast<Policy>(policy);
  change.decision = (control & change_decision) != 0;
  if (change.field.policy == Policy::keyed_union) {
    change.key = in.string(limits::element_key_bytes_max);
  }
  if ((control & change_cleared) == 0) change.value = to_bytes(in.bytes(limits::value_bytes_max));
  return change;
}

struct BodyWriter {
  Writer& out;

  void operator()(const Opening& body) const {
    TRAM_ASSERT(!body.unit.empty() && body.unit.size() <= limits::unit_bytes_max);
    out.raw(body.device);
    out.string(body.unit);
    out.u8(body.continues ? 1 : 0);
    if (body.continues) out.raw(*body.continues);
  }
  void operator()(const Edit& body) const {
    out.varint(body.kind);
    out.u8(static_cast<std::uint8_t>(body.target));
    if (body.target != Edit::Target::self) out.raw(body.id);
    write_parents(out, body.parents);
    write_changes(out, body.changes);
  }
  void operator()(const Verdict& body) const {
    TRAM_ASSERT(body.reason.size() <= limits::reason_bytes_max);
    out.raw(body.target);
    out.u8(static_cast<std::uint8_t>(body.ruling));
    write_parents(out, body.parents);
    out.string(body.reason);
  }
  void operator()(const Erase& body) const {
    TRAM_ASSERT(body.ground.size() <= limits::reason_bytes_max);
    out.varint(body.record.kind);
    out.raw(body.record.id);
    out.string(body.ground);
  }
};

Opening read_opening(Reader& in) {
  Opening body;
  body.device = in.array<32>();
  body.unit = in.string(limits::unit_bytes_max);
  if (body.unit.empty()) in.refuse("an opening names no unit");
  const std::uint8_t continues = in.u8();
  if (continues > 1) in.refuse("an opening has an unknown flag");
  if (continues == 1) body.continues = in.array<32>();
  return body;
}

Edit read_edit(Reader& in) {
  Edit body;
  body.kind = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
  const std::uint8_t target = in.u8();
  if (target > 2) in.refuse("an edit has an unknown target");
  body.target = static_cast<Edit::Target>(target);
  if (body.target != Edit::Target::self) body.id = in.array<16>();
  body.parents = read_parents(in);
  body.changes = read_changes(in);
  return body;
}

Verdict read_verdict(Reader& in) {
  Verdict body;
  body.target = in.array<32>();
  const std::uint8_t ruling = in.u8();
  if (ruling > 3) in.refuse("a verdict has an unknown ruling");
  body.ruling = static_cast<Verdict::Ruling>(ruling);
  body.parents = read_parents(in);
  body.reason = in.string(limits::reason_bytes_max);
  return body;
}

Erase read_erase(Reader& in) {
  Erase body;
  body.record.kind = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
  body.record.id = in.array<16>();
  body.ground = in.string(limits::reason_bytes_max);
  return body;
}

}  // namespace

std::uint8_t form_of(const EntryBody& body) {
  return static_cast<std::uint8_t>(body.index() + 1);
}

void write_body(Writer& out, const EntryBody& body) {
  std::visit(BodyWriter{out}, body);
}

EntryBody read_body(Reader& in, std::uint8_t form) {
  switch (static_cast<Form>(form)) {
    case Form::opening: return read_opening(in);
    case Form::edit: return read_edit(in);
    case Form::verdict: return read_verdict(in);
    case Form::erase: return read_erase(in);
  }
  in.refuse("unknown form");
  return Opening{};
}

bool change_order(const Change& a, const Change& b) {
  return std::tie(a.field, a.key) < std::tie(b.field, b.key);
}

void write_change(Writer& out, const Change& change) {
  const FieldTag& field = change.field;
  TRAM_ASSERT((field.number == 0) == !field.name.empty());
  TRAM_ASSERT((field.policy == Policy::keyed_union) || change.key.empty());
  out.varint(field.number);
  if (field.number == 0) out.string(field.name);
  out.u8(static_cast<std::uint8_t>(field.type));
  out.u8(static_cast<std::uint8_t>(static_cast<unsigned>(field.policy) |
                                   (change.value ? 0U : change_cleared) |
                                   (change.decision ? change_decision : 0U)));
  if (field.policy == Policy::keyed_union) out.string(change.key);
  if (change.value) out.bytes(*change.value);
}

void write_changes(Writer& out, const std::vector<Change>& changes) {
  TRAM_ASSERT(!changes.empty() && changes.size() <= limits::changes_max);
  out.varint(changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    TRAM_ASSERT(i == 0 || change_order(changes[i - 1], changes[i]));
    write_change(out, changes[i]);
  }
}

std::vector<Change> read_changes(Reader& in) {
  std::vector<Change> changes;
  const std::size_t count = in.count(limits::changes_max, 3);
  if (count == 0) in.refuse("an edit changes nothing");
  changes.reserve(count);
  for (std::size_t i = 0; i < count && !in.failed(); ++i) {
    changes.push_back(read_change(in));
    if (i != 0 && !change_order(changes[i - 1], changes[i])) {
      in.refuse("changes are out of order");
    }
  }
  return changes;
}

}  // namespace tram::sync
