#include "host/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <array>
#include <string>

#include "host/linux/descriptor.hpp"

namespace tram::host {
namespace {

using sync::ErrorCode;
using sync::fail;

/// What the holder wrote; "?" in the moment before it has.
std::string read_holder(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size() - 1, 0);
  std::string holder;
  for (ssize_t i = 0; i < size; ++i) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9') break;
    holder += c;
  }
  return holder.empty() ? "?" : holder;
}

}  // namespace

sync::Result<DataLock> DataLock::acquire(const std::filesystem::path& directory) {
  const auto path = directory / "lock";
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) return fail(system_error(errno, "open " + path.string()));
  int locked = -1;
  do {
    locked = ::flock(file.get(), LOCK_EX | LOCK_NB);
  } while (locked != 0 && errno == EINTR);
  if (locked != 0 && errno == EWOULDBLOCK) {
    return fail(ErrorCode::conflict, directory.string() + " is in use by process " +
                                         read_holder(file.get()) + "; only one may run");
  }
  if (locked != 0) return fail(system_error(errno, "lock " + path.string()));
  // The id is for people only, so a disk that is full must not keep the daemon from starting.
  const std::string id = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file.get(), 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(file.get(), id.data(), id.size(), 0);
  }
  return DataLock(file.release());
}

DataLock& DataLock::operator=(DataLock&& other) noexcept {
  if (this != &other) {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

DataLock::~DataLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace tram::host
