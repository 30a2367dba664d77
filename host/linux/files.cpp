#include "host/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include <array>
#include <atomic>

#include "host/linux/descriptor.hpp"

namespace tram::host {
namespace {

using sync::ErrorCode;
using sync::fail;

sync::Result<sync::Bytes> read_to_end(int descriptor, std::size_t bytes_max,
                                      const std::string& name) {
  constexpr std::size_t step = std::size_t{64} * 1024;
  sync::Bytes out;
  for (;;) {
    const std::size_t held = out.size();
    // One byte more than allowed tells "exactly the limit" from "too large".
    const std::size_t left = bytes_max - held;
    const std::size_t want = left < step ? left + 1 : step;
    out.resize(held + want);
    const ssize_t got = ::read(descriptor, out.data() + held, want);
    if (got < 0 && errno == EINTR) {
      out.resize(held);
      continue;
    }
    if (got < 0) return fail(system_error(errno, "read " + name));
    out.resize(held + static_cast<std::size_t>(got));
    if (got == 0) return out;
    if (out.size() > bytes_max) return fail(ErrorCode::limit, name + ": the file is too large");
  }
}

sync::Status write_all(int descriptor, sync::ByteView bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return fail(system_error(errno, "write " + name));
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return {};
}

sync::Status flush_folder(const std::filesystem::path& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid() || ::fsync(descriptor.get()) != 0) {
    return fail(system_error(errno, "flush " + folder.string()));
  }
  return {};
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// A name that no other writer of this or another process uses at the same time.
std::filesystem::path name_beside(const std::filesystem::path& path) {
  static std::atomic<unsigned> count{0};
  auto name = "." + path.filename().string() + "." + std::to_string(::getpid()) + "." +
              std::to_string(count.fetch_add(1)) + ".new";
  return folder_of(path) / name;
}

sync::Status write_new(const std::filesystem::path& path, sync::ByteView bytes, FileMode mode) {
  const mode_t bits = mode == FileMode::owner_only ? 0600 : 0644;
  // A leftover of a process that died with the same id would otherwise be in the way for ever.
  ::unlink(path.c_str());
  const Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) return fail(system_error(errno, "make " + path.string()));
  if (auto written = write_all(file.get(), bytes, path.string()); !written) return written;
  if (::fchmod(file.get(), bits) != 0 || ::fsync(file.get()) != 0) {
    return fail(system_error(errno, "flush " + path.string()));
  }
  return {};
}

}  // namespace

sync::Result<sync::Bytes> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
  // Non-blocking, or opening a named pipe would wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return fail(system_error(errno, "open " + path.string()));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return fail(system_error(errno, path.string()));
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::refused, path.string() + ": not a regular file");
  }
  if (status.st_size > 0 && static_cast<std::uint64_t>(status.st_size) > bytes_max) {
    return fail(ErrorCode::limit, path.string() + ": the file is too large");
  }
  return read_to_end(file.get(), bytes_max, path.string());
}

sync::Result<sync::Bytes> read_standard_input(std::size_t bytes_max) {
  return read_to_end(STDIN_FILENO, bytes_max, "standard input");
}

sync::Status write_file_atomically(const std::filesystem::path& path, sync::ByteView bytes,
                                   FileMode mode) {
  const auto fresh = name_beside(path);
  auto written = write_new(fresh, bytes, mode);
  if (written && ::rename(fresh.c_str(), path.c_str()) != 0) {
    written = fail(system_error(errno, "replace " + path.string()));
  }
  if (!written) {
    ::unlink(fresh.c_str());
    return written;
  }
  return flush_folder(folder_of(path));
}

sync::Status make_private_directory(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return flush_folder(folder_of(path));
  if (errno != EEXIST) return fail(system_error(errno, "make folder " + path.string()));
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return fail(system_error(errno, path.string()));
  if (!S_ISDIR(status.st_mode)) return fail(ErrorCode::refused, path.string() + ": not a folder");
  if (status.st_uid != ::geteuid()) {
    return fail(ErrorCode::refused, path.string() + ": the folder belongs to another user");
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(ErrorCode::refused, path.string() + ": others can write here; chmod 700 first");
  }
  return {};
}

sync::Result<std::uint64_t> free_bytes(const std::filesystem::path& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) return fail(system_error(errno, path.string()));
  return std::uint64_t{status.f_bavail} * std::uint64_t{status.f_frsize};
}

sync::Status remove_file(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail(system_error(errno, "remove " + path.string()));
}

std::string_view unsafe_file_system_word(std::uint64_t kind) {
  struct Kind {
    std::uint64_t number;
    std::string_view word;
  };
  // The magic numbers of statfs(2); linux/magic.h lacks some of them.
  static constexpr std::array<Kind, 12> kinds{{{0x6969, "NFS"},
                                               {0xff534d42, "SMB (CIFS)"},
                                               {0xfe534d42, "SMB"},
                                               {0x517b, "SMB"},
                                               {0x65735546, "FUSE"},
                                               {0x01021997, "9p"},
                                               {0x00c36400, "Ceph"},
                                               {0x5346414f, "AFS"},
                                               {0x73757245, "Coda"},
                                               {0x564c, "NCP"},
                                               {0x0bd00bd0, "Lustre"},
                                               {0x01161970, "GFS2"}}};
  for (const Kind& candidate : kinds) {
    if (candidate.number == kind) return candidate.word;
  }
  return "";
}

sync::Status refuse_unsafe_location(const std::filesystem::path& path) {
  struct statfs status {};
  if (::statfs(path.c_str(), &status) != 0) return fail(system_error(errno, path.string()));
  // The field's type differs by architecture; the numbers have 32 bits everywhere.
  const auto word = unsafe_file_system_word(static_cast<std::uint32_t>(status.f_type));
  if (word.empty()) return {};
  return fail(ErrorCode::refused, path.string() + " is on a " + std::string(word) +
                                      " file system, which can lose saved work; "
                                      "use a folder on a disk of this machine");
}

LineFile::LineFile(LineFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

LineFile& LineFile::operator=(LineFile&& other) noexcept {
  if (this != &other) {
    if (descriptor_ >= 0) ::close(descriptor_);
    path_ = std::move(other.path_);
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

LineFile::~LineFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

sync::Status LineFile::append(std::string_view line) {
  if (line.find('\n') != std::string_view::npos) {
    return fail(ErrorCode::malformed, path_.string() + ": a line must not hold a newline");
  }
  if (descriptor_ < 0) {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor_ < 0) return fail(system_error(errno, "open " + path_.string()));
  }
  std::string whole(line);
  whole += '\n';
  return write_all(descriptor_, sync::as_bytes(whole), path_.string());
}

sync::Status LineFile::flush() {
  if (descriptor_ >= 0 && ::fsync(descriptor_) != 0) {
    return fail(system_error(errno, "flush " + path_.string()));
  }
  return {};
}

}  // namespace tram::host
