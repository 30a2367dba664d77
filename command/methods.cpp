#include "command/methods.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace tram::command {

using nlohmann::json;
using sync::ErrorCode;
using sync::fail;

namespace {

constexpr std::array all_codes{ErrorCode::malformed, ErrorCode::limit,        ErrorCode::unverified,
                               ErrorCode::refused,   ErrorCode::unavailable,  ErrorCode::not_found,
                               ErrorCode::conflict,  ErrorCode::not_enrolled, ErrorCode::usage,
                               ErrorCode::io,        ErrorCode::damaged,      ErrorCode::failed};

ErrorCode code_from(std::string_view word) {
  for (const ErrorCode code : all_codes) {
    if (sync::to_word(code) == word) return code;
  }
  return ErrorCode::failed;
}

// Text that came from a person may not be UTF-8: it must not stop an answer.
std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

void Methods::add(std::string name, Method method) {
  methods_[std::move(name)] = std::move(method);
}

sync::Status Methods::call(std::string_view name, const json& params, const Emit& emit) const {
  const auto method = methods_.find(name);
  if (method == methods_.end()) {
    return fail(ErrorCode::usage, "the running daemon does not know this command: restart it");
  }
  try {
    return method->second(params, emit);
  } catch (const json::exception&) {
    return fail(ErrorCode::usage, "the parameters of this command do not fit");
  }
}

host::ControlHandler control_handler(const Methods& methods) {
  return [&methods](std::string_view text, const host::ControlReply& reply) {
    const json request = json::parse(text, nullptr, false);
    if (!request.is_object() || !request.contains("method") || !request["method"].is_string()) {
      reply(R"({"error":{"code":"usage","message":"not a request"}})");
      return;
    }
    const Emit emit = [&reply](const json& item) { return reply(dump({{"item", item}})); };
    const sync::Status done = methods.call(request["method"].get_ref<const std::string&>(),
                                           request.value("params", json::object()), emit);
    if (!done) {
      reply(dump(
          {{"error",
            {{"code", sync::to_word(done.error().code)}, {"message", done.error().message}}}}));
    }
  };
}

sync::Status call_through(host::ControlClient& client, std::string_view name, const json& params,
                          const std::function<void(const json&)>& on_item) {
  std::string request;
  try {
    request = json{{"method", name}, {"params", params}}.dump();
  } catch (const json::exception&) {
    // Never replaced: the daemon would take it for what somebody meant.
    return fail(ErrorCode::usage, "the parameters of this command are not UTF-8");
  }
  std::optional<sync::Error> error;
  const sync::Status called = client.call(request, [&](std::string_view text) {
    const json answer = json::parse(text, nullptr, false);
    if (error) return;
    try {
      if (answer.is_object() && answer.contains("item")) {
        on_item(answer["item"]);
      } else {
        error = sync::Error{code_from(answer.at("error").at("code").get<std::string>()),
                            answer["error"].at("message")};
      }
    } catch (const json::exception&) {
      error = sync::Error{ErrorCode::failed, "the daemon gave an answer of another version"};
    }
  });
  if (!called) return fail(called.error());
  if (error) return fail(*error);
  return {};
}

}  // namespace tram::command
