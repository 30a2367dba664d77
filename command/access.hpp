#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "command/methods.hpp"
#include "host/control.hpp"
#include "host/lock.hpp"
#include "sync/core/result.hpp"

/// A command's way to a data directory: through the daemon that runs on it, or, if none does, with
/// the directory's lock and the methods in this very process.
namespace tram::command {

/// What a program opens when it works on the directory itself: owns the store, gives the methods.
class Opened {
 public:
  virtual ~Opened() = default;
  [[nodiscard]] virtual const Methods& methods() const = 0;
};

/// The lock for a daemon. A command that works on the directory just now is waited for, as by the
/// commands themselves, so that a daemon starts also while a cron job asks for the status.
/// `conflict` at once where a daemon runs, and after ten seconds otherwise; errors of the lock.
[[nodiscard]] sync::Result<host::DataLock> lock_for_daemon(const std::filesystem::path& directory);

using Open = std::function<sync::Result<std::unique_ptr<Opened>>()>;

class Access {
 public:
  /// Another command that works on the directory is waited for, up to ten seconds; then `conflict`.
  /// `not_enrolled` if the directory does not exist. Errors of `open` are passed on.
  [[nodiscard]] static sync::Result<Access> to(const std::filesystem::path& directory,
                                               const Open& open);

  [[nodiscard]] sync::Status call(std::string_view name, const nlohmann::json& params,
                                  const std::function<void(const nlohmann::json&)>& on_item);

 private:
  Access() = default;

  std::optional<host::ControlClient> daemon_;
  std::optional<host::DataLock> lock_;
  std::unique_ptr<Opened> opened_;  // after the lock: closed before it is given up
};

}  // namespace tram::command
