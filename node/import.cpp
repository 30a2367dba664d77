#include "node/import.hpp"

#include "schema/event.hpp"
#include "schema/kinds.hpp"
#include "store/record_export.hpp"
#include "sync/limits.hpp"

namespace tram::node {

using sync::ErrorCode;
using sync::fail;

namespace {

enum class Outcome { accepted, known };

struct Target {
  sync::RecordId id{};
  std::string custody;
  bool created = false;  ///< an entry that creates the record is held
  std::vector<sync::Name> parents;
};

// Among several records of one code (a code is a label, never an identity) the imported one.
sync::Result<Target> find_target(const Node& node, const store::ReadUnit& unit,
                                 const std::string& code) {
  const std::string& home = node.identity().unit;
  Target target;
  target.id = sync::imported_record_id(home, code);
  std::vector<store::RecordRow> rows = unit.find_record_by_code(home, schema::kind::dossier, code);
  // Updates that came before their create gave the record no code yet: it is found by its id.
  if (const auto row = unit.record(home, {schema::kind::dossier, target.id})) {
    rows.insert(rows.begin(), *row);
  }
  if (const sync::Status read = unit.status(); !read) return fail(read.error());
  if (rows.empty()) return target;
  const store::RecordRow& row = rows.front();
  const sync::Result<sync::RecordState> state = sync::decode_state(row.state);
  if (!state) return fail(ErrorCode::io, "a stored record cannot be read: rebuild");
  target.id = row.record.id;
  target.custody = row.custody;
  target.created = !state->uncreated;
  target.parents.assign(state->frontier.begin(), state->frontier.end());
  if (target.parents.size() > sync::limits::parents_max) {
    target.parents.resize(sync::limits::parents_max);
  }
  return target;
}

sync::Result<Outcome> import_event(Node& node, store::WriteUnit& unit, schema::ChangeEvent event) {
  sync::Result<Target> target = find_target(node, unit, event.dossier);
  if (!target) return fail(target.error());
  const bool creates = event.create && !target->created;
  sync::Edit edit;
  edit.target = creates ? sync::Edit::Target::created_as : sync::Edit::Target::existing;
  edit.kind = schema::kind::dossier;
  edit.id = target->id;
  if (!creates) edit.parents = std::move(target->parents);
  edit.changes = std::move(event.changes);
  sync::Draft draft{event.t, true, node.capacity_for(target->custody), std::nullopt,
                    std::move(edit)};
  const sync::Entry probe{{}, draft.time, true, draft.capacity, std::nullopt, draft.body};
  const std::optional<sync::Digest> name = sync::event_name(probe, {});
  if (name && unit.imported_as(*name)) return Outcome::known;
  const sync::Result<sync::Name> written = node.author(unit, draft);
  if (!written) return fail(written.error());
  return Outcome::accepted;
}

}  // namespace

sync::Result<ImportResult> import_batch(Node& node, const std::vector<std::string_view>& lines) {
  ImportResult result;
  const sync::Status written = node.write([&](store::WriteUnit& unit) -> sync::Status {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      sync::Result<schema::ChangeEvent> event = schema::parse_event(lines[i]);
      if (!event) {
        result.rejected.push_back({i, event.error().message});
        continue;
      }
      const sync::Result<Outcome> outcome = import_event(node, unit, std::move(*event));
      if (!outcome && outcome.error().code == ErrorCode::limit) {
        result.rejected.push_back({i, outcome.error().message});
        continue;
      }
      if (!outcome) return fail(outcome.error());
      ++(*outcome == Outcome::accepted ? result.accepted : result.known);
    }
    return {};
  });
  if (!written) return fail(written.error());
  return result;
}

}  // namespace tram::node
