#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/core/bytes.hpp"
#include "sync/core/result.hpp"

/// The types a field's value can have. A type fixes the canonical bytes of a value and, on the
/// wire, the layout of its column; its number stands in every entry and is never used for anything
/// else. Format: schema/ledger.md, "Values". The engine compares values as bytes and looks inside
/// only one of them, the status of a workflow; so it merges types that it has never heard of.
namespace tram::sync {

enum class ValueType : std::uint8_t {
  text = 1,        ///< UTF-8, NFC, free
  token = 2,       ///< a word of a small vocabulary: channel, procedure code, unit code
  digits = 3,      ///< text that nearly always is decimal digits: identity number, phone
  code = 4,        ///< text with structure: dossier code, document number
  integer = 5,     ///< zigzag varint
  boolean = 6,     ///< one byte, 0 or 1
  date = 7,        ///< zigzag varint: days since 1970-01-01
  instant = 8,     ///< zigzag varint: seconds since 1970-01-01T00:00:00Z
  status = 9,      ///< rank, final flag, word (see StatusValue)
  reference = 10,  ///< 16 bytes: a record id
  bytes = 11,      ///< opaque
  json = 12,       ///< canonical JSON (keys sorted, no blanks): a field the schema does not know
  element = 13,    ///< attributes of one element of a union field (see Attribute)
};

/// How several concurrent values of a field become one (docs/ARCHITECTURE.md, "Merge").
enum class Policy : std::uint8_t {
  latest = 1,
  authority = 2,
  keyed_union = 3,
  workflow = 4,
  review = 5,
};

/// A step of a workflow. Rank and final flag travel in the value, so that every version orders
/// steps that it does not know.
struct StatusValue {
  std::uint8_t rank = 0;  ///< later steps have greater ranks
  bool final = false;     ///< two different finals are a conflict
  std::string word;       ///< e.g. "dang_xu_ly"; at most 64 bytes
  friend bool operator==(const StatusValue&, const StatusValue&) = default;
};

/// One attribute of an element, e.g. of a paper: number within the field, type, canonical bytes.
struct Attribute {
  std::uint32_t number = 0;
  ValueType type = ValueType::text;
  Bytes value;
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

/// Canonical bytes of each type. Text is taken as it is: normalising it is the schema's task.
[[nodiscard]] Bytes encode_text(std::string_view text);
[[nodiscard]] Bytes encode_integer(std::int64_t value);
[[nodiscard]] Bytes encode_boolean(bool value);
[[nodiscard]] Bytes encode_status(const StatusValue& status);
/// Attributes are written in ascending order of their numbers; a number twice is an assertion.
[[nodiscard]] Bytes encode_element(std::vector<Attribute> attributes);

/// The reverse. `malformed` for anything that the encoder would not have written.
[[nodiscard]] Result<std::int64_t> decode_integer(ByteView bytes);
[[nodiscard]] Result<bool> decode_boolean(ByteView bytes);
[[nodiscard]] Result<StatusValue> decode_status(ByteView bytes);
[[nodiscard]] Result<std::vector<Attribute>> decode_element(ByteView bytes);

}  // namespace tram::sync
