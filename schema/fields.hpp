#pragma once

#include <span>

#include "schema/field.hpp"

/// The tables behind field.hpp, one a kind, and the few shapes that their rows have. Private to
/// schema/.
namespace tram::schema {

[[nodiscard]] std::span<const Field> dossier_fields();
[[nodiscard]] std::span<const Field> unit_fields();
[[nodiscard]] std::span<const Field> procedure_fields();
[[nodiscard]] std::span<const Field> device_fields();
[[nodiscard]] std::span<const Field> account_fields();
[[nodiscard]] std::span<const Field> setting_fields();
[[nodiscard]] std::span<const Field> holiday_fields();

/// What a person reads: the label in Vietnamese and English.
struct Label {
  std::string_view vi;
  std::string_view en;
};

/// A field of text, bytes or JSON; or, without `bytes_max`, of a type that has its own bounds.
constexpr Field plain_field(std::uint32_t number, std::string_view key, sync::ValueType type,
                            sync::Policy policy, std::size_t bytes_max, Label label) {
  Field field;
  field.number = number;
  field.key = key;
  field.type = type;
  field.policy = policy;
  field.bytes_max = bytes_max;
  field.label_vi = label.vi;
  field.label_en = label.en;
  return field;
}

/// The same for what tells something about a citizen.
constexpr Field personal_field(std::uint32_t number, std::string_view key, sync::ValueType type,
                               sync::Policy policy, std::size_t bytes_max, Label label) {
  Field field = plain_field(number, key, type, policy, bytes_max, label);
  field.personal = true;
  return field;
}

/// An integer from 0 to `max`.
constexpr Field number_field(std::uint32_t number, std::string_view key, sync::Policy policy,
                             std::int64_t max, Label label) {
  Field field = plain_field(number, key, sync::ValueType::integer, policy, 0, label);
  field.number_max = max;
  return field;
}

/// A keyed union whose elements carry their key in the member `element_key`.
constexpr Field union_field(std::uint32_t number, std::string_view key,
                            std::string_view element_key,
                            std::span<const AttributeField> attributes, Label label) {
  Field field =
      plain_field(number, key, sync::ValueType::element, sync::Policy::keyed_union, 0, label);
  field.element_key = element_key;
  field.attributes = attributes;
  return field;
}

}  // namespace tram::schema
