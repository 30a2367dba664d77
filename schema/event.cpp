#include "schema/event.hpp"

#include <nlohmann/json.hpp>

#include "schema/field.hpp"
#include "schema/fold.hpp"
#include "schema/json_text.hpp"
#include "schema/kinds.hpp"
#include "schema/limits.hpp"
#include "schema/values.hpp"

namespace tram::schema {

namespace {

using nlohmann::json;
using sync::Change;
using sync::ErrorCode;
using sync::fail;
using sync::Result;
using sync::Status;

constexpr std::string_view known_keys[] = {"t", "commune", "dossier", "kind", "fields"};

/// The members of the event itself. Keys are not repeated in the message: they may be anything.
Status check_members(const json& event) {
  if (!event.is_object()) return fail(ErrorCode::malformed, "event: not an object");
  for (const auto& [key, value] : event.items()) {
    bool known = false;
    for (const std::string_view name : known_keys) known = known || key == name;
    if (!known) return fail(ErrorCode::malformed, "event: has an unknown key");
  }
  for (const std::string_view name : known_keys) {
    if (name != "commune" && !event.contains(name)) {
      return fail(ErrorCode::malformed, std::string(name) + ": missing");
    }
  }
  if (event.contains("commune") && !event["commune"].is_number()) {
    return fail(ErrorCode::malformed, "commune: not a number");
  }
  return {};
}

Result<sync::Instant> time_of(const json& value) {
  if (!value.is_number_integer()) return fail(ErrorCode::malformed, "t: not an integer");
  const bool fits = value.is_number_unsigned() &&
                    value.get<std::uint64_t>() <= static_cast<std::uint64_t>(limits::time_ms_max);
  if (!fits) return fail(ErrorCode::limit, "t: not a time since 1970");
  return sync::Instant{value.get<std::int64_t>()};
}

Result<std::string> dossier_of(const json& value) {
  if (!value.is_string()) return fail(ErrorCode::malformed, "dossier: not a string");
  Result<std::string> code =
      normal_text(value.get_ref<const std::string&>(), limits::code_bytes_max, Lines::one);
  if (!code) return fail(code.error(), "dossier");
  if (code->empty()) return fail(ErrorCode::malformed, "dossier: empty");
  return code;
}

Result<bool> is_create(const json& value) {
  if (value == "create") return true;
  if (value == "update") return false;
  return fail(ErrorCode::malformed, "kind: neither create nor update");
}

/// Sees to it that the code in the changes is the event's: added to a create, never altered.
Status settle_code(ChangeEvent& event) {
  const Field* field = find_field(kind::dossier, dossier_field::code);
  const sync::FieldTag tag = tag_of(*field);
  // Number 1 stands right behind the fields that travel by name, which have number 0.
  std::size_t at = 0;
  while (at < event.changes.size() && event.changes[at].field < tag) ++at;
  if (at < event.changes.size() && event.changes[at].field == tag) {
    const auto& value = event.changes[at].value;
    if (!value || sync::as_text(*value) != event.dossier) {
      return fail(ErrorCode::malformed, "field code: not the event's dossier");
    }
    return {};
  }
  if (!event.create) return {};
  Change change;
  change.field = tag;
  change.value = sync::encode_text(event.dossier);
  event.changes.insert(event.changes.begin() + static_cast<std::ptrdiff_t>(at), std::move(change));
  return {};
}

}  // namespace

Result<ChangeEvent> parse_event(std::string_view line) {
  const Result<json> object = parse_json(line, limits::event_line_bytes_max);
  if (!object) return fail(object.error(), "event");
  if (const Status good = check_members(*object); !good) return fail(good.error());
  ChangeEvent event;
  const Result<sync::Instant> time = time_of((*object)["t"]);
  if (!time) return fail(time.error());
  event.t = *time;
  Result<std::string> dossier = dossier_of((*object)["dossier"]);
  if (!dossier) return fail(dossier.error());
  event.dossier = std::move(*dossier);
  const Result<bool> create = is_create((*object)["kind"]);
  if (!create) return fail(create.error());
  event.create = *create;
  Result<std::vector<Change>> changes = changes_from_json(kind::dossier, (*object)["fields"]);
  if (!changes) return fail(changes.error());
  event.changes = std::move(*changes);
  if (const Status settled = settle_code(event); !settled) return fail(settled.error());
  if (event.changes.empty()) return fail(ErrorCode::malformed, "fields: nothing changes");
  if (event.changes.size() > limits::changes_max) {
    return fail(ErrorCode::limit, "fields: too many changes");
  }
  return event;
}

}  // namespace tram::schema
