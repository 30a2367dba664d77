#include "command/backup.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "command/backup_content.hpp"
#include "host/clock.hpp"
#include "host/files.hpp"
#include "host/keys.hpp"
#include "host/lock.hpp"
#include "host/recovery.hpp"
#include "host/staged_folder.hpp"
#include "store/backup.hpp"
#include "sync/crypto/signature.hpp"

namespace tram::command {

using sync::ErrorCode;
using sync::fail;
using sync::Result;
using sync::Status;

namespace {

constexpr std::string_view signing_domain = "tram backup";  // schema/backup.md
constexpr const char* store_file = "tram.db";
constexpr const char* store_secret = "store";
// What the daemon beside us must still be able to write meanwhile.
constexpr std::uint64_t reserve_bytes = std::uint64_t{16} * 1024 * 1024;

/// Where the copy of the store lies until it is sealed: in the data folder, private as that is, and
/// encrypted under the store's own key.
class CopyFolder {
 public:
  static Result<CopyFolder> make(const std::filesystem::path& folder) {
    CopyFolder out(folder / "backup.copy");
    // The lock keeps a second backup of this folder from working in the same place.
    if (const Status made = host::make_private_directory(out.path_); !made) {
      return fail(made.error());
    }
    auto lock = host::DataLock::acquire(out.path_);
    if (!lock && lock.error().code == ErrorCode::conflict) {
      return fail(ErrorCode::conflict, "a backup of this folder is being made already");
    }
    if (!lock) return fail(lock.error());
    out.lock_ = std::make_unique<host::DataLock>(std::move(*lock));
    std::error_code ignored;  // left by a process that was killed, or not there
    for (const char* rest : {store_file, "tram.db-journal"}) {
      std::filesystem::remove(out.path_ / rest, ignored);
    }
    return out;
  }
  CopyFolder(CopyFolder&&) noexcept = default;
  CopyFolder& operator=(CopyFolder&&) noexcept = delete;
  CopyFolder(const CopyFolder&) = delete;
  CopyFolder& operator=(const CopyFolder&) = delete;
  ~CopyFolder() {
    std::error_code ignored;
    if (lock_) std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::filesystem::path file() const { return path_ / store_file; }

 private:
  explicit CopyFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
  std::unique_ptr<host::DataLock> lock_;
};

std::uint64_t size_of(const std::filesystem::path& file) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  return error ? 0 : size;
}

Status check_room(const std::filesystem::path& folder, std::uint64_t bytes) {
  const auto free = host::free_bytes(folder);
  if (!free) return fail(free.error());
  const std::uint64_t needed = bytes + reserve_bytes;
  if (*free >= needed) return {};
  return fail(ErrorCode::io, "a backup needs " + std::to_string(needed / 1'000'000) +
                                 " MB of room in " + folder.string() + "; free are " +
                                 std::to_string(*free / 1'000'000));
}

std::vector<host::BackupFeed> feeds_of(const std::vector<store::FeedRow>& rows) {
  std::vector<host::BackupFeed> out;
  for (const store::FeedRow& row : rows) out.push_back({row.feed, row.size});
  return out;
}

Status check_feeds(const host::BackupHeader& header, const store::Store& store) {
  return store.read([&](const store::ReadUnit& unit) -> Status {
    const std::vector<store::FeedRow> rows = unit.feeds();
    if (const Status read = unit.status(); !read) return read;
    const bool fit = std::equal(rows.begin(), rows.end(), header.feeds.begin(), header.feeds.end(),
                                [](const store::FeedRow& row, const host::BackupFeed& feed) {
                                  return row.feed == feed.feed && row.size == feed.size;
                                });
    if (fit) return {};
    return fail(ErrorCode::unverified,
                "the backup's store is not the one that its header tells of");
  });
}

// The key that signs and the secrets are one machine's.
Status check_signer(const BackupKind& kind, const BackupContent& content,
                    const host::BackupHeader& header) {
  const auto key = sync::SigningKey::from_seed(content.secrets.at(kind.signing).view());
  if (key && key->public_key() == header.signer) return {};
  return fail(ErrorCode::unverified,
              "the backup's keys are not those of the computer that made it");
}

struct Opened {
  host::BackupHeader header;
  BackupContent content;
  BackupIdentity identity;
};

Result<host::BackupReader> open_proved(const std::filesystem::path& file,
                                       const BackupProgress& progress) {
  auto reader = host::BackupReader::open(file);
  if (!reader) return fail(reader.error());
  const auto check = [](const sync::PublicKey& key, sync::ByteView message,
                        const sync::Signature& signature) {
    return sync::verify(key, signing_domain, message, signature);
  };
  const Status proved = reader->prove(
      check, [&](std::uint64_t done, std::uint64_t total) { progress("prove", done, total); });
  if (!proved) return fail(proved.error());
  return reader;
}

// Everything of a proved backup into a private folder: the store and the identity as files, the
// keys in memory.
Result<Opened> open_content(const BackupKind& kind, host::BackupReader& reader,
                            const host::Secret& recovery_private_key,
                            const std::filesystem::path& folder, const BackupProgress& progress) {
  Opened out;
  out.header = reader.header();
  if (out.header.role != kind.role) {
    return fail(ErrorCode::usage, "this is the backup of a " +
                                      std::string(host::to_word(out.header.role)) + ": use tram-" +
                                      std::string(host::to_word(out.header.role)));
  }
  if (const Status open = reader.unlock(recovery_private_key); !open) return fail(open.error());
  auto content = read_content(kind, reader, folder / store_file, progress);
  if (!content) return fail(content.error());
  out.content = std::move(*content);
  const Status same = check_signer(kind, out.content, out.header);
  if (!same) return fail(same.error());
  const Status saved = host::write_file_atomically(
      folder / kind.identity, out.content.files.at(kind.identity), host::FileMode::owner_only);
  if (!saved) return fail(saved.error());
  auto identity = kind.identify(folder, out.header.signer);
  if (!identity) return fail(ErrorCode::unverified, identity.error().message);
  if (identity->unit != out.header.unit) {
    return fail(ErrorCode::unverified, "the backup's identity is of another unit than its header");
  }
  out.identity = std::move(*identity);
  return out;
}

// Sealed to this machine, and wrapped to the recovery key as the program itself would do.
Status keep_secrets(const BackupKind& kind, const Opened& opened,
                    const std::filesystem::path& folder) {
  auto vault = host::KeyVault::open(folder);
  if (!vault) return fail(vault.error());
  for (const auto& [name, secret] : opened.content.secrets) {
    if (const Status stored = vault->store(name, secret); !stored) return stored;
    if (std::find(kind.wrapped.begin(), kind.wrapped.end(), name) == kind.wrapped.end()) continue;
    const auto wrapped = host::wrap_to_recovery_key(opened.identity.recovery_key, secret.view());
    if (!wrapped) return fail(wrapped.error());
    const Status kept = host::write_file_atomically(folder / "keys" / (name + ".recovery"),
                                                    *wrapped, host::FileMode::owner_only);
    if (!kept) return kept;
  }
  return {};
}

}  // namespace

Result<BackupReport> create_backup(const BackupKind& kind, const std::filesystem::path& folder,
                                   const std::filesystem::path& file,
                                   host::LargeFileWriter::Existing existing,
                                   const BackupProgress& progress) {
  // First what costs nothing: is there a place for the file, and room for the copy?
  auto place = host::LargeFileWriter::create(file, existing);
  if (!place) return fail(place.error());
  const std::uint64_t store_bytes = size_of(folder / store_file) + size_of(folder / "tram.db-wal");
  if (const Status room = check_room(folder, store_bytes); !room) return fail(room.error());
  const auto content = gather_content(kind, folder);
  if (!content) return fail(content.error());
  const auto key = sync::SigningKey::from_seed(content->secrets.at(kind.signing).view());
  if (!key) return fail(key.error());
  const auto identity = kind.identify(folder, key->public_key());
  if (!identity) return fail(identity.error());

  const auto copy = CopyFolder::make(folder);
  if (!copy) return fail(copy.error());
  BackupReport report;
  report.unit_name = identity->unit_name;
  // Before the copy is made: what was saved until then is in it.
  report.header = {kind.role, identity->unit, key->public_key(), host::SystemClock().now(), {}};
  progress("copy", 0, 0);
  const auto feeds = store::copy_store(folder / store_file,
                                       content->secrets.at(store_secret).view(), copy->file());
  if (!feeds) return fail(feeds.error());
  report.header.feeds = feeds_of(*feeds);
  // Now, as both may be on one disk.
  const Status room = check_room(file.parent_path(), size_of(copy->file()));
  if (!room) return fail(room.error());
  auto writer = host::BackupWriter::begin(std::move(*place), report.header, identity->recovery_key);
  if (!writer) return fail(writer.error());
  const Status written = write_content(kind, *content, copy->file(), *writer, progress);
  if (!written) return fail(written.error());
  const auto bytes =
      writer->publish([&](sync::ByteView message) { return key->sign(signing_domain, message); });
  if (!bytes) return fail(bytes.error());
  report.bytes = *bytes;
  return report;
}

Result<BackupReport> prove_backup(const std::filesystem::path& file,
                                  const BackupProgress& progress) {
  const auto reader = open_proved(file, progress);
  if (!reader) return fail(reader.error());
  return BackupReport{reader->header(), reader->file_bytes(), ""};
}

Result<BackupVerification> verify_backup(const BackupKind& kind, const std::filesystem::path& file,
                                         const host::Secret& recovery_private_key,
                                         const BackupProgress& progress) {
  auto reader = open_proved(file, progress);
  if (!reader) return fail(reader.error());
  const auto folder = host::StagedFolder::temporary();
  if (!folder) return fail(folder.error());
  const auto opened = open_content(kind, *reader, recovery_private_key, folder->path(), progress);
  if (!opened) return fail(opened.error());
  store::StoreOptions options = opened->identity.store;
  options.path = folder->path() / store_file;
  options.key = opened->content.secrets.at(store_secret).view();
  const auto store = store::Store::open(options);
  if (!store) return fail(store.error(), "the backup's store");
  if (const Status fit = check_feeds(opened->header, **store); !fit) return fail(fit.error());
  BackupVerification out;
  out.backup = {opened->header, reader->file_bytes(), opened->identity.unit_name};
  store::VerifyOptions walk;
  walk.progress = [&](std::string_view, std::uint64_t done, std::uint64_t total) {
    progress("verify", done, total);
  };
  const Status walked = (*store)->read([&](const store::ReadUnit& unit) -> Status {
    auto report = store::verify(unit, walk);
    if (!report) return fail(report.error());
    out.store = std::move(*report);
    return {};
  });
  if (!walked) return fail(walked.error());
  return out;
}

Result<BackupReport> restore_backup(const BackupKind& kind, const std::filesystem::path& place,
                                    const std::filesystem::path& file,
                                    const host::Secret& recovery_private_key,
                                    const BackupProgress& progress) {
  auto folder = host::StagedFolder::beside(place);
  if (!folder) return fail(folder.error());
  auto reader = open_proved(file, progress);
  if (!reader) return fail(reader.error());
  const auto opened = open_content(kind, *reader, recovery_private_key, folder->path(), progress);
  if (!opened) return fail(opened.error());
  const Status kept = keep_secrets(kind, *opened, folder->path());
  if (!kept) return fail(kept.error());
  const Status works = kind.open(folder->path(), [&](const store::Store& store) {
    return check_feeds(opened->header, store);
  });
  if (!works) return fail(works.error(), "the restored folder");
  // After that: settings that nobody can read any more must not keep the rest from coming back.
  if (const auto config = opened->content.files.find(kind.config);
      config != opened->content.files.end()) {
    const Status saved = host::write_file_atomically(folder->path() / kind.config, config->second,
                                                     host::FileMode::owner_only);
    if (!saved) return fail(saved.error());
  }
  if (const Status done = folder->publish(); !done) return fail(done.error());
  return BackupReport{opened->header, reader->file_bytes(), opened->identity.unit_name};
}

Result<host::Secret> recovery_key_from(std::string_view page) {
  constexpr std::size_t digits = 64;
  host::Secret found;
  while (!page.empty()) {
    const std::size_t end = std::min(page.find('\n'), page.size());
    host::Secret line = host::Secret::copy_of(page.substr(0, end));
    page.remove_prefix(std::min(end + 1, page.size()));
    const auto text = line.writable();
    const auto is_blank = [](std::uint8_t c) { return c == ' ' || c == '\t' || c == '\r'; };
    const auto last = std::remove_if(text.begin(), text.end(), is_blank);
    const auto size = static_cast<std::size_t>(last - text.begin());
    if (size != digits) continue;
    auto bytes = sync::from_hex(sync::as_text(line.view().first(digits)));
    if (!bytes) continue;
    if (!found.empty()) return fail(ErrorCode::usage, "this page holds more than one recovery key");
    found = host::Secret(std::move(*bytes));
  }
  if (found.empty()) {
    return fail(ErrorCode::usage, "this is no recovery key: a line of 64 hexadecimal digits");
  }
  return found;
}

}  // namespace tram::command
