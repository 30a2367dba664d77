#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "sync/ledger/entry.hpp"
#include "sync/ledger/value.hpp"

/// The fields of each record kind: number, key, type, merge policy, limits, names for people.
///
/// A field's number, type and policy are its identity in every entry ever written, so no row of
/// these tables is ever changed or reused; another type or policy is another field with another
/// number (README.md, "Changing the schema"). Labels and limits may change: labels are for screens,
/// and limits bind only who writes, never who reads.
///
/// Tables are constants: any thread, no ownership.
namespace tram::schema {

/// One attribute of the elements of a keyed_union field, e.g. whether a paper is there.
struct AttributeField {
  std::uint32_t number = 0;
  std::string_view key;
  sync::ValueType type = sync::ValueType::text;
  std::size_t bytes_max = 0;  ///< of text; 0 for numbers
};

struct Field {
  std::uint32_t number = 0;
  std::string_view key;  ///< in JSON: exactly that of the change events
  sync::ValueType type = sync::ValueType::text;
  sync::Policy policy = sync::Policy::latest;
  std::size_t bytes_max = 0;    ///< of a text, blob or JSON value, after normalising; else 0
  std::int64_t number_min = 0;  ///< of an integer
  std::int64_t number_max = 0;
  bool personal = false;  ///< tells something about a citizen: never in logs, metrics, error texts
  std::string_view label_vi;
  std::string_view label_en;
  std::string_view element_key;                ///< the member that holds an element's key: "name"
  std::span<const AttributeField> attributes;  ///< of an element; empty for other types
};

/// Every field of a kind, ascending by number. Empty for kinds that are unknown or only reserved.
[[nodiscard]] std::span<const Field> fields_of(std::uint32_t kind);

/// nullptr if this version knows no such field.
[[nodiscard]] const Field* find_field(std::uint32_t kind, std::string_view key);
[[nodiscard]] const Field* find_field(std::uint32_t kind, std::uint32_t number);
/// The field with this very tag: also type and policy must be ours. nullptr for travelled names.
[[nodiscard]] const Field* find_field(std::uint32_t kind, const sync::FieldTag& tag);

[[nodiscard]] const AttributeField* find_attribute(const Field& field, std::string_view key);
[[nodiscard]] const AttributeField* find_attribute(const Field& field, std::uint32_t number);

/// The identity that goes into entries.
[[nodiscard]] sync::FieldTag tag_of(const Field& field);

/// The field that carries a value under a name which the writer's schema did not know.
[[nodiscard]] sync::FieldTag named_tag(std::string_view name);

/// Attributes that mean the same in every union.
namespace attribute {
inline constexpr std::uint32_t position = 1;  ///< where the element stands in its list, from 1
inline constexpr std::uint32_t more = 31;  ///< members that the writer's schema did not know: JSON
}  // namespace attribute

/// Numbers of the dossier's fields, for code that must name one.
namespace dossier_field {
inline constexpr std::uint32_t code = 1;
inline constexpr std::uint32_t custody = 2;
inline constexpr std::uint32_t procedure_code = 3;
inline constexpr std::uint32_t procedure_name = 4;
inline constexpr std::uint32_t sector = 5;
inline constexpr std::uint32_t level = 6;
inline constexpr std::uint32_t agency = 7;
inline constexpr std::uint32_t applicant_name = 8;
inline constexpr std::uint32_t applicant_id = 9;
inline constexpr std::uint32_t gender = 10;
inline constexpr std::uint32_t dob = 11;
inline constexpr std::uint32_t phone = 12;
inline constexpr std::uint32_t address = 13;
inline constexpr std::uint32_t channel = 14;
inline constexpr std::uint32_t return_via = 15;
inline constexpr std::uint32_t received_at = 16;
inline constexpr std::uint32_t due_at = 17;
inline constexpr std::uint32_t status = 18;
inline constexpr std::uint32_t step = 19;
inline constexpr std::uint32_t officer = 20;
inline constexpr std::uint32_t copies = 21;
inline constexpr std::uint32_t fee_amount = 22;
inline constexpr std::uint32_t fee_paid = 23;
inline constexpr std::uint32_t fee_receipt = 24;
inline constexpr std::uint32_t checklist = 25;
inline constexpr std::uint32_t notes = 26;
inline constexpr std::uint32_t result_no = 27;
inline constexpr std::uint32_t result_at = 28;
inline constexpr std::uint32_t dob_partial = 29;  ///< "1956" or "1956-04", from old books
inline constexpr std::uint32_t other_codes = 30;  ///< provisional code, other systems' numbers
}  // namespace dossier_field

namespace unit_field {
inline constexpr std::uint32_t name = 3;
inline constexpr std::uint32_t type = 4;
inline constexpr std::uint32_t full_name = 5;
inline constexpr std::uint32_t province_code = 6;
inline constexpr std::uint32_t aliases = 7;
inline constexpr std::uint32_t predecessors = 8;
inline constexpr std::uint32_t successors = 9;
inline constexpr std::uint32_t agency_code = 10;  ///< the identifier in dossier codes: H36.49
inline constexpr std::uint32_t effective_from = 11;
inline constexpr std::uint32_t effective_to = 12;
}  // namespace unit_field

namespace procedure_field {
inline constexpr std::uint32_t name = 3;
inline constexpr std::uint32_t sector = 4;
inline constexpr std::uint32_t limit_halves = 5;  ///< twice the time limit: 5 is 2.5 units
inline constexpr std::uint32_t limit_unit = 6;
inline constexpr std::uint32_t limit_text = 7;
inline constexpr std::uint32_t papers = 8;
inline constexpr std::uint32_t result = 9;
inline constexpr std::uint32_t effective_from = 10;
inline constexpr std::uint32_t effective_to = 11;
inline constexpr std::uint32_t decision_no = 12;
inline constexpr std::uint32_t confidence = 13;
inline constexpr std::uint32_t note = 14;
inline constexpr std::uint32_t fee_amount = 15;
}  // namespace procedure_field

namespace device_field {
inline constexpr std::uint32_t public_key = 3;
inline constexpr std::uint32_t unit = 4;
inline constexpr std::uint32_t label = 5;
inline constexpr std::uint32_t role = 6;  ///< node or hub
inline constexpr std::uint32_t enrolment_hash = 7;
inline constexpr std::uint32_t slot_first = 8;
inline constexpr std::uint32_t slot_last = 9;
inline constexpr std::uint32_t state = 10;  ///< active or revoked
inline constexpr std::uint32_t certificate_serial = 11;
}  // namespace device_field

namespace account_field {
inline constexpr std::uint32_t unit = 3;
inline constexpr std::uint32_t name = 4;
inline constexpr std::uint32_t role = 5;      ///< clerk, officer, leader, it
inline constexpr std::uint32_t verifier = 6;  ///< scrypt parameters, salt and hash
inline constexpr std::uint32_t disabled = 7;
}  // namespace account_field

namespace setting_field {
inline constexpr std::uint32_t value = 3;
inline constexpr std::uint32_t note = 4;
}  // namespace setting_field

namespace holiday_field {
inline constexpr std::uint32_t date = 3;
inline constexpr std::uint32_t type = 4;  ///< holiday, substitute, swap_off, swap_work
inline constexpr std::uint32_t name = 5;
inline constexpr std::uint32_t confidence = 6;
inline constexpr std::uint32_t source = 7;
inline constexpr std::uint32_t note = 8;
}  // namespace holiday_field

}  // namespace tram::schema
