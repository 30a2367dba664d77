#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "schema/elements.hpp"
#include "schema/field.hpp"
#include "schema/fold.hpp"
#include "schema/json_text.hpp"
#include "schema/limits.hpp"
#include "schema/time_text.hpp"
#include "schema/values.hpp"

// From bytes to JSON. Every byte string has an answer here, whoever wrote it.
namespace tram::schema {

namespace {

using nlohmann::json;
using sync::ByteView;
using sync::Change;
using sync::FieldTag;
using sync::Policy;
using sync::ValueType;

constexpr std::size_t stored_json_bytes_max = 64 * 1024;

json opaque(ValueType type, ByteView value) {
  return {{"type", static_cast<unsigned>(type)}, {"hex", sync::to_hex(value)}};
}

std::optional<json> as_string(std::string_view text) {
  if (!is_utf8(text)) return std::nullopt;
  return json(std::string(text));
}

std::optional<json> as_optional(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return json(*text);
}

/// Nothing if the bytes are not of the type, or if this version does not know the type.
std::optional<json> readable(ValueType type, ByteView value) {
  switch (type) {
    case ValueType::text:
    case ValueType::token:
    case ValueType::digits:
    case ValueType::code: return as_string(sync::as_text(value));
    case ValueType::integer:
      if (const auto number = sync::decode_integer(value)) return json(*number);
      return std::nullopt;
    case ValueType::boolean:
      if (const auto truth = sync::decode_boolean(value)) return json(*truth);
      return std::nullopt;
    case ValueType::date:
      if (const auto days = sync::decode_integer(value)) return as_optional(format_date(*days));
      return std::nullopt;
    case ValueType::instant:
      if (const auto moment = sync::decode_integer(value)) {
        return as_optional(format_instant(*moment));
      }
      return std::nullopt;
    case ValueType::status:
      if (const auto status = sync::decode_status(value)) return as_string(status->word);
      return std::nullopt;
    case ValueType::reference:
      if (value.size() != sizeof(sync::RecordId)) return std::nullopt;
      return json(sync::to_hex(value));
    case ValueType::bytes: return json(sync::to_hex(value));
    case ValueType::json:
      if (auto inner = parse_json(sync::as_text(value), stored_json_bytes_max)) return *inner;
      return std::nullopt;
    case ValueType::element: break;
  }
  return std::nullopt;
}

json scalar(ValueType type, ByteView value) {
  std::optional<json> read = readable(type, value);
  return read ? std::move(*read) : opaque(type, value);
}

/// Members that the writer's schema did not know. They stand among the known ones unless one of
/// them has a name that means something here, which no writer of ours gives it.
void add_more(const Field& field, const sync::Attribute& attribute, json& out) {
  const std::optional<json> more = readable(attribute.type, attribute.value);
  bool clear = more && more->is_object();
  if (clear) {
    for (const auto& [key, value] : more->items()) {
      const bool ours = key == field.element_key || key == "removed" || key == "position";
      clear = clear && !ours && !key.starts_with('#') && !out.contains(key);
    }
  }
  if (clear) {
    out.update(*more);
  } else {
    out["#" + std::to_string(attribute.number)] = opaque(attribute.type, attribute.value);
  }
}

void add_attribute(const Field& field, const sync::Attribute& attribute, json& out) {
  const AttributeField* known = find_attribute(field, attribute.number);
  if (known == nullptr || known->type != attribute.type) {
    out["#" + std::to_string(attribute.number)] = opaque(attribute.type, attribute.value);
  } else if (attribute.number == attribute::more) {
    add_more(field, attribute, out);
  } else {
    out[std::string(known->key)] = scalar(attribute.type, attribute.value);
  }
}

json element(const Field& field, ByteView value) {
  const auto attributes = sync::decode_element(value);
  if (!attributes) return opaque(ValueType::element, value);
  json out = json::object();
  // Ascending by number, so the unknown members (the greatest number) meet all the known ones.
  for (const sync::Attribute& attribute : *attributes) {
    const AttributeField* known = find_attribute(field, attribute::position);
    if (known != nullptr && attribute.number == known->number) continue;
    add_attribute(field, attribute, out);
  }
  return out;
}

bool in_list_order(const ListedElement& a, const ListedElement& b) {
  return std::tie(a.position, a.key) < std::tie(b.position, b.key);
}

/// The list of one union field; removed elements at the end.
json list_of(std::uint32_t kind, const FieldTag& tag, const std::vector<const Change*>& changes) {
  std::vector<ListedElement> elements;
  for (const Change* change : changes) {
    const ByteView bytes = change->value ? ByteView(*change->value) : ByteView();
    elements.push_back({change->value ? position_of(bytes) : unplaced, change->key,
                        change->value ? std::optional(bytes) : std::nullopt});
  }
  std::sort(elements.begin(), elements.end(), in_list_order);
  std::stable_partition(elements.begin(), elements.end(),
                        [](const ListedElement& e) { return e.value.has_value(); });
  json out = json::array();
  std::int64_t expected = 0;
  for (const ListedElement& each : elements) {
    json object = element_object(kind, tag, each);
    if (!each.value) {
      object["removed"] = true;
    } else if (each.position != unplaced && each.position != ++expected) {
      object["position"] = each.position;
    }
    out.push_back(std::move(object));
  }
  return out;
}

}  // namespace

json element_object(std::uint32_t kind, const FieldTag& tag, const ListedElement& element) {
  json object = json::object();
  if (element.value) object = value_to_json(kind, tag, *element.value);
  object[std::string(element_member(kind, tag))] = element_key_for_export(element.key);
  return object;
}

json list_of_elements(std::uint32_t kind, const FieldTag& tag,
                      std::vector<ListedElement> elements) {
  std::sort(elements.begin(), elements.end(), in_list_order);
  json out = json::array();
  for (const ListedElement& each : elements) {
    if (each.value) out.push_back(element_object(kind, tag, each));
  }
  return out;
}

json value_to_json(std::uint32_t kind, const FieldTag& tag, ByteView value) {
  // An element is always an object, so that its key can stand in it.
  if (tag.number == 0 && tag.policy != Policy::keyed_union) return scalar(tag.type, value);
  const Field* field = find_field(kind, tag);
  if (field == nullptr) return opaque(tag.type, value);
  if (tag.type == ValueType::element) return element(*field, value);
  return scalar(tag.type, value);
}

json json_from_changes(std::uint32_t kind, const std::vector<Change>& changes) {
  json out = json::object();
  std::map<FieldTag, std::vector<const Change*>> unions;
  for (const Change& change : changes) {
    if (change.field.policy == Policy::keyed_union) {
      unions[change.field].push_back(&change);
      continue;
    }
    json& value = out[field_key_for_export(kind, change.field)];
    if (change.value) value = value_to_json(kind, change.field, *change.value);
  }
  for (const auto& [tag, elements] : unions) {
    out[field_key_for_export(kind, tag)] = list_of(kind, tag, elements);
  }
  return out;
}

std::string field_key_for_export(std::uint32_t kind, const FieldTag& tag) {
  if (const Field* field = find_field(kind, tag)) return std::string(field->key);
  const std::string numbers = "#" + std::to_string(tag.number) + "." +
                              std::to_string(static_cast<unsigned>(tag.type)) + "." +
                              std::to_string(static_cast<unsigned>(tag.policy));
  if (tag.number != 0) return numbers;
  if (!is_utf8(tag.name)) return numbers + ":hex:" + sync::to_hex(sync::as_bytes(tag.name));
  if (tag != named_tag(tag.name)) return numbers + ":" + tag.name;
  const bool taken =
      tag.name.starts_with('#') || find_field(kind, std::string_view(tag.name)) != nullptr;
  return taken ? "#0:" + tag.name : tag.name;
}

std::string element_key_for_export(std::string_view key) {
  if (is_utf8(key)) return std::string(key);
  return "#hex:" + sync::to_hex(sync::as_bytes(key));
}

std::string_view element_member(std::uint32_t kind, const FieldTag& tag) {
  const Field* field = find_field(kind, tag);
  return field == nullptr ? "key" : field->element_key;
}

std::int64_t position_of(ByteView element) {
  const auto attributes = sync::decode_element(element);
  if (!attributes) return unplaced;
  for (const sync::Attribute& attribute : *attributes) {
    if (attribute.number != attribute::position || attribute.type != ValueType::integer) continue;
    if (const auto number = sync::decode_integer(attribute.value)) return *number;
  }
  return unplaced;
}

}  // namespace tram::schema
