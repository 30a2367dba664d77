#include "http/admission.hpp"

#include "host/clock.hpp"
#include "host/log.hpp"
#include "http/limits.hpp"

namespace tram::http {

bool Admission::admit(const std::string& address) {
  const std::lock_guard lock(mutex_);
  if (open_ >= connections_max_) return false;
  if (!address.empty()) {
    const auto at = unauthenticated_.find(address);
    if (at != unauthenticated_.end() && at->second >= per_address_max_) return false;
    ++unauthenticated_[address];
  }
  ++open_;
  return true;
}

void Admission::authenticated(const std::string& address) {
  const std::lock_guard lock(mutex_);
  forget(address);
}

void Admission::leave(const std::string& address) {
  const std::lock_guard lock(mutex_);
  --open_;
  forget(address);
}

std::size_t Admission::open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

void Admission::forget(const std::string& address) {
  const auto at = unauthenticated_.find(address);
  // An address without connections leaves the map, which therefore never outgrows the connections.
  if (at != unauthenticated_.end() && --at->second == 0) unauthenticated_.erase(at);
}

void RefusalLog::refused(const char* event, const std::string& reason, const std::string& remote) {
  const std::int64_t minute = host::steady_now_ms() / 60'000;
  const std::lock_guard lock(mutex_);
  if (minute != minute_) {
    if (left_out_ > 0) host::log(host::Level::warn, event, {{"not_logged", left_out_}});
    minute_ = minute;
    lines_ = 0;
    left_out_ = 0;
  }
  if (lines_ >= refusal_log_lines_per_minute) {
    ++left_out_;
    return;
  }
  ++lines_;
  host::log(host::Level::warn, event, {{"reason", reason}, {"remote", remote}});
}

}  // namespace tram::http
