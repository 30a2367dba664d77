#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sync/core/result.hpp"

/// Text as it is stored (NFC, as typed) and as it is searched (folded). Stored text is never
/// folded, and a folded key is never shown or sent: the rules of folding may grow, those of NFC may
/// not.
namespace tram::schema {

/// May a text have several lines?
enum class Lines { one, many };

/// What happens to blanks in a search key.
enum class Blanks {
  kept,    ///< runs of blanks become one, none at the ends: finds words
  dropped  ///< "b lao" and "blao" are the same: finds names with blanks inside
};

[[nodiscard]] bool is_utf8(std::string_view text);

/// Unicode's composed form: the same letters give the same bytes, however they were typed.
/// `malformed` for bytes that are not UTF-8.
[[nodiscard]] sync::Result<std::string> to_nfc(std::string_view text);

/// A text as it goes into an entry: NFC, CR LF as LF, nothing else touched. `malformed` for invalid
/// UTF-8, NUL and other control characters (tabs and line feeds pass where `lines` is many),
/// `limit` above `bytes_max`. The message never has the text.
[[nodiscard]] sync::Result<std::string> normal_text(std::string_view text, std::size_t bytes_max,
                                                    Lines lines);

/// The key under which a name is found: lower case without accents, đ and ð as d, ƀ as b, no
/// apostrophes of any kind, no hyphens. Both ways of placing a tone (hòa, hoà) give one key. Empty
/// for bytes that are not UTF-8, which no stored text is.
[[nodiscard]] std::string fold_name(std::string_view name, Blanks blanks);

}  // namespace tram::schema
