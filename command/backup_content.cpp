#include "command/backup_content.hpp"

#include <algorithm>

#include "host/files.hpp"
#include "sync/core/codec.hpp"

namespace tram::command {

using sync::ByteView;
using sync::ErrorCode;
using sync::fail;
using sync::Result;
using sync::Status;

namespace {

enum class PartKind : std::uint8_t { end = 0, file = 1, secret = 2, store = 3 };

struct PartHead {
  PartKind kind = PartKind::end;
  std::string name;
  std::uint64_t size = 0;
};

// A kind, a name and a number; the length of the head is one byte.
constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t head_bytes_max = 1 + 1 + name_bytes_max + 10;
// Settings and identities are pages of text.
constexpr std::size_t file_bytes_max = std::size_t{256} * 1024;
constexpr std::size_t piece_bytes = std::size_t{256} * 1024;
constexpr const char* store_name = "tram.db";

tl::unexpected<sync::Error> damaged(const std::string& why) {
  return fail(ErrorCode::unverified, "the backup's content does not belong together: " + why);
}

bool is_one_of(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Status write_head(const PartHead& head, host::BackupWriter& out) {
  sync::Writer bytes;
  bytes.u8(static_cast<std::uint8_t>(head.kind));
  bytes.string(head.name);
  bytes.varint(head.size);
  sync::Writer whole;
  whole.bytes(bytes.view());
  return out.write(whole.view());
}

Status write_part(PartKind kind, const std::string& name, ByteView content,
                  host::BackupWriter& out) {
  if (const Status head = write_head({kind, name, content.size()}, out); !head) return head;
  return out.write(content);
}

Status write_store(const std::filesystem::path& copy, host::BackupWriter& out,
                   const BackupProgress& progress) {
  const auto file = host::LargeFileReader::open(copy);
  if (!file) return fail(file.error());
  const std::uint64_t size = file->size();
  const Status head = write_head({PartKind::store, store_name, size}, out);
  if (!head) return head;
  sync::Bytes piece;
  for (std::uint64_t at = 0; at < size; at += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, size - at)));
    if (const Status read = file->read_at(at, piece); !read) return read;
    if (const Status written = out.write(piece); !written) return written;
    progress("seal", at + piece.size(), size);
  }
  return {};
}

// Exactly so many bytes.
Status fill(host::BackupReader& in, std::span<std::uint8_t> out) {
  const auto got = in.read(out);
  if (!got) return fail(got.error());
  if (*got != out.size()) return damaged("it ends too early");
  return {};
}

Result<PartHead> read_head(host::BackupReader& in) {
  sync::Bytes length(1);
  if (const Status got = fill(in, length); !got) return fail(got.error());
  if (length[0] > head_bytes_max) return damaged("a part has no name");
  sync::Bytes bytes(length[0]);
  if (const Status got = fill(in, bytes); !got) return fail(got.error());
  sync::Reader reader(bytes);
  const std::uint8_t kind = reader.u8();
  PartHead head;
  if (kind > static_cast<std::uint8_t>(PartKind::store)) reader.refuse("unknown kind");
  head.kind = static_cast<PartKind>(kind);
  head.name = reader.string(name_bytes_max);
  head.size = reader.varint();
  if (!reader.finish("part")) return damaged("a part has no name");
  return head;
}

Status read_store(host::BackupReader& in, const PartHead& head, const std::filesystem::path& place,
                  const BackupProgress& progress) {
  if (head.size > in.file_bytes()) return damaged("its store is larger than the file");
  auto file = host::LargeFileWriter::create(place, host::LargeFileWriter::Existing::keep);
  if (!file) return fail(file.error());
  sync::Bytes piece;
  while (file->size() < head.size) {
    const std::uint64_t left = head.size - file->size();
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, left)));
    if (const Status got = fill(in, piece); !got) return got;
    if (const Status written = file->write(piece); !written) return written;
    progress("open", file->size(), head.size);
  }
  return file->publish();
}

Status read_file_part(const BackupKind& kind, host::BackupReader& in, const PartHead& head,
                      BackupContent& content) {
  const bool known = head.name == kind.identity || head.name == kind.config;
  if (!known || head.size > file_bytes_max || content.files.count(head.name) != 0) {
    return damaged("a file that it should not have");
  }
  sync::Bytes bytes(static_cast<std::size_t>(head.size));
  if (const Status got = fill(in, bytes); !got) return got;
  content.files.emplace(head.name, std::move(bytes));
  return {};
}

Status read_secret_part(const BackupKind& kind, host::BackupReader& in, const PartHead& head,
                        BackupContent& content) {
  if (!is_one_of(kind.secrets, head.name) || head.size > host::KeyVault::secret_bytes_max ||
      content.secrets.count(head.name) != 0) {
    return damaged("a key that it should not have");
  }
  host::Secret secret = host::Secret::zeros(static_cast<std::size_t>(head.size));
  if (const Status got = fill(in, secret.writable()); !got) return got;
  content.secrets.emplace(head.name, std::move(secret));
  return {};
}

}  // namespace

Result<BackupContent> gather_content(const BackupKind& kind, const std::filesystem::path& folder) {
  BackupContent content;
  for (const std::string& name : {kind.identity, kind.config}) {
    auto bytes = host::read_file(folder / name, file_bytes_max);
    if (!bytes && bytes.error().code == ErrorCode::not_found && name == kind.config) continue;
    if (!bytes) return fail(bytes.error());
    content.files.emplace(name, std::move(*bytes));
  }
  const auto vault = host::KeyVault::open(folder);
  if (!vault) return fail(vault.error());
  for (const std::string& name : kind.secrets) {
    auto secret = vault->load(name);
    if (!secret) return fail(secret.error());
    content.secrets.emplace(name, std::move(*secret));
  }
  return content;
}

Status write_content(const BackupKind& kind, const BackupContent& content,
                     const std::filesystem::path& store_copy, host::BackupWriter& out,
                     const BackupProgress& progress) {
  for (const auto& [name, bytes] : content.files) {
    const Status written = write_part(PartKind::file, name, bytes, out);
    if (!written) return written;
  }
  for (const std::string& name : kind.secrets) {
    const Status written = write_part(PartKind::secret, name, content.secrets.at(name).view(), out);
    if (!written) return written;
  }
  if (const Status written = write_store(store_copy, out, progress); !written) return written;
  return write_head({}, out);
}

Result<BackupContent> read_content(const BackupKind& kind, host::BackupReader& in,
                                   const std::filesystem::path& store,
                                   const BackupProgress& progress) {
  BackupContent content;
  bool has_store = false;
  for (;;) {
    const auto head = read_head(in);
    if (!head) return fail(head.error());
    if (head->kind == PartKind::end) break;
    Status read;
    switch (head->kind) {
      case PartKind::end: break;
      case PartKind::file: read = read_file_part(kind, in, *head, content); break;
      case PartKind::secret: read = read_secret_part(kind, in, *head, content); break;
      case PartKind::store:
        if (has_store || head->name != store_name) return damaged("a second store");
        has_store = true;
        read = read_store(in, *head, store, progress);
        break;
    }
    if (!read) return fail(read.error());
  }
  sync::Bytes more(1);
  const auto left = in.read(more);
  if (!left) return fail(left.error());
  if (*left != 0) return damaged("something follows its end");
  if (!has_store || content.files.count(kind.identity) == 0 ||
      content.secrets.size() != kind.secrets.size()) {
    return damaged("a part is missing");
  }
  return content;
}

}  // namespace tram::command
