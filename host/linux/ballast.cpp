#include "host/ballast.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "host/linux/descriptor.hpp"

namespace tram::host {

using sync::fail;

namespace {

Descriptor open_file(const std::filesystem::path& file) {
  return Descriptor(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
}

}  // namespace

Ballast::Ballast(const std::filesystem::path& directory, std::uint64_t bytes)
    : file_(directory / "ballast"), bytes_(bytes) {}

Ballast::State Ballast::state() const {
  struct stat status {};
  if (::lstat(file_.c_str(), &status) != 0) return State::none;
  if (status.st_size == 0) return State::freed;
  // A file with a hole where the space should be is no ballast.
  const auto held = static_cast<std::uint64_t>(status.st_blocks) * 512U;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  return size >= bytes_ && held >= bytes_ ? State::ready : State::none;
}

sync::Status Ballast::make() const {
  if (bytes_ == 0) {
    if (::unlink(file_.c_str()) == 0 || errno == ENOENT) return {};
    return fail(system_error(errno, "remove " + file_.string()));
  }
  const State before = state();
  const Descriptor file = open_file(file_);
  if (!file.valid()) return fail(system_error(errno, "make " + file_.string()));
  // Gives its error back instead of setting errno.
  const int allocated = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes_));
  const bool flushed = allocated == 0 && ::fsync(file.get()) == 0;
  if (flushed && state() == State::ready) return {};
  const int error = allocated != 0 ? allocated : !flushed ? errno : ENOSPC;
  if (before == State::freed) {
    [[maybe_unused]] const int cut = ::ftruncate(file.get(), 0);
  } else {
    ::unlink(file_.c_str());
  }
  return fail(system_error(error, "make " + file_.string()));
}

sync::Result<bool> Ballast::free() const {
  const bool had = state() == State::ready;
  const Descriptor file = open_file(file_);
  if (!file.valid()) return fail(system_error(errno, "free " + file_.string()));
  if (::ftruncate(file.get(), 0) != 0) return fail(system_error(errno, "free " + file_.string()));
  // The space of a file is certain to be back only once that is on the disk.
  if (::fsync(file.get()) != 0) return fail(system_error(errno, "free " + file_.string()));
  return had;
}

}  // namespace tram::host
