// Goal: what a hub says is told by its meaning; what something else says is never taken for a hub.
// Method: answers as hubs, captive portals and broken proxies give them.
#include "node/problem.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace tram;
using node::problem_of;
using sync::ErrorCode;

namespace {

http::Response answer(int status, const std::string& content_type, const std::string& body) {
  return {status, content_type, sync::to_bytes(body), {}};
}

sync::Error problem(const std::string& body) {
  return problem_of(answer(403, "application/problem+json", body));
}

sync::Error said(const std::string& detail) {
  return problem(nlohmann::json{{"code", "refused"}, {"detail", detail}}.dump());
}

const std::string prefix = "the hub says: ";

}  // namespace

TEST_CASE("each code of the hub has its meaning") {
  const std::pair<const char*, ErrorCode> codes[] = {
      {"refused", ErrorCode::refused},
      {"unverified", ErrorCode::unverified},
      {"limit", ErrorCode::limit},
      {"malformed", ErrorCode::malformed},
      {"unavailable", ErrorCode::unavailable},
      {"not_found", ErrorCode::failed},
      {"io", ErrorCode::failed},
      {"not_enrolled", ErrorCode::failed},
      {"of_tomorrow", ErrorCode::failed},
      {"", ErrorCode::failed},
  };
  for (const auto& [word, code] : codes) {
    CAPTURE(word);
    const sync::Error error =
        problem(nlohmann::json{{"code", word}, {"detail", "no"}, {"more", 1}}.dump());
    CHECK(error.code == code);
    CHECK(error.message == "the hub says: no");
  }
}

TEST_CASE("what is no problem document is not the hub") {
  const std::string page = "<html><body>Đăng nhập WiFi</body></html>";
  for (const http::Response& response :
       {answer(200, "text/html", page), answer(302, "text/html", page), answer(403, "", ""),
        answer(403, "application/json", R"({"code":"refused","detail":"no"})"),
        answer(404, "application/problem+json", page),
        answer(403, "application/problem+json", R"({"code":"refused")"),
        answer(403, "application/problem+json", R"(["refused"])"),
        answer(403, "application/problem+json", R"({"code":7,"detail":"no"})"),
        answer(403, "application/problem+json", R"({"code":"refused","detail":null})"),
        answer(403, "application/problem+json", R"({"code":"refused"})"),
        answer(403, "application/problem+json", R"({"detail":"no"})"),
        answer(403, "application/problem+json", "{\"code\":\"refused\",\"detail\":\"\xff\"}")}) {
    CAPTURE(response.status, sync::as_text(response.body));
    const sync::Error error = problem_of(response);
    CHECK(error.code == ErrorCode::unavailable);
    CHECK_THAT(error.message, Catch::Contains(std::to_string(response.status)));
    CHECK(error.message.find("WiFi") == std::string::npos);
  }
}

TEST_CASE("a detail is one line that no terminal obeys") {
  CHECK(said("a\nb\r\tc\x1b[2Jd").message == prefix + "a b  c [2Jd");
  CHECK(said(std::string("a\0b\x7f", 4)).message == prefix + "a b ");
  CHECK(said("a\xc2\x9b"
             "2Jb\xc2\x80")
            .message == prefix + "a 2Jb ");
  CHECK(said("mã này sai\xc2\xa0!").message == prefix + "mã này sai\xc2\xa0!");
}

TEST_CASE("a long detail is cut between letters") {
  const std::string letters = said(std::string(400, 'x')).message;
  CHECK(letters == prefix + std::string(300, 'x'));
  std::string text = "x";
  for (int i = 0; i < 200; ++i) text += "ộ";
  const std::string cut = said(text).message;
  CHECK(cut.size() == prefix.size() + 298);
  CHECK(nlohmann::json(cut).dump().size() == cut.size() + 2);
}
