#include "host/replace.hpp"

#include <fcntl.h>

#include <cstdio>

#include "host/linux/descriptor.hpp"

namespace tram::host {

sync::Status replace_file_keeping_old(const std::filesystem::path& fresh,
                                      const std::filesystem::path& path,
                                      const std::filesystem::path& kept) {
  if (::link(path.c_str(), kept.c_str()) != 0) {
    const int error = errno;
    if (error == EEXIST) return sync::fail(sync::ErrorCode::conflict, kept.string() + " exists");
    return sync::fail(system_error(error, "keep " + kept.string()));
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(kept.c_str());
    return sync::fail(system_error(error, "replace " + path.string()));
  }
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid() || ::fsync(descriptor.get()) != 0) {
    return sync::fail(system_error(errno, "flush " + folder.string()));
  }
  return {};
}

}  // namespace tram::host
