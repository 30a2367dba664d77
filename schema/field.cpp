#include "schema/field.hpp"

#include "schema/fields.hpp"
#include "schema/kinds.hpp"

namespace tram::schema {

std::span<const Field> fields_of(std::uint32_t kind) {
  switch (kind) {
    case kind::dossier: return dossier_fields();
    case kind::unit: return unit_fields();
    case kind::procedure: return procedure_fields();
    case kind::device: return device_fields();
    case kind::account: return account_fields();
    case kind::setting: return setting_fields();
    case kind::holiday: return holiday_fields();
    default: return {};
  }
}

const Field* find_field(std::uint32_t kind, std::string_view key) {
  for (const Field& field : fields_of(kind)) {
    if (field.key == key) return &field;
  }
  return nullptr;
}

const Field* find_field(std::uint32_t kind, std::uint32_t number) {
  const std::span<const Field> fields = fields_of(kind);
  // Numbers begin at 1 and have no gaps; a test holds the tables to it.
  if (number == 0 || number > fields.size()) return nullptr;
  return &fields[number - 1];
}

const Field* find_field(std::uint32_t kind, const sync::FieldTag& tag) {
  const Field* field = find_field(kind, tag.number);
  if (field == nullptr || field->type != tag.type || field->policy != tag.policy) return nullptr;
  return field;
}

const AttributeField* find_attribute(const Field& field, std::string_view key) {
  if (key.empty()) return nullptr;
  for (const AttributeField& attribute : field.attributes) {
    if (attribute.key == key) return &attribute;
  }
  return nullptr;
}

const AttributeField* find_attribute(const Field& field, std::uint32_t number) {
  for (const AttributeField& attribute : field.attributes) {
    if (attribute.number == number) return &attribute;
  }
  return nullptr;
}

sync::FieldTag tag_of(const Field& field) {
  return sync::FieldTag{field.number, {}, field.type, field.policy};
}

sync::FieldTag named_tag(std::string_view name) {
  return sync::FieldTag{0, std::string(name), sync::ValueType::json, sync::Policy::review};
}

}  // namespace tram::schema
