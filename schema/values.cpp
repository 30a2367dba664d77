#include "schema/values.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "schema/field.hpp"
#include "schema/fold.hpp"
#include "schema/json_text.hpp"
#include "schema/kinds.hpp"
#include "schema/limits.hpp"
#include "schema/time_text.hpp"
#include "schema/workflow.hpp"

// From JSON to bytes. The way back is in values_out.cpp.
namespace tram::schema {

namespace {

using nlohmann::json;
using sync::Bytes;
using sync::Change;
using sync::ErrorCode;
using sync::fail;
using sync::Result;
using sync::Status;
using sync::ValueType;

constexpr std::int64_t attribute_number_max = 1'000'000'000;

/// What a value must keep to, whether it stands in a field or in an element.
struct Bounds {
  ValueType type = ValueType::text;
  std::size_t bytes_max = 0;
  std::int64_t number_min = 0;
  std::int64_t number_max = 0;
};

Result<Bytes> text_bytes(const json& value, std::size_t bytes_max, Lines lines) {
  if (!value.is_string()) return fail(ErrorCode::malformed, "not a string");
  const Result<std::string> text =
      normal_text(value.get_ref<const std::string&>(), bytes_max, lines);
  if (!text) return fail(text.error());
  return sync::encode_text(*text);
}

Result<Bytes> integer_bytes(const json& value, const Bounds& bounds) {
  if (!value.is_number_integer()) return fail(ErrorCode::malformed, "not an integer");
  const bool huge = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
  const std::int64_t number = huge ? 0 : value.get<std::int64_t>();
  if (huge || number < bounds.number_min || number > bounds.number_max) {
    return fail(ErrorCode::limit, "not from " + std::to_string(bounds.number_min) + " to " +
                                      std::to_string(bounds.number_max));
  }
  return sync::encode_integer(number);
}

Result<Bytes> time_bytes(const json& value, ValueType type) {
  if (!value.is_string()) return fail(ErrorCode::malformed, "not a string");
  const std::string& text = value.get_ref<const std::string&>();
  const Result<std::int64_t> number =
      type == ValueType::date ? parse_date(text) : parse_instant(text);
  if (!number) return fail(number.error());
  return sync::encode_integer(*number);
}

Result<Bytes> status_bytes(const json& value, std::size_t bytes_max) {
  const Result<Bytes> word = text_bytes(value, bytes_max, Lines::one);
  if (!word) return fail(word.error());
  if (word->empty()) return fail(ErrorCode::malformed, "an empty word");
  return sync::encode_status(status_value(sync::as_text(*word)));
}

Result<Bytes> hex_bytes(const json& value, std::size_t bytes_max) {
  if (!value.is_string()) return fail(ErrorCode::malformed, "not a string");
  const std::string& text = value.get_ref<const std::string&>();
  if (text.size() / 2 > bytes_max) return fail(ErrorCode::limit, "too long");
  return sync::from_hex(text);
}

Result<Bytes> reference_bytes(const json& value) {
  const Result<Bytes> id = hex_bytes(value, sizeof(sync::RecordId));
  if (!id) return fail(id.error());
  if (id->size() != sizeof(sync::RecordId)) return fail(ErrorCode::malformed, "not a record's id");
  return *id;
}

Result<std::string> json_text(const std::string& text) {
  return normal_text(text, limits::event_line_bytes_max, Lines::many);
}

/// The same JSON with every string in NFC. The depth is checked here too: not all JSON was parsed
/// by us.
Result<json> normal_json(const json& value, std::size_t depth) {
  if (depth > limits::json_depth_max) return fail(ErrorCode::limit, "nested too deep");
  if (value.is_string()) {
    const Result<std::string> text = json_text(value.get_ref<const std::string&>());
    if (!text) return fail(text.error());
    return json(*text);
  }
  if (value.is_array()) {
    json out = json::array();
    for (const json& element : value) {
      Result<json> inner = normal_json(element, depth + 1);
      if (!inner) return inner;
      out.push_back(std::move(*inner));
    }
    return out;
  }
  if (value.is_object()) {
    json out = json::object();
    for (const auto& [key, member] : value.items()) {
      const Result<std::string> name = json_text(key);
      if (!name) return fail(name.error());
      Result<json> inner = normal_json(member, depth + 1);
      if (!inner) return inner;
      if (out.contains(*name)) return fail(ErrorCode::malformed, "a key stands twice");
      out[*name] = std::move(*inner);
    }
    return out;
  }
  if (value.is_binary() || value.is_discarded()) return fail(ErrorCode::malformed, "not JSON");
  return value;
}

Result<Bytes> json_bytes(const json& value, std::size_t bytes_max) {
  const Result<json> normal = normal_json(value, 1);
  if (!normal) return fail(normal.error());
  const Result<std::string> text = canonical_json(*normal);
  if (!text) return fail(text.error());
  if (text->size() > bytes_max) return fail(ErrorCode::limit, "too long");
  return sync::to_bytes(*text);
}

Result<Bytes> value_bytes(const json& value, const Bounds& bounds) {
  switch (bounds.type) {
    case ValueType::text: return text_bytes(value, bounds.bytes_max, Lines::many);
    case ValueType::token:
    case ValueType::digits:
    case ValueType::code: return text_bytes(value, bounds.bytes_max, Lines::one);
    case ValueType::integer: return integer_bytes(value, bounds);
    case ValueType::boolean:
      if (!value.is_boolean()) return fail(ErrorCode::malformed, "not true or false");
      return sync::encode_boolean(value.get<bool>());
    case ValueType::date:
    case ValueType::instant: return time_bytes(value, bounds.type);
    case ValueType::status: return status_bytes(value, bounds.bytes_max);
    case ValueType::reference: return reference_bytes(value);
    case ValueType::bytes: return hex_bytes(value, bounds.bytes_max);
    case ValueType::json: return json_bytes(value, bounds.bytes_max);
    case ValueType::element: break;
  }
  return fail(ErrorCode::malformed, "not a value");
}

Status check_value(std::uint32_t kind, const Field& field, const Bytes& bytes) {
  if (field.number <= sync::field_number::custody && bytes.empty()) {
    return fail(ErrorCode::malformed, "empty");
  }
  if (kind == kind::dossier && field.number == dossier_field::dob_partial &&
      !is_partial_date(sync::as_text(bytes))) {
    return fail(ErrorCode::malformed, "not a year like 1956 or a month like 1956-04");
  }
  return {};
}

Result<Change> plain_change(std::uint32_t kind, const Field& field, const json& value) {
  Change change;
  change.field = tag_of(field);
  if (value.is_null()) return change;
  Result<Bytes> bytes =
      value_bytes(value, {field.type, field.bytes_max, field.number_min, field.number_max});
  if (!bytes) return fail(bytes.error());
  if (const Status good = check_value(kind, field, *bytes); !good) return fail(good.error());
  change.value = std::move(*bytes);
  return change;
}

/// The attributes of one element from the members of its object.
Result<Bytes> element_bytes(const Field& field, const json& object, std::int64_t position) {
  std::vector<sync::Attribute> attributes;
  json more = json::object();
  bool placed = find_attribute(field, "position") == nullptr;
  for (const auto& [key, value] : object.items()) {
    if (key == field.element_key || key == "removed") continue;
    const AttributeField* known = find_attribute(field, key);
    if (known == nullptr) {
      if (key.starts_with('#')) return fail(ErrorCode::malformed, "a member begins with #");
      more[key] = value;
      continue;
    }
    if (value.is_null()) continue;
    Result<Bytes> bytes =
        value_bytes(value, {known->type, known->bytes_max, 0, attribute_number_max});
    if (!bytes) return fail(bytes.error(), std::string(known->key));
    if (known->number == attribute::position) placed = true;
    attributes.push_back({known->number, known->type, std::move(*bytes)});
  }
  if (!placed) {
    attributes.push_back({attribute::position, ValueType::integer, sync::encode_integer(position)});
  }
  if (!more.empty()) {
    const AttributeField* rest = find_attribute(field, attribute::more);
    if (rest == nullptr) return fail(ErrorCode::malformed, "an unknown member");
    Result<Bytes> bytes = json_bytes(more, rest->bytes_max);
    if (!bytes) return fail(bytes.error(), "unknown members");
    attributes.push_back({attribute::more, ValueType::json, std::move(*bytes)});
  }
  return sync::encode_element(std::move(attributes));
}

/// The elements' keys, normalised, each once: the second "CCCD" of a list becomes "CCCD #2". Names
/// that the list itself has are never taken for that, so the outcome does not depend on the list's
/// order.
Result<std::vector<std::string>> element_keys(const Field& field, const json& list) {
  std::vector<std::string> keys;
  std::set<std::string> given;
  const std::string member(field.element_key);
  for (const json& object : list) {
    if (!object.is_object() || !object.contains(member) || !object[member].is_string()) {
      return fail(ErrorCode::malformed, "an element without its " + member);
    }
    Result<std::string> key = normal_text(object[member].get_ref<const std::string&>(),
                                          limits::element_key_bytes_max, Lines::many);
    if (!key) return fail(key.error(), member);
    given.insert(*key);
    keys.push_back(std::move(*key));
  }
  std::set<std::string> used;
  for (std::string& key : keys) {
    std::string unique = key;
    for (std::size_t n = 2; used.contains(unique) || (unique != key && given.contains(unique));
         ++n) {
      unique = key + " #" + std::to_string(n);
    }
    if (unique.size() > limits::element_key_bytes_max) return fail(ErrorCode::limit, "too long");
    key = unique;
    used.insert(std::move(unique));
  }
  return keys;
}

Status add_elements(const Field& field, const json& list, std::vector<Change>& out) {
  if (list.is_null()) return {};
  if (!list.is_array()) return fail(ErrorCode::malformed, "not a list");
  if (list.size() > limits::elements_max) return fail(ErrorCode::limit, "too many elements");
  Result<std::vector<std::string>> keys = element_keys(field, list);
  if (!keys) return fail(keys.error());
  std::int64_t position = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json& object = list[i];
    Change change;
    change.field = tag_of(field);
    change.key = std::move((*keys)[i]);
    const auto removed = object.find("removed");
    if (removed != object.end() && !removed->is_boolean()) {
      return fail(ErrorCode::malformed, "removed: not true or false");
    }
    if (removed != object.end() && removed->get<bool>()) {
      if (object.size() != 2) return fail(ErrorCode::malformed, "a removed element has members");
    } else {
      Result<Bytes> bytes = element_bytes(field, object, ++position);
      if (!bytes) return fail(bytes.error(), "element " + std::to_string(i + 1));
      change.value = std::move(*bytes);
    }
    out.push_back(std::move(change));
  }
  return {};
}

/// A field that travels by name: `key` is the name, or `#0:` and a name that the schema has for
/// itself.
Result<Change> named_change(const std::string& key, const json& value) {
  const bool escaped = key.starts_with("#0:");
  if (key.starts_with('#') && !escaped) {
    return fail(ErrorCode::malformed, "a field's name may not begin with #");
  }
  const Result<std::string> name =
      normal_text(escaped ? key.substr(3) : key, limits::field_name_bytes_max, Lines::one);
  if (!name) return fail(name.error(), "a field's name");
  if (name->empty()) return fail(ErrorCode::malformed, "a field without a name");
  Change change;
  change.field = named_tag(*name);
  if (value.is_null()) return change;
  Result<Bytes> bytes = json_bytes(value, limits::changes_bytes_max);
  if (!bytes) return fail(bytes.error());
  change.value = std::move(*bytes);
  return change;
}

/// A key for a message: ours and names like ours as they are, anything else may be somebody's data.
std::string shown(std::string_view key) {
  const bool plain =
      !key.empty() && key.size() <= limits::field_name_bytes_max &&
      key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
  return plain ? "field " + std::string(key) : "an unknown field";
}

Status check_size(const std::vector<Change>& changes) {
  if (changes.size() > limits::changes_max) return fail(ErrorCode::limit, "too many changes");
  std::size_t bytes = 0;
  for (const Change& change : changes) {
    bytes +=
        change.field.name.size() + change.key.size() + (change.value ? change.value->size() : 0);
  }
  if (bytes > limits::changes_bytes_max) return fail(ErrorCode::limit, "too much for one entry");
  return {};
}

}  // namespace

Result<std::vector<Change>> changes_from_json(std::uint32_t kind, const json& fields) {
  if (!fields.is_object()) return fail(ErrorCode::malformed, "fields: not an object");
  std::vector<Change> changes;
  for (const auto& [key, value] : fields.items()) {
    const Field* field = find_field(kind, std::string_view(key));
    if (field != nullptr && field->policy == sync::Policy::keyed_union) {
      if (const Status added = add_elements(*field, value, changes); !added) {
        return fail(added.error(), shown(key));
      }
      continue;
    }
    Result<Change> change =
        field != nullptr ? plain_change(kind, *field, value) : named_change(key, value);
    if (!change) return fail(change.error(), shown(key));
    changes.push_back(std::move(*change));
  }
  if (const Status fits = check_size(changes); !fits) return fail(fits.error(), "fields");
  return sync::in_canonical_order(std::move(changes));
}

}  // namespace tram::schema
