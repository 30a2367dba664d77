#include "http/message.hpp"

namespace tram::http {

std::string_view header_value(const Headers& headers, std::string_view name) {
  for (const auto& [held_name, value] : headers) {
    if (held_name == name) return value;
  }
  return "";
}

Response text_response(int status, std::string_view text) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = sync::to_bytes(text);
  return response;
}

}  // namespace tram::http
