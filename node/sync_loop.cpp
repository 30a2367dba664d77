#include "node/sync_loop.hpp"

#include <algorithm>
#include <chrono>

#include "host/clock.hpp"
#include "host/log.hpp"

namespace tram::node {

namespace {

ScheduleOptions options_of(const config::NodeConfig& config) {
  ScheduleOptions options;
  options.retry_first_ms = config.retry_first_s * 1000;
  options.retry_longest_ms = config.retry_longest_s * 1000;
  return options;
}

}  // namespace

SyncLoop::SyncLoop(Node& node, Link& link)
    : node_(node), link_(link), schedule_(options_of(node.config())) {
  thread_ = std::thread([this] { run(); });
}

SyncLoop::~SyncLoop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SyncLoop::work_came() {
  {
    const std::lock_guard lock(mutex_);
    schedule_.work_came(host::steady_now_ms());
  }
  changed_.notify_all();
}

Attempts SyncLoop::attempts() const {
  const std::lock_guard lock(mutex_);
  Attempts out;
  out.last_error = last_error_;
  if (!attempting_) {
    const std::int64_t wait = schedule_.next_ms() - host::steady_now_ms();
    out.next_attempt = sync::Instant{node_.clock().now().ms + std::max<std::int64_t>(wait, 0)};
  }
  return out;
}

bool SyncLoop::wait_for_turn() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const std::int64_t wait = schedule_.next_ms() - host::steady_now_ms();
    if (wait <= 0) {
      attempting_ = true;
      schedule_.began();
      return true;
    }
    changed_.wait_for(lock, std::chrono::milliseconds(wait));
  }
  return false;
}

void SyncLoop::run() {
  while (wait_for_turn()) attempt();
}

void SyncLoop::attempt() {
  LinkReport report;
  const sync::Status done = link_.run_session(report, [this](const LinkReport&, std::uint64_t) {
    const std::lock_guard lock(mutex_);
    return !stopping_;
  });
  const std::lock_guard lock(mutex_);
  attempting_ = false;
  if (!done) {
    if (last_error_ != done.error().message) {
      host::log(host::Level::warn, "node.link_down",
                {{"code", sync::to_word(done.error().code)}, {"reason", done.error().message}});
    }
    last_error_ = done.error().message;
    schedule_.failed(host::steady_now_ms(), node_.random());
    return;
  }
  if (!last_error_.empty()) host::log(host::Level::info, "node.link_up", {});
  last_error_.clear();
  if (report.copied) host::log(host::Level::error, "node.copied", {});
  if (report.hub_went_back) host::log(host::Level::warn, "node.hub_went_back", {});
  if (report.sent_entries + report.received_entries != 0) {
    host::log(host::Level::info, "node.synced",
              {{"sent", report.sent_entries},
               {"received", report.received_entries},
               {"bytes", report.bytes_sent + report.bytes_received}});
  }
  schedule_.succeeded(host::steady_now_ms(), report.come_back_ms, node_.random());
}

}  // namespace tram::node
