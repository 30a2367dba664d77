#include "command/access.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "host/clock.hpp"

namespace tram::command {

using sync::ErrorCode;
using sync::fail;

namespace {

constexpr std::int64_t lock_wait_ms = 10'000;
constexpr std::chrono::milliseconds lock_poll{20};

// Whoever holds the lock gives no sign when it lets go: look again a little later.
void wait_a_little() {
  std::mutex mutex;
  std::condition_variable nobody;
  std::unique_lock lock(mutex);
  nobody.wait_for(lock, lock_poll);
}

// A running daemon or, where there is none, the directory's lock.
struct Claim {
  std::optional<host::ControlClient> daemon;
  std::optional<host::DataLock> lock;
};

sync::Result<Claim> claim(const std::filesystem::path& directory) {
  const host::SteadyClock waited;
  Claim out;
  while (true) {
    sync::Result<host::ControlClient> daemon = host::ControlClient::connect(directory);
    if (daemon) {
      out.daemon = std::move(*daemon);
      return out;
    }
    if (daemon.error().code != ErrorCode::not_found) return fail(daemon.error());
    sync::Result<host::DataLock> lock = host::DataLock::acquire(directory);
    if (lock) {
      out.lock = std::move(*lock);
      return out;
    }
    if (lock.error().code != ErrorCode::conflict || waited.elapsed_ms() > lock_wait_ms) {
      return fail(lock.error());
    }
    wait_a_little();
  }
}

}  // namespace

sync::Result<host::DataLock> lock_for_daemon(const std::filesystem::path& directory) {
  sync::Result<Claim> claimed = claim(directory);
  if (!claimed) return fail(claimed.error());
  // The lock's own words name the other daemon's process.
  if (claimed->daemon) return host::DataLock::acquire(directory);
  return std::move(*claimed->lock);
}

sync::Result<Access> Access::to(const std::filesystem::path& directory, const Open& open) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    return fail(ErrorCode::not_enrolled, "there is no data folder " + directory.string());
  }
  sync::Result<Claim> claimed = claim(directory);
  if (!claimed) return fail(claimed.error());
  Access access;
  access.daemon_ = std::move(claimed->daemon);
  access.lock_ = std::move(claimed->lock);
  if (access.daemon_) return access;
  sync::Result<std::unique_ptr<Opened>> opened = open();
  if (!opened) return fail(opened.error());
  access.opened_ = std::move(*opened);
  return access;
}

sync::Status Access::call(std::string_view name, const nlohmann::json& params,
                          const std::function<void(const nlohmann::json&)>& on_item) {
  if (daemon_) return call_through(*daemon_, name, params, on_item);
  return opened_->methods().call(name, params, [&](const nlohmann::json& item) {
    on_item(item);
    return true;
  });
}

}  // namespace tram::command
