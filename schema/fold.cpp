#include "schema/fold.hpp"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>

#include "sync/core/bytes.hpp"

namespace tram::schema {

namespace {

using sync::ErrorCode;
using sync::fail;
using sync::Result;

struct Free {
  void operator()(utf8proc_uint8_t* bytes) const { std::free(bytes); }
};

/// Folding before Unicode's own: letters that have no accent to strip, and every sign that people
/// type for an apostrophe or a hyphen. ð is there because old fonts and bad conversions write Đ as
/// Ð.
utf8proc_int32_t fold_letter(utf8proc_int32_t letter, void* /*unused*/) {
  switch (letter) {
    case 0x0110:
    case 0x0111:
    case 0x00D0:
    case 0x00F0:
    case 0x0189:
    case 0x0256: return 'd';
    case 0x0243:
    case 0x0180: return 'b';
    case '`':
    case 0x00B4:
    case 0x2018:
    case 0x2019:
    case 0x201B:
    case 0x02BB:
    case 0x02BC:
    case 0x02B9:
    case 0x02C8:
    case 0x2032:
    case 0xFF07: return '\'';
    case 0x00AD:
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2014:
    case 0x2212: return '-';
    case '\t':
    case '\n':
    case '\r': return ' ';
    default: return letter;
  }
}

std::string take(utf8proc_uint8_t* bytes, utf8proc_ssize_t size) {
  const std::unique_ptr<utf8proc_uint8_t, Free> owner(bytes);
  return std::string(sync::as_text({bytes, static_cast<std::size_t>(size)}));
}

/// NUL and the other control characters of ASCII and Latin-1, as they stand in UTF-8.
bool has_control(std::string_view text, Lines lines) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) {
      if (lines == Lines::one || (byte != '\n' && byte != '\t')) return true;
    }
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      return true;
    }
  }
  return false;
}

std::string unix_lines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool pair = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (!pair) out.push_back(text[i]);
  }
  return out;
}

}  // namespace

bool is_utf8(std::string_view text) {
  sync::ByteView rest = sync::as_bytes(text);
  while (!rest.empty()) {
    utf8proc_int32_t letter = 0;
    const utf8proc_ssize_t size =
        utf8proc_iterate(rest.data(), static_cast<utf8proc_ssize_t>(rest.size()), &letter);
    if (size <= 0) return false;
    rest = rest.subspan(static_cast<std::size_t>(size));
  }
  return true;
}

Result<std::string> to_nfc(std::string_view text) {
  if (text.empty()) return std::string();
  utf8proc_uint8_t* out = nullptr;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const utf8proc_ssize_t size = utf8proc_map(
      sync::as_bytes(text).data(), static_cast<utf8proc_ssize_t>(text.size()), &out, options);
  if (size < 0) return fail(ErrorCode::malformed, "not valid UTF-8");
  return take(out, size);
}

Result<std::string> normal_text(std::string_view text, std::size_t bytes_max, Lines lines) {
  const std::string too_long = "longer than " + std::to_string(bytes_max) + " bytes";
  // Composing shrinks a text to a third at most: what is far too long need not be composed first.
  if (text.size() / 4 > bytes_max) return fail(ErrorCode::limit, too_long);
  Result<std::string> nfc = to_nfc(lines == Lines::many ? unix_lines(text) : std::string(text));
  if (!nfc) return nfc;
  if (has_control(*nfc, lines)) return fail(ErrorCode::malformed, "has control characters");
  if (nfc->size() > bytes_max) return fail(ErrorCode::limit, too_long);
  return nfc;
}

std::string fold_name(std::string_view name, Blanks blanks) {
  if (name.empty()) return {};
  utf8proc_uint8_t* bytes = nullptr;
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                                     UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK | UTF8PROC_IGNORE);
  const utf8proc_ssize_t size =
      utf8proc_map_custom(sync::as_bytes(name).data(), static_cast<utf8proc_ssize_t>(name.size()),
                          &bytes, options, fold_letter, nullptr);
  if (size < 0) return {};
  std::string out;
  bool gap = false;
  for (const char letter : take(bytes, size)) {
    if (letter == '\'' || letter == '-') continue;
    if (letter == ' ') {
      gap = true;
      continue;
    }
    if (gap && !out.empty() && blanks == Blanks::kept) out.push_back(' ');
    gap = false;
    out.push_back(letter);
  }
  return out;
}

}  // namespace tram::schema
