#include "node/conflicts.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "host/clock.hpp"
#include "schema/field.hpp"
#include "schema/kinds.hpp"
#include "schema/values.hpp"
#include "sync/limits.hpp"
#include "sync/merge/resolve.hpp"

namespace tram::node {

using nlohmann::json;
using sync::ErrorCode;
using sync::fail;

namespace {

constexpr std::size_t page_size = 100;

std::string unit_of(const store::ReadUnit& unit, const sync::Place& place) {
  const std::optional<sync::LogState> log = unit.log(place.log);
  return log ? log->unit : std::string();
}

json rival_json(const store::ReadUnit& unit, const sync::FieldKey& key,
                const sync::Candidate& rival, std::uint32_t kind) {
  return {{"value", rival.value ? schema::value_to_json(kind, key.field, *rival.value) : json()},
          {"entry", sync::to_hex(rival.name)},
          {"time", host::local_time_text(rival.time)},
          {"time_trusted", rival.time_trusted},
          {"decision", rival.decision},
          {"unit", unit_of(unit, rival.place)},
          {"log", sync::to_hex(rival.place.log)}};
}

json conflict_json(const store::ReadUnit& unit, const store::ConflictRow& row,
                   const sync::ResolvedField& field) {
  const schema::Field* known = schema::find_field(row.record.kind, row.field.field);
  json out = {{"record", sync::to_hex(row.record.id)},
              {"code", row.code},
              {"field", schema::field_key_for_export(row.record.kind, row.field.field)},
              {"label_vi", known != nullptr ? known->label_vi : ""},
              {"label_en", known != nullptr ? known->label_en : ""},
              {"since", host::local_time_text(row.since)},
              {"values", json::array()}};
  if (!row.field.element.empty()) {
    out["element"] = schema::element_key_for_export(row.field.element);
  }
  for (const sync::Candidate& rival : field.rivals) {
    out["values"].push_back(rival_json(unit, row.field, rival, row.record.kind));
  }
  return out;
}

sync::Result<sync::RecordState> state_of(const store::RecordRow& row) {
  sync::Result<sync::RecordState> state = sync::decode_state(row.state);
  if (!state) return fail(ErrorCode::io, "a stored record cannot be read: rebuild");
  return state;
}

bool is_named(const store::ConflictRow& row, const std::string& record) {
  return row.code == record || sync::to_hex(row.record.id) == record;
}

// Streams the conflicts of this commune's dossiers with their resolved fields.
sync::Status for_each_row(
    const Node& node, const store::ReadUnit& unit,
    const std::function<bool(const store::ConflictRow&, const store::RecordRow&,
                             const sync::ResolvedField&)>& visit) {
  const std::string& home = node.identity().unit;
  store::ConflictCursor cursor;
  while (true) {
    const store::ConflictPage page = unit.conflicts(home, home, cursor, page_size);
    for (const store::ConflictRow& conflict : page.conflicts) {
      const std::optional<store::RecordRow> row = unit.record(home, conflict.record);
      if (!row) continue;
      const sync::Result<sync::RecordState> state = state_of(*row);
      if (!state) return fail(state.error());
      const auto candidates = state->candidates.find(conflict.field);
      if (candidates == state->candidates.end()) continue;
      if (!visit(conflict, *row, sync::resolve(conflict.field, candidates->second, true))) {
        return unit.status();
      }
    }
    if (!page.next) return unit.status();
    cursor = *page.next;
  }
}

}  // namespace

sync::Status for_each_conflict(const Node& node, const std::optional<std::string>& record,
                               const std::function<bool(const json&)>& visit) {
  return node.store().read([&](const store::ReadUnit& unit) {
    return for_each_row(node, unit,
                        [&](const store::ConflictRow& row, const store::RecordRow&,
                            const sync::ResolvedField& field) {
                          if (record && !is_named(row, *record)) return true;
                          return visit(conflict_json(unit, row, field));
                        });
  });
}

namespace {

struct Found {
  store::ConflictRow conflict;
  store::RecordRow row;
  sync::ResolvedField field;
};

sync::Result<Found> find_conflict(const Node& node, const store::ReadUnit& unit,
                                  const Decision& decision) {
  std::optional<Found> found;
  std::size_t count = 0;
  const sync::Status read = for_each_row(
      node, unit,
      [&](const store::ConflictRow& conflict, const store::RecordRow& row,
          const sync::ResolvedField& field) {
        const std::string key =
            schema::field_key_for_export(conflict.record.kind, conflict.field.field);
        const bool fits =
            is_named(conflict, decision.record) && key == decision.field &&
            (decision.element.empty() ||
             schema::element_key_for_export(conflict.field.element) == decision.element);
        if (fits) found = Found{conflict, row, field};
        count += fits ? 1 : 0;
        return true;
      });
  if (!read) return fail(read.error());
  if (count > 1) return fail(ErrorCode::usage, "several fit: name the record's id and the element");
  if (!found) return fail(ErrorCode::not_found, "there is no such conflict (any more)");
  return std::move(*found);
}

// What the person has seen: everything held of the record. Where that is more than an entry can
// name, the rivals come first, because they are what is settled.
std::vector<sync::Name> parents_of(const Found& found, const std::set<sync::Name>& frontier) {
  if (frontier.size() <= sync::limits::parents_max) return {frontier.begin(), frontier.end()};
  std::set<sync::Name> parents;
  for (const sync::Candidate& rival : found.field.rivals) {
    if (parents.size() < sync::limits::parents_max) parents.insert(rival.name);
  }
  for (const sync::Name& name : frontier) {
    if (parents.size() < sync::limits::parents_max) parents.insert(name);
  }
  return {parents.begin(), parents.end()};
}

// The value that was decided for: a rival's own bytes, or what a person entered.
sync::Result<std::optional<sync::Bytes>> value_of(const Found& found, const Decision& decision) {
  if (decision.entry) {
    for (const sync::Candidate& rival : found.field.rivals) {
      if (sync::to_hex(rival.name) == *decision.entry) return rival.value;
    }
    return fail(ErrorCode::not_found, "that entry is not one of the values to choose from");
  }
  const json value = json::parse(decision.value.value_or(""), nullptr, false);
  if (value.is_discarded()) return fail(ErrorCode::malformed, "the value is not JSON");
  if (!found.conflict.field.element.empty()) {
    return fail(ErrorCode::usage, "an element of a list is decided by naming an entry");
  }
  const sync::Result<std::vector<sync::Change>> changes =
      schema::changes_from_json(found.conflict.record.kind, json{{decision.field, value}});
  if (!changes) return fail(changes.error());
  if (changes->size() != 1 || changes->front().field != found.conflict.field.field) {
    return fail(ErrorCode::usage, "this field is decided by naming an entry");
  }
  return changes->front().value;
}

}  // namespace

sync::Status decide_conflict(Node& node, const Decision& decision) {
  return node.write([&](store::WriteUnit& unit) -> sync::Status {
    const sync::Result<Found> found = find_conflict(node, unit, decision);
    if (!found) return fail(found.error());
    sync::Result<std::optional<sync::Bytes>> value = value_of(*found, decision);
    if (!value) return fail(value.error());
    const sync::Result<sync::RecordState> state = state_of(found->row);
    if (!state) return fail(state.error());
    sync::Edit edit;
    edit.kind = found->row.record.kind;
    edit.id = found->row.record.id;
    edit.parents = parents_of(*found, state->frontier);
    edit.changes = {
        {found->conflict.field.field, found->conflict.field.element, true, std::move(*value)}};
    const sync::Draft draft{node.clock().now(), node.clock_is_trusted(unit),
                            node.capacity_for(found->row.custody), std::nullopt, std::move(edit)};
    const sync::Result<sync::Name> written = node.author(unit, draft);
    if (!written) return fail(written.error());
    return {};
  });
}

}  // namespace tram::node
