#include "host/backup_file.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "host/random.hpp"
#include "host/recovery.hpp"
#include "host/sealing.hpp"
#include "sync/core/assert.hpp"
#include "sync/core/codec.hpp"

// The grammar is in schema/backup.md.
namespace tram::host {
namespace {

using sync::Bytes;
using sync::ByteView;
using sync::ErrorCode;
using sync::fail;
using sync::Result;
using sync::Status;

using Hash = sync::ByteArray<32>;

constexpr std::string_view magic = "tram backup\n";
constexpr std::uint64_t version = 1;
constexpr std::size_t length_bytes = 4;
constexpr std::size_t front_bytes = magic.size() + length_bytes;
constexpr std::size_t signature_bytes = 64;
constexpr std::size_t chunk_bytes = std::size_t{64} * 1024;
constexpr std::size_t sealed_bytes = chunk_bytes + seal_tag_bytes;
// A province has below 200 feeds of 40 bytes; ten times that is still nothing to read.
constexpr std::size_t header_bytes_max = std::size_t{128} * 1024;
constexpr std::size_t feeds_max = 4096;
constexpr std::size_t unit_bytes_max = 64;
constexpr std::size_t wrapped_bytes_max = 256;

tl::unexpected<sync::Error> damaged(const char* why) {
  return fail(ErrorCode::unverified, std::string("the backup is damaged: ") + why);
}

struct HasherDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// SHA-256 over pieces. It cannot fail short of an exhausted machine.
class Hasher {
 public:
  Hasher() : context_(EVP_MD_CTX_new()) {
    TRAM_ASSERT(context_ != nullptr);
    TRAM_ASSERT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }
  void add(ByteView bytes) {
    const bool added = EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
    TRAM_ASSERT(added);
  }
  [[nodiscard]] Hash finish() {
    Hash out{};
    const bool finished = EVP_DigestFinal_ex(context_.get(), out.data(), nullptr) == 1;
    TRAM_ASSERT(finished);
    return out;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, HasherDeleter> context_;
};

Hash hash_of(ByteView bytes) {
  Hasher hasher;
  hasher.add(bytes);
  return hasher.finish();
}

/// A key serves one file only, so the chunk's number may be its nonce.
Bytes nonce_of(std::uint64_t number, bool last) {
  Bytes out(seal_nonce_bytes);
  for (std::size_t i = 0; i < 8; ++i) out[10 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  out[11] = last ? 1 : 0;
  return out;
}

Bytes encode(const BackupHeader& header, ByteView wrapped_key) {
  sync::Writer out;
  out.varint(version);
  out.u8(static_cast<std::uint8_t>(header.role));
  out.string(header.unit);
  out.raw(header.signer);
  out.zigzag(header.made_at.ms);
  out.varint(header.feeds.size());
  for (const BackupFeed& feed : header.feeds) {
    out.string(feed.feed);
    out.varint(feed.size);
  }
  out.bytes(wrapped_key);
  return out.take();
}

Result<std::pair<BackupHeader, Bytes>> decode(ByteView bytes) {
  sync::Reader in(bytes);
  if (in.varint() != version) in.refuse("made by a newer version");
  BackupHeader out;
  const std::uint8_t role = in.u8();
  if (role != 1 && role != 2) in.refuse("neither of a node nor of a hub");
  out.role = role == 2 ? BackupRole::hub : BackupRole::node;
  out.unit = in.string(unit_bytes_max);
  out.signer = in.array<32>();
  out.made_at.ms = in.zigzag();
  const std::size_t count = in.count(feeds_max, 2);
  for (std::size_t i = 0; i < count && !in.failed(); ++i) {
    std::string feed = in.string(unit_bytes_max);
    out.feeds.push_back({std::move(feed), in.varint()});
  }
  Bytes wrapped = sync::to_bytes(in.bytes(wrapped_bytes_max));
  if (const Status whole = in.finish("the backup's header"); !whole) {
    return fail(ErrorCode::unverified, whole.error().message);
  }
  return std::pair(std::move(out), std::move(wrapped));
}

}  // namespace

std::string_view to_word(BackupRole role) {
  return role == BackupRole::hub ? "hub" : "node";
}

struct BackupWriter::Parts {
  LargeFileWriter file;
  Hasher hasher;
  Hash bound{};  // what every chunk is sealed together with
  Secret key;
  Secret buffer = Secret::zeros(chunk_bytes);
  std::size_t held = 0;
  std::uint64_t number = 0;

  explicit Parts(LargeFileWriter writer) : file(std::move(writer)) {}

  [[nodiscard]] Status put(ByteView bytes) {
    hasher.add(bytes);
    return file.write(bytes);
  }

  [[nodiscard]] Status seal_chunk(bool last) {
    const Bytes nonce = nonce_of(number++, last);
    const auto sealed = seal({key.view(), nonce}, bound, buffer.view().first(held));
    if (!sealed) return fail(sealed.error());
    held = 0;
    return put(*sealed);
  }
};

BackupWriter::BackupWriter(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
BackupWriter::BackupWriter(BackupWriter&&) noexcept = default;
BackupWriter::~BackupWriter() = default;

Result<BackupWriter> BackupWriter::begin(LargeFileWriter file, const BackupHeader& header,
                                         ByteView recovery_public_key) {
  Secret key = Secret::zeros(seal_key_bytes);
  SystemRandom().fill(key.writable());
  const auto wrapped = wrap_to_recovery_key(recovery_public_key, key.view());
  if (!wrapped) return fail(wrapped.error());
  const Bytes body = encode(header, *wrapped);
  // What a reader would refuse must not be written.
  if (body.size() > header_bytes_max || !decode(body)) {
    return fail(ErrorCode::limit, "the backup's header is too large");
  }
  Bytes front = sync::to_bytes(magic);
  for (std::size_t i = 0; i < length_bytes; ++i) {
    front.push_back(static_cast<std::uint8_t>(body.size() >> (8 * (length_bytes - 1 - i))));
  }
  front.insert(front.end(), body.begin(), body.end());

  auto parts = std::make_unique<Parts>(std::move(file));
  parts->key = std::move(key);
  parts->bound = hash_of(front);
  if (const Status put = parts->put(front); !put) return fail(put.error());
  return BackupWriter(std::move(parts));
}

Status BackupWriter::write(ByteView plain) {
  while (!plain.empty()) {
    // A full chunk waits for what follows, for the last one must be known as the last.
    if (parts_->held == chunk_bytes) {
      if (const Status sealed = parts_->seal_chunk(false); !sealed) return sealed;
    }
    const std::size_t taken = std::min(plain.size(), chunk_bytes - parts_->held);
    const auto at = parts_->buffer.writable().subspan(parts_->held, taken);
    std::copy_n(plain.begin(), taken, at.begin());
    parts_->held += taken;
    plain = plain.subspan(taken);
  }
  return {};
}

Result<std::uint64_t> BackupWriter::publish(const BackupSign& sign) {
  if (const Status sealed = parts_->seal_chunk(true); !sealed) return fail(sealed.error());
  const auto signature = sign(parts_->hasher.finish());
  if (const Status put = parts_->file.write(signature); !put) return fail(put.error());
  const std::uint64_t size = parts_->file.size();
  if (const Status published = parts_->file.publish(); !published) return fail(published.error());
  return size;
}

struct BackupReader::Parts {
  LargeFileReader file;
  Bytes front;  // all before the first chunk, as it was read once
  BackupHeader header;
  Bytes wrapped_key;
  Hash bound{};
  std::uint64_t at = 0;   // where the next chunk begins
  std::uint64_t end = 0;  // where the signature begins
  Secret key;
  std::uint64_t number = 0;
  Secret chunk;
  std::size_t used = 0;  // of the chunk
  Bytes sealed;

  explicit Parts(LargeFileReader reader) : file(std::move(reader)) {}

  /// Another hand may have cut the file since it was opened.
  [[nodiscard]] Status read_at(std::uint64_t offset, std::span<std::uint8_t> out) const {
    const Status read = file.read_at(offset, out);
    if (!read && read.error().code == ErrorCode::limit) return damaged("it is cut");
    return read;
  }

  [[nodiscard]] Status next_chunk() {
    const std::uint64_t left = end - at;
    const bool last = left <= sealed_bytes;
    sealed.resize(last ? static_cast<std::size_t>(left) : sealed_bytes);
    if (const Status got = read_at(at, sealed); !got) return got;
    const Bytes nonce = nonce_of(number++, last);
    auto opened = open_sealed({key.view(), nonce}, bound, sealed);
    if (!opened && opened.error().code == ErrorCode::failed) return fail(opened.error());
    if (!opened) return damaged("its content does not fit its key");
    chunk = std::move(*opened);
    used = 0;
    at += sealed.size();
    return {};
  }
};

BackupReader::BackupReader(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
BackupReader::BackupReader(BackupReader&&) noexcept = default;
BackupReader::~BackupReader() = default;

Result<BackupReader> BackupReader::open(const std::filesystem::path& path) {
  auto file = LargeFileReader::open(path);
  if (!file) return fail(file.error());
  auto parts = std::make_unique<Parts>(std::move(*file));
  const std::uint64_t size = parts->file.size();
  if (size < front_bytes + signature_bytes + seal_tag_bytes) return damaged("it is cut");
  Bytes front(front_bytes);
  if (const Status read = parts->read_at(0, front); !read) return fail(read.error());
  if (!std::equal(magic.begin(), magic.end(), front.begin())) {
    return fail(ErrorCode::unverified, path.string() + " is not a backup of Tram");
  }
  std::size_t header_bytes = 0;
  for (std::size_t i = magic.size(); i < front_bytes; ++i) {
    header_bytes = header_bytes << 8 | front[i];
  }
  if (header_bytes > header_bytes_max) return damaged("its header is too large");
  if (size < front_bytes + header_bytes + signature_bytes + seal_tag_bytes) {
    return damaged("it is cut");
  }
  front.resize(front_bytes + header_bytes);
  const Status read = parts->read_at(front_bytes, std::span(front).subspan(front_bytes));
  if (!read) return fail(read.error());
  auto decoded = decode(ByteView(front).subspan(front_bytes));
  if (!decoded) return fail(decoded.error());
  parts->header = std::move(decoded->first);
  parts->wrapped_key = std::move(decoded->second);
  parts->bound = hash_of(front);
  parts->at = front.size();
  parts->end = size - signature_bytes;
  parts->front = std::move(front);
  return BackupReader(std::move(parts));
}

const BackupHeader& BackupReader::header() const {
  return parts_->header;
}
std::uint64_t BackupReader::file_bytes() const {
  return parts_->file.size();
}
std::uint64_t BackupReader::bytes_passed() const {
  return parts_->at;
}

Status BackupReader::prove(const BackupCheck& check, const ProveProgress& progress) {
  Hasher hasher;
  hasher.add(parts_->front);
  Bytes piece(chunk_bytes);
  for (std::uint64_t at = parts_->front.size(); at < parts_->end;) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes, parts_->end - at)));
    if (const Status read = parts_->read_at(at, piece); !read) return read;
    hasher.add(piece);
    at += piece.size();
    if (progress) progress(at, parts_->end);
  }
  sync::ByteArray<signature_bytes> signature{};
  if (const Status read = parts_->read_at(parts_->end, signature); !read) return read;
  if (!check(parts_->header.signer, hasher.finish(), signature)) {
    return damaged("the signature of the computer that made it does not fit");
  }
  return {};
}

Status BackupReader::unlock(const Secret& recovery_private_key) {
  auto key = unwrap_with_recovery_key(recovery_private_key, parts_->wrapped_key);
  if (!key || key->size() != seal_key_bytes) {
    return fail(ErrorCode::unverified, "this recovery key does not open this backup");
  }
  parts_->key = std::move(*key);
  return {};
}

Result<std::size_t> BackupReader::read(std::span<std::uint8_t> out) {
  TRAM_ASSERT(!parts_->key.empty());
  std::size_t filled = 0;
  while (filled < out.size()) {
    if (parts_->used == parts_->chunk.size()) {
      if (parts_->at == parts_->end) break;
      if (const Status opened = parts_->next_chunk(); !opened) return fail(opened.error());
    }
    const ByteView left = parts_->chunk.view().subspan(parts_->used);
    const std::size_t taken = std::min(out.size() - filled, left.size());
    std::copy_n(left.begin(), taken, out.begin() + static_cast<std::ptrdiff_t>(filled));
    filled += taken;
    parts_->used += taken;
  }
  return filled;
}

}  // namespace tram::host
