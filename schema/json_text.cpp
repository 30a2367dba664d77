#include "schema/json_text.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "schema/limits.hpp"

namespace tram::schema {

namespace {

using nlohmann::json;
using sync::ErrorCode;
using sync::fail;
using sync::Result;

/// Digits that carry the value: without sign, point, exponent, and zeros at both ends.
std::size_t significant_digits(std::string_view number) {
  std::string digits;
  for (const char c : number.substr(0, number.find_first_of("eE"))) {
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  const std::size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return 0;
  return digits.find_last_not_of('0') - first + 1;
}

/// Walks over the text before the library builds anything, and stops at the first thing that the
/// library would accept and we do not. The names are the library's.
class Inspector {
 public:
  bool null() { return true; }
  bool boolean(bool) { return true; }
  bool number_integer(json::number_integer_t) { return true; }
  bool number_unsigned(json::number_unsigned_t) { return true; }
  bool string(const std::string&) { return true; }
  bool binary(const json::binary_t&) { return refuse("not JSON"); }

  bool number_float(json::number_float_t value, const std::string& text) {
    const std::size_t digits = significant_digits(text);
    const bool tiny = std::abs(value) < std::numeric_limits<double>::min();
    if (digits > limits::json_float_digits_max || (digits != 0 && tiny)) {
      return refuse("a number that cannot be kept exactly");
    }
    return true;
  }

  bool start_object(std::size_t) { return enter(); }
  bool start_array(std::size_t) { return enter(); }
  bool end_object() { return leave(); }
  bool end_array() { return leave(); }

  bool key(const std::string& name) {
    if (!keys_.back().insert(name).second) return refuse("a key stands twice in one object");
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const json::exception&) {
    // Only the place: the library's own message repeats the text around it.
    return refuse("not valid JSON at byte " + std::to_string(position));
  }

  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] ErrorCode code() const { return code_; }

 private:
  bool refuse(std::string why) {
    why_ = std::move(why);
    return false;
  }

  bool enter() {
    keys_.emplace_back();
    if (keys_.size() <= limits::json_depth_max) return true;
    code_ = ErrorCode::limit;
    return refuse("nested too deep");
  }

  bool leave() {
    keys_.pop_back();
    return true;
  }

  std::vector<std::set<std::string>> keys_;
  std::string why_;
  ErrorCode code_ = ErrorCode::malformed;
};

}  // namespace

Result<json> parse_json(std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return fail(ErrorCode::limit, "longer than " + std::to_string(bytes_max) + " bytes");
  }
  Inspector inspector;
  if (!json::sax_parse(text.begin(), text.end(), &inspector)) {
    return fail(inspector.code(), inspector.why());
  }
  json value = json::parse(text.begin(), text.end(), nullptr, false);
  if (value.is_discarded()) return fail(ErrorCode::malformed, "not valid JSON");
  return value;
}

Result<std::string> canonical_json(const json& value) {
  try {
    return value.dump(-1, ' ', false, json::error_handler_t::strict);
  } catch (const json::exception&) {
    return fail(ErrorCode::malformed, "not valid UTF-8");
  }
}

}  // namespace tram::schema
