#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "host/control.hpp"
#include "sync/core/result.hpp"

/// What a program can do, as named methods from JSON to JSON: the one list that its command line
/// and its control channel share, so that a command does the same beside a running daemon and
/// without one.
namespace tram::command {

/// Gives one item of the answer; false when nobody listens any more.
using Emit = std::function<bool(const nlohmann::json&)>;
/// Called from any thread, also several at once. Throws nothing but what nlohmann throws for
/// parameters of a wrong shape.
using Method = std::function<sync::Status(const nlohmann::json& params, const Emit& emit)>;

class Methods {
 public:
  void add(std::string name, Method method);
  /// `usage` for a method that does not exist or parameters that do not fit it.
  [[nodiscard]] sync::Status call(std::string_view name, const nlohmann::json& params,
                                  const Emit& emit) const;

 private:
  std::map<std::string, Method, std::less<>> methods_;
};

/// Serves the methods on a control channel. `methods` must outlive the server.
[[nodiscard]] host::ControlHandler control_handler(const Methods& methods);

/// The other end: calls a method through the channel. `usage` for parameters that are not UTF-8;
/// `failed` if an answer, or what `on_item` makes of an item, has another shape than this
/// version's.
[[nodiscard]] sync::Status call_through(host::ControlClient& client, std::string_view name,
                                        const nlohmann::json& params,
                                        const std::function<void(const nlohmann::json&)>& on_item);

}  // namespace tram::command
