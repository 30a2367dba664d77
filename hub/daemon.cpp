#include "hub/daemon.hpp"

#include "command/access.hpp"
#include "host/clock.hpp"
#include "host/control.hpp"
#include "host/lock.hpp"
#include "host/log.hpp"
#include "host/signals.hpp"
#include "hub/exchanges.hpp"
#include "hub/front.hpp"
#include "hub/operations.hpp"

namespace tram::hub {

using sync::fail;

namespace {

constexpr std::int64_t disk_check_ms = 60'000;
constexpr std::int64_t week_ms = 7 * 24 * 3'600'000LL;
// Whoever starts it again opens the store anew, which checks it.
constexpr const char* broken_words =
    "the disk failed while it saved; what was acknowledged before stands. The program ends, to be "
    "started again: look at the disk if this comes back";

void renew(Front& front) {
  const sync::Status renewed = front.renew_certificate();
  if (renewed) return;
  host::log(host::Level::error, "hub.certificate_not_renewed",
            {{"reason", renewed.error().message}});
}

}  // namespace

sync::Status run_daemon(const std::filesystem::path& directory,
                        const std::optional<std::string>& listen) {
  const host::StopSignal stop;
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    return fail(sync::ErrorCode::not_enrolled,
                "there is no data folder " + directory.string() + ": run `init` first");
  }
  const sync::Result<host::DataLock> lock = command::lock_for_daemon(directory);
  if (!lock) return fail(lock.error());
  sync::Result<std::unique_ptr<Hub>> hub = Hub::open(directory);
  if (!hub) return fail(hub.error());
  command::DiskGuard disk((*hub)->store(), directory, ballast_bytes((*hub)->config()));
  disk.on_failure([&stop] { stop.request(); });
  sync::Result<std::unique_ptr<Exchanges>> exchanges = Exchanges::start(**hub);
  if (!exchanges) return fail(exchanges.error());
  Front front(**hub, **exchanges);
  front.admit_by([&disk] { return disk.admit(); });
  const std::string address = listen.value_or((*hub)->config().listen);
  const sync::Result<std::uint16_t> port = front.start(address);
  if (!port) return fail(port.error());

  const command::Methods methods = operations_of(
      **hub, {[&](const sync::PublicKey& key) { return (*exchanges)->last_contact(key); },
              [&] { renew(front); }, &disk});
  sync::Result<host::ControlServer> control =
      host::ControlServer::start(directory, command::control_handler(methods));
  if (!control) return fail(control.error());
  host::log(host::Level::info, "hub.listening",
            {{"address", address.substr(0, address.rfind(':'))}, {"port", *port}});

  // The server's certificate lives 90 days: a new one a week keeps a hub that is never restarted
  // going.
  std::int64_t renewed_at = host::steady_now_ms();
  while (!stop.wait_for(disk_check_ms)) {
    static_cast<void>(disk.read_only());
    if (host::steady_now_ms() - renewed_at < week_ms) continue;
    renewed_at = host::steady_now_ms();
    renew(front);
  }
  host::log(host::Level::info, "hub.stopping", {});
  control->stop();
  front.stop();
  if ((*hub)->store().is_broken()) return fail(sync::ErrorCode::io, broken_words);
  return {};
}

}  // namespace tram::hub
