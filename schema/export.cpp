#include "schema/export.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "schema/elements.hpp"
#include "schema/json_text.hpp"
#include "schema/values.hpp"
#include "sync/core/assert.hpp"

namespace tram::schema {

namespace {

using nlohmann::json;
using sync::Bytes;
using sync::Policy;

using Union = std::map<sync::FieldTag, std::vector<const ExportField*>>;

json rivals_of(std::uint32_t kind, const ExportField& field) {
  std::vector<std::optional<Bytes>> rivals = field.rivals;
  std::sort(rivals.begin(), rivals.end());
  rivals.erase(std::unique(rivals.begin(), rivals.end()), rivals.end());
  json out = json::array();
  for (const std::optional<Bytes>& rival : rivals) {
    out.push_back(rival ? value_to_json(kind, field.tag, *rival) : json());
  }
  return out;
}

json union_of(std::uint32_t kind, const sync::FieldTag& tag,
              const std::vector<const ExportField*>& elements) {
  std::vector<ListedElement> listed;
  for (const ExportField* element : elements) {
    if (!element->value) continue;
    listed.push_back({position_of(*element->value), element->key, *element->value});
  }
  return list_of_elements(kind, tag, std::move(listed));
}

json conflicts_of(std::uint32_t kind, const sync::FieldTag& tag,
                  std::vector<const ExportField*> elements) {
  std::sort(elements.begin(), elements.end(),
            [](const ExportField* a, const ExportField* b) { return a->key < b->key; });
  json out = json::array();
  for (const ExportField* element : elements) {
    if (!element->conflict) continue;
    out.push_back({{std::string(element_member(kind, tag)), element_key_for_export(element->key)},
                   {"values", rivals_of(kind, *element)}});
  }
  return out;
}

}  // namespace

std::string export_line(std::uint32_t kind, std::string_view id_hex,
                        const std::vector<ExportField>& fields) {
  json values = json::object();
  json conflicts = json::object();
  Union unions;
  for (const ExportField& field : fields) {
    if (field.tag.policy == Policy::keyed_union) {
      unions[field.tag].push_back(&field);
      continue;
    }
    const std::string key = field_key_for_export(kind, field.tag);
    values[key] = field.value ? value_to_json(kind, field.tag, *field.value) : json();
    if (field.conflict) conflicts[key] = rivals_of(kind, field);
  }
  for (const auto& [tag, elements] : unions) {
    const std::string key = field_key_for_export(kind, tag);
    values[key] = union_of(kind, tag, elements);
    if (json found = conflicts_of(kind, tag, elements); !found.empty()) conflicts[key] = found;
  }
  json line = {{"fields", std::move(values)}, {"id", std::string(id_hex)}};
  if (!conflicts.empty()) line["conflicts"] = std::move(conflicts);
  // Everything in it came out of value_to_json, which gives nothing but UTF-8.
  const sync::Result<std::string> text = canonical_json(line);
  TRAM_ASSERT(text.has_value());
  return *text;
}

}  // namespace tram::schema
