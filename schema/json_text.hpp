#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "sync/core/result.hpp"

/// JSON from outside, and JSON as bytes that everybody writes alike. The library is lenient where
/// we must not be: it keeps the last of two equal keys and rounds long numbers, both silently.
namespace tram::schema {

/// One JSON value, strictly: valid UTF-8, no key twice in an object, no more than
/// `limits::json_depth_max` levels, no number that would be kept inexactly (fifteen digits after an
/// exponent or point; integers of 64 bits). `limit` for what is too large or deep, else
/// `malformed`; the message has no part of the text.
[[nodiscard]] sync::Result<nlohmann::json> parse_json(std::string_view text, std::size_t bytes_max);

/// Keys sorted by bytes, no blanks, UTF-8 unescaped. Strings that are no UTF-8 are `malformed`.
[[nodiscard]] sync::Result<std::string> canonical_json(const nlohmann::json& value);

}  // namespace tram::schema
