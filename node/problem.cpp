#include "node/problem.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace tram::node {

using sync::ErrorCode;

namespace {

constexpr std::size_t detail_bytes_max = 300;

// Codes that a hub may give a node; everything else is a fault of ours or of the line.
constexpr std::array<std::pair<std::string_view, ErrorCode>, 5> known{{
    {"refused", ErrorCode::refused},
    {"unverified", ErrorCode::unverified},
    {"limit", ErrorCode::limit},
    {"malformed", ErrorCode::malformed},
    {"unavailable", ErrorCode::unavailable},
}};

bool continues_letter(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

// One line, printable: it comes from the other side and goes to a terminal.
std::string one_line(std::string text) {
  if (text.size() > detail_bytes_max) {
    std::size_t end = detail_bytes_max;
    while (end != 0 && continues_letter(text[end])) --end;
    text.resize(end);
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) text[i] = ' ';
    // U+0080 to U+009F, which some terminals obey as well.
    const bool obeyed =
        byte == 0xc2 && i + 1 != text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (obeyed) text.replace(i, 2, " ");
  }
  return text;
}

}  // namespace

sync::Error problem_of(const http::Response& response) {
  const nlohmann::json body =
      response.content_type == "application/problem+json"
          ? nlohmann::json::parse(sync::as_text(response.body), nullptr, false)
          : nlohmann::json();
  if (!body.is_object() || !body.contains("code") || !body["code"].is_string() ||
      !body.contains("detail") || !body["detail"].is_string()) {
    return {ErrorCode::unavailable, "something on the line answered that is not the hub (status " +
                                        std::to_string(response.status) + ")"};
  }
  const std::string code = body["code"];
  ErrorCode meaning = ErrorCode::failed;
  for (const auto& [word, value] : known) {
    if (word == code) meaning = value;
  }
  return {meaning, "the hub says: " + one_line(body["detail"])};
}

}  // namespace tram::node
