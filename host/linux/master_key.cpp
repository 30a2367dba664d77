#include "host/master_key.hpp"

#include <sys/stat.h>

#include <cstdlib>

#include "host/files.hpp"
#include "host/linux/descriptor.hpp"
#include "host/random.hpp"

namespace tram::host {
namespace {

using sync::ErrorCode;
using sync::fail;

sync::Result<Secret> read_key(const std::filesystem::path& file) {
  auto bytes = read_file(file, master_key_bytes);
  if (!bytes && bytes.error().code != ErrorCode::limit) return fail(bytes.error());
  if (!bytes || bytes->size() != master_key_bytes) {
    return fail(ErrorCode::malformed, file.string() + ": a master key has 32 bytes");
  }
  return Secret(std::move(*bytes));
}

sync::Result<Secret> make_key(const std::filesystem::path& file) {
  Secret key = Secret::zeros(master_key_bytes);
  SystemRandom().fill(key.writable());
  if (auto written = write_file_atomically(file, key.view(), FileMode::owner_only); !written) {
    return fail(written.error());
  }
  return key;
}

}  // namespace

sync::Status refuse_readable_by_others(const std::filesystem::path& file) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) return fail(system_error(errno, file.string()));
  if (!S_ISREG(status.st_mode) || (status.st_uid != ::geteuid() && status.st_uid != 0)) {
    return fail(ErrorCode::refused, file.string() + ": not a file of this user");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(ErrorCode::refused,
                file.string() + ": others may open this key; it must have mode 600");
  }
  return {};
}

sync::Result<Secret> load_master_key(const std::filesystem::path& folder) {
  // systemd guards the credential's folder itself (a private mount, its mode differs by version).
  if (const char* credentials = std::getenv("CREDENTIALS_DIRECTORY"); credentials != nullptr) {
    auto key = read_key(std::filesystem::path(credentials) / "tram-master");
    if (key || key.error().code != ErrorCode::not_found) return key;
  }
  const auto file = folder / "master.key";
  if (auto safe = refuse_readable_by_others(file); !safe) {
    if (safe.error().code == ErrorCode::not_found) return make_key(file);
    return fail(safe.error());
  }
  return read_key(file);
}

}  // namespace tram::host
