#include "host/signals.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "host/clock.hpp"
#include "sync/core/assert.hpp"

namespace tram::host {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

StopSignal::StopSignal() {
  const sigset_t set = stop_signals();
  std::signal(SIGPIPE, SIG_IGN);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // The signal is never read from here, so it stays pending and every thread that polls sees it.
  descriptor_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  TRAM_ASSERT(descriptor_ >= 0);
}

StopSignal::~StopSignal() {
  // What is still pending would end the process as soon as it is unblocked.
  signalfd_siginfo info{};
  while (::read(descriptor_, &info, sizeof info) > 0) {
  }
  ::close(descriptor_);
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
}

void StopSignal::wait() const {
  while (!wait_for(60'000)) {
  }
}

bool StopSignal::wait_for(std::int64_t ms) const {
  const std::int64_t until = steady_now_ms() + std::max<std::int64_t>(ms, 0);
  for (;;) {
    const std::int64_t left = std::clamp<std::int64_t>(until - steady_now_ms(), 0, 60'000);
    pollfd entry{descriptor_, POLLIN, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(left));
    if (ready > 0) return true;
    TRAM_ASSERT(ready == 0 || errno == EINTR);
    if (steady_now_ms() >= until) return false;
  }
}

bool StopSignal::requested() const {
  return wait_for(0);
}

void StopSignal::request() const {
  ::kill(::getpid(), SIGTERM);
}

}  // namespace tram::host
