#include "command/disk_guard.hpp"

#include <algorithm>
#include <utility>

#include "host/files.hpp"
#include "host/log.hpp"

namespace tram::command {

using host::Ballast;
using sync::ErrorCode;
using sync::fail;

namespace {

// Less than this above the ballast would be full again after a day's work.
constexpr std::uint64_t margin_min = std::uint64_t{1024} * 1024;

constexpr const char* full_words =
    "ổ đĩa đã đầy nên máy này tạm không nhận hồ sơ mới; mọi việc đã lưu vẫn an toàn. Hãy xóa bớt "
    "tệp trên ổ đĩa, máy sẽ tự nhận lại. / The disk is full: this computer takes nothing new for "
    "now. All that was saved is safe. Delete files on this disk, and it goes on by itself.";

}  // namespace

DiskGuard::DiskGuard(store::Store& store, const std::filesystem::path& directory,
                     std::uint64_t ballast_bytes)
    : store_(store), directory_(directory), ballast_(directory, ballast_bytes) {
  {
    const std::lock_guard lock(mutex_);
    look();
  }
  store_.on_disk_trouble([this](store::DiskTrouble trouble) { told(trouble); });
}

DiskGuard::~DiskGuard() {
  store_.on_disk_trouble({});
}

void DiskGuard::on_failure(std::function<void()> told) {
  const std::lock_guard lock(mutex_);
  on_failure_ = std::move(told);
}

void DiskGuard::told(store::DiskTrouble trouble) {
  const std::lock_guard lock(mutex_);
  if (trouble == store::DiskTrouble::failed) {
    if (std::exchange(failed_, true)) return;
    host::log(host::Level::error, "disk.failed", {{"ends", "yes"}});
    if (on_failure_) on_failure_();
    return;
  }
  ++full_;
  const sync::Result<bool> had = ballast_.free();
  if (had && *had) ++freed_;
  if (std::exchange(read_only_, true) && !(had && *had)) return;
  host::log(host::Level::error, "disk.full",
            {{"read_only", true}, {"ballast_freed", had && *had ? ballast_.bytes() : 0}});
}

void DiskGuard::look() {
  const Ballast::State state = ballast_.state();
  const bool enough = state == Ballast::State::ready && ballast_.bytes() != 0;
  const sync::Result<std::uint64_t> space = host::free_bytes(directory_);
  const std::uint64_t wanted = ballast_.bytes() + std::max(margin_min, ballast_.bytes() / 2);
  const bool made = enough || (space && *space >= wanted && ballast_.make());
  const bool before = std::exchange(read_only_, !made && ballast_.state() == Ballast::State::freed);
  if (before && !read_only_) host::log(host::Level::info, "disk.has_room", {{"read_only", false}});
}

bool DiskGuard::read_only() {
  const std::lock_guard lock(mutex_);
  look();
  return read_only_;
}

sync::Status DiskGuard::admit() {
  if (read_only()) return fail(ErrorCode::io, full_words);
  return {};
}

sync::Status DiskGuard::run(const std::function<sync::Status()>& save) {
  if (const sync::Status admitted = admit(); !admitted) return admitted;
  const auto counts = [this] {
    const std::lock_guard lock(mutex_);
    return std::pair{full_, freed_};
  };
  const auto before = counts();
  sync::Status saved = save();
  if (counts().first == before.first) return saved;
  if (!saved && counts().second != before.second) {
    saved = save();
    // The log of late writes gives its space back. If that fails, it stays where it is.
    if (saved) static_cast<void>(store_.checkpoint(true));
  }
  if (!saved && saved.error().code == ErrorCode::io && !store_.is_broken()) {
    return fail(ErrorCode::io, full_words);
  }
  return saved;
}

}  // namespace tram::command
