#include "host/staged_folder.hpp"

#include <fcntl.h>

#include <cstdio>

#include "host/files.hpp"
#include "host/linux/descriptor.hpp"
#include "host/random.hpp"
#include "sync/core/bytes.hpp"

namespace tram::host {
namespace {

using sync::ErrorCode;
using sync::fail;

sync::Status refuse_taken(const std::filesystem::path& place) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(place, error);
  if (status.type() == std::filesystem::file_type::not_found) return {};
  const bool is_free =
      std::filesystem::is_directory(status) && std::filesystem::is_empty(place, error) && !error;
  if (is_free) return {};
  return fail(ErrorCode::conflict,
              place.string() + " exists and is not an empty folder: nothing was changed");
}

void remove_content(const std::filesystem::path& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().filename() == "lock") continue;
    std::error_code ignored;  // what cannot be removed is in the way of whoever writes it
    std::filesystem::remove_all(at->path(), ignored);
  }
}

sync::Status flush_folder(const std::filesystem::path& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid() || ::fsync(descriptor.get()) != 0) {
    return fail(system_error(errno, "flush " + folder.string()));
  }
  return {};
}

}  // namespace

StagedFolder::StagedFolder(std::filesystem::path place, std::filesystem::path path, DataLock lock)
    : place_(std::move(place)), path_(std::move(path)), lock_(std::move(lock)) {}

StagedFolder::StagedFolder(StagedFolder&& other) noexcept
    : place_(std::move(other.place_)),
      path_(std::exchange(other.path_, {})),
      lock_(std::move(other.lock_)) {}

StagedFolder::~StagedFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

sync::Result<StagedFolder> StagedFolder::beside(const std::filesystem::path& place) {
  std::error_code error;
  auto whole = std::filesystem::absolute(place, error).lexically_normal();
  // "folder/" and "folder" are one place.
  if (!whole.has_filename()) whole = whole.parent_path();
  if (error || !whole.has_filename()) {
    return fail(ErrorCode::usage, place.string() + " is not a place for a folder");
  }
  if (const sync::Status free = refuse_taken(whole); !free) return fail(free.error());
  auto path = whole.parent_path() / ("." + whole.filename().string() + ".filling");
  if (const sync::Status made = make_private_directory(path); !made) return fail(made.error());
  sync::Result<DataLock> lock = DataLock::acquire(path);
  if (!lock) return fail(lock.error());
  remove_content(path);
  return StagedFolder(std::move(whole), std::move(path), std::move(*lock));
}

sync::Result<StagedFolder> StagedFolder::temporary() {
  std::error_code error;
  const auto folder = std::filesystem::temp_directory_path(error);
  if (error) return fail(ErrorCode::io, "there is no folder for temporary files");
  sync::ByteArray<8> name{};
  SystemRandom().fill(name);
  return beside(folder / ("tram-" + sync::to_hex(name)));
}

sync::Status StagedFolder::publish() {
  if (const sync::Status flushed = flush_folder(path_); !flushed) return flushed;
  // Takes the place of an empty folder, and of nothing else.
  if (std::rename(path_.c_str(), place_.c_str()) != 0) {
    const int number = errno;
    if (const sync::Status free = refuse_taken(place_); !free) return free;
    return fail(system_error(number, "rename to " + place_.string()));
  }
  path_.clear();
  return flush_folder(place_.parent_path());
}

}  // namespace tram::host
