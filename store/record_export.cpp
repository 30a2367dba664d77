#include "store/record_export.hpp"

#include <algorithm>

#include "schema/export.hpp"

namespace tram::store {

namespace {

schema::ExportField export_field(const sync::FieldKey& key, const sync::ResolvedField& field) {
  schema::ExportField out{key.field, key.element, field.value, field.conflict, {}};
  for (const sync::Candidate& rival : field.rivals) out.rivals.push_back(rival.value);
  std::sort(out.rivals.begin(), out.rivals.end());
  out.rivals.erase(std::unique(out.rivals.begin(), out.rivals.end()), out.rivals.end());
  return out;
}

}  // namespace

sync::Result<std::string> export_line(const RecordRow& row) {
  const sync::Result<sync::RecordState> state = sync::decode_state(row.state);
  if (!state) return sync::fail(sync::ErrorCode::io, "a stored record cannot be read: rebuild");
  std::vector<schema::ExportField> fields;
  for (const auto& [key, field] : sync::resolve(*state)) {
    fields.push_back(export_field(key, field));
  }
  return schema::export_line(row.record.kind, sync::to_hex(row.record.id), fields);
}

sync::Status for_each_export_line(const ReadUnit& unit, const Scope& scope, std::uint32_t kind,
                                  const std::string& custody,
                                  const std::function<bool(const std::string&)>& visit) {
  sync::Status status;
  unit.for_each_record(scope, kind, custody, [&](const RecordRow& row) {
    const sync::Result<std::string> line = export_line(row);
    if (!line) status = sync::fail(line.error());
    return line && visit(*line);
  });
  if (!status) return status;
  return unit.status();
}

sync::Result<FieldValues> FieldValues::of(const RecordRow& row) {
  const sync::Result<sync::RecordState> state = sync::decode_state(row.state);
  if (!state) return sync::fail(sync::ErrorCode::io, "a stored record cannot be read: rebuild");
  FieldValues out;
  out.frontier_ = state->frontier;
  for (const auto& [key, field] : sync::resolve(*state)) {
    if (field.value && key.element.empty()) out.values_[key.field.number] = *field.value;
  }
  return out;
}

std::string FieldValues::text(std::uint32_t number) const {
  const auto value = values_.find(number);
  return value == values_.end() ? std::string() : std::string(sync::as_text(value->second));
}

std::optional<std::int64_t> FieldValues::integer(std::uint32_t number) const {
  const auto value = values_.find(number);
  if (value == values_.end()) return std::nullopt;
  const sync::Result<std::int64_t> decoded = sync::decode_integer(value->second);
  return decoded ? std::optional(*decoded) : std::nullopt;
}

std::optional<sync::Bytes> FieldValues::bytes(std::uint32_t number) const {
  const auto value = values_.find(number);
  return value == values_.end() ? std::nullopt : std::optional(value->second);
}

}  // namespace tram::store
