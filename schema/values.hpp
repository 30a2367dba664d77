#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "sync/core/bytes.hpp"
#include "sync/core/result.hpp"
#include "sync/ledger/entry.hpp"

/// JSON ⇄ the canonical bytes of values. The only place where a value gets or loses its bytes, so
/// that an import, a page and an adapter that mean the same write the same.
///
/// Writing is strict: what the field does not allow is refused with the field's key and the reason,
/// never with the value. Reading is not: bytes that this version cannot read are shown as they are.
/// Pure functions, any thread; no exception leaves them.
namespace tram::schema {

/// The changes that an object of fields means, in canonical order, whole: `{"status":"trinh_ky"}`.
///
/// *Fields.* null clears a field. A field the schema does not know goes by its name, as canonical
/// JSON, under review, so that it is nobody's loss. Names that begin with # are ours: `#0:name` is
/// the field that travels by `name` although the schema now has one of that key; any other is
/// refused.
///
/// *Values.* Text becomes NFC. Moments have whole seconds and a zone, dates are complete, integers
/// are integers and within the field's limits.
///
/// *Lists.* A keyed_union is a list of objects, each with its key (a paper's "name"). An element
/// that is not in the list is left alone: absence removes nothing, `{"name":…,"removed":true}`
/// does. So an empty list, or null, changes nothing. Two elements of one name both stay: the second
/// is called `name #2`. Members that the schema does not know stay with their element. Where
/// elements have an order it is the list's, unless an element brings its own "position", as one
/// must that is sent without its neighbours.
///
/// `malformed` or `limit`. The result may be empty: whoever needs a change must look.
[[nodiscard]] sync::Result<std::vector<sync::Change>> changes_from_json(
    std::uint32_t kind, const nlohmann::json& fields);

/// The reverse: json → changes → json is the identity on what this function gives, and on every
/// object that is in normal form already. Lists are ordered as `export_line` orders them.
[[nodiscard]] nlohmann::json json_from_changes(std::uint32_t kind,
                                               const std::vector<sync::Change>& changes);

/// One value as JSON; of an element, its attributes without key and position. Moments are local
/// time. Bytes that are not of the type, and types or fields that this version does not know,
/// become `{"type":n,"hex":"…"}`: nothing is hidden, and nothing fails.
[[nodiscard]] nlohmann::json value_to_json(std::uint32_t kind, const sync::FieldTag& tag,
                                           sync::ByteView value);

/// The key of a field in JSON, different for different tags: the schema's key, or the name under
/// which it travelled (`#0:name` if the schema has that key), or `#number.type.policy` for a field
/// from a newer version.
[[nodiscard]] std::string field_key_for_export(std::uint32_t kind, const sync::FieldTag& tag);

/// An element's key as JSON may have it: itself, or `#hex:…` if a peer wrote one that is not UTF-8.
[[nodiscard]] std::string element_key_for_export(std::string_view key);

/// The member of an element's object that holds its key: "name" for papers; "key" for unknown
/// fields.
[[nodiscard]] std::string_view element_member(std::uint32_t kind, const sync::FieldTag& tag);

/// Where an element stands in its list; elements without a position come last.
[[nodiscard]] std::int64_t position_of(sync::ByteView element);

}  // namespace tram::schema
