#include "host/large_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "host/linux/descriptor.hpp"

namespace tram::host {
namespace {

using sync::ErrorCode;
using sync::fail;

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

// One name for all who write this path: what a killed one left, which may be gigabytes on
// somebody's stick, is what the next one begins with.
std::filesystem::path name_beside(const std::filesystem::path& path) {
  return folder_of(path) / ("." + path.filename().string() + ".part");
}

// Whether the name still leads to the file: its last writer may have published it meanwhile.
bool is_still_there(const std::filesystem::path& path, int descriptor) {
  struct stat here {};
  struct stat there {};
  return ::fstat(descriptor, &here) == 0 && ::lstat(path.c_str(), &there) == 0 &&
         here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

// An empty file of this name that nobody else writes.
sync::Result<Descriptor> open_alone(const std::filesystem::path& path) {
  for (;;) {
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.valid()) return fail(system_error(errno, "make " + path.string()));
    int locked = -1;
    do {
      locked = ::flock(file.get(), LOCK_EX | LOCK_NB);
    } while (locked != 0 && errno == EINTR);
    if (locked != 0 && errno == EWOULDBLOCK) {
      return fail(ErrorCode::conflict, path.string() + " is being written already");
    }
    if (locked != 0) return fail(system_error(errno, "lock " + path.string()));
    if (!is_still_there(path, file.get())) continue;
    // It may be another's, with another mode.
    if (::fchmod(file.get(), 0600) != 0 || ::ftruncate(file.get(), 0) != 0) {
      return fail(system_error(errno, "begin " + path.string()));
    }
    return file;
  }
}

}  // namespace

LargeFileWriter::LargeFileWriter(std::filesystem::path path, std::filesystem::path fresh,
                                 Existing existing, int descriptor)
    : path_(std::move(path)),
      fresh_(std::move(fresh)),
      existing_(existing),
      descriptor_(descriptor) {}

LargeFileWriter::LargeFileWriter(LargeFileWriter&& other) noexcept
    : path_(std::move(other.path_)),
      fresh_(std::exchange(other.fresh_, {})),
      existing_(other.existing_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_) {}

LargeFileWriter::~LargeFileWriter() {
  // In this order: once the lock is gone, the name may be another writer's.
  if (!fresh_.empty()) ::unlink(fresh_.c_str());
  if (descriptor_ >= 0) ::close(descriptor_);
}

sync::Status LargeFileWriter::refuse_existing() const {
  struct stat status {};
  if (::lstat(path_.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return fail(system_error(errno, path_.string()));
  }
  if (S_ISDIR(status.st_mode)) return fail(ErrorCode::conflict, path_.string() + " is a folder");
  if (existing_ == Existing::replace) return {};
  return fail(ErrorCode::conflict, path_.string() + " exists already");
}

sync::Result<LargeFileWriter> LargeFileWriter::create(std::filesystem::path path,
                                                      Existing existing) {
  auto fresh = name_beside(path);
  LargeFileWriter writer(std::move(path), {}, existing, -1);
  if (const sync::Status free = writer.refuse_existing(); !free) return fail(free.error());
  sync::Result<Descriptor> file = open_alone(fresh);
  if (!file) return fail(file.error());
  writer.descriptor_ = file->release();
  writer.fresh_ = std::move(fresh);
  return writer;
}

sync::Status LargeFileWriter::write(sync::ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(descriptor_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return fail(system_error(errno, "write " + path_.string()));
    bytes = bytes.subspan(static_cast<std::size_t>(done));
    size_ += static_cast<std::uint64_t>(done);
  }
  return {};
}

sync::Status LargeFileWriter::publish() {
  if (::fsync(descriptor_) != 0) return fail(system_error(errno, "flush " + path_.string()));
  if (const sync::Status free = refuse_existing(); !free) return free;
  if (::rename(fresh_.c_str(), path_.c_str()) != 0) {
    return fail(system_error(errno, "rename to " + path_.string()));
  }
  fresh_.clear();
  const auto folder = folder_of(path_);
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid() || ::fsync(descriptor.get()) != 0) {
    return fail(system_error(errno, "flush " + folder.string()));
  }
  return {};
}

LargeFileReader::LargeFileReader(std::filesystem::path path, int descriptor, std::uint64_t size)
    : path_(std::move(path)), descriptor_(descriptor), size_(size) {}

LargeFileReader::LargeFileReader(LargeFileReader&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_) {}

LargeFileReader::~LargeFileReader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

sync::Result<LargeFileReader> LargeFileReader::open(const std::filesystem::path& path) {
  // Non-blocking, or opening a named pipe would wait for its writer.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return fail(system_error(errno, "open " + path.string()));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return fail(system_error(errno, path.string()));
  if (!S_ISREG(status.st_mode) || status.st_size < 0) {
    return fail(ErrorCode::refused, path.string() + ": not a regular file");
  }
  return LargeFileReader(path, file.release(), static_cast<std::uint64_t>(status.st_size));
}

sync::Status LargeFileReader::read_at(std::uint64_t offset, std::span<std::uint8_t> out) const {
  while (!out.empty()) {
    const ssize_t got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(system_error(errno, "read " + path_.string()));
    if (got == 0) return fail(ErrorCode::limit, path_.string() + ": the file ends too early");
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

}  // namespace tram::host
