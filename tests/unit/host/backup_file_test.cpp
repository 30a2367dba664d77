// Goal: a backup opens only whole, unchanged, with its recovery key; what is not so is found.
// Method: small files of several chunks, every truncation and a flip of every byte; real keys.
#include "host/backup_file.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <optional>

#include "host/files.hpp"
#include "host/recovery.hpp"
#include "sync/crypto/signature.hpp"
#include "tests/support/temp_dir.hpp"

using namespace tram;
using host::BackupReader;
using host::BackupWriter;
using host::LargeFileWriter;
using sync::ErrorCode;
using tram::test::TempDir;

namespace {

constexpr std::size_t chunk_bytes = 65'536;
constexpr std::size_t sealed_bytes = chunk_bytes + 16;

const host::RecoveryKey& recovery_key() {
  static const auto key = host::generate_recovery_key();
  REQUIRE(key);
  return *key;
}

const sync::SigningKey& maker() {
  static const auto key = sync::SigningKey::from_seed(sync::Bytes(32, 7));
  REQUIRE(key);
  return *key;
}

bool fits(const sync::PublicKey& key, sync::ByteView message, const sync::Signature& signature) {
  return sync::verify(key, "test", message, signature);
}

host::BackupHeader header() {
  return {host::BackupRole::node,
          "24829",
          maker().public_key(),
          {1'751'331'480'000},
          {{"24829", 17}, {"province", 3}}};
}

sync::Bytes content_of(std::size_t size) {
  sync::Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 31 + (i >> 8));
  return out;
}

// In pieces of an awkward size.
std::uint64_t save(const std::filesystem::path& path, const sync::Bytes& content,
                   LargeFileWriter::Existing existing = LargeFileWriter::Existing::keep) {
  auto file = LargeFileWriter::create(path, existing);
  REQUIRE(file);
  auto writer = BackupWriter::begin(std::move(*file), header(), recovery_key().public_key);
  REQUIRE(writer);
  for (std::size_t at = 0; at < content.size(); at += 1009) {
    const std::size_t size = std::min<std::size_t>(1009, content.size() - at);
    REQUIRE(writer->write(sync::ByteView(content).subspan(at, size)));
  }
  const auto bytes =
      writer->publish([](sync::ByteView message) { return maker().sign("test", message); });
  REQUIRE(bytes);
  return *bytes;
}

sync::Bytes bytes_of(const std::filesystem::path& path) {
  auto bytes = host::read_file(path, 16 << 20);
  REQUIRE(bytes);
  return *bytes;
}

void replace(const std::filesystem::path& path, sync::ByteView bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << sync::as_text(bytes);
  REQUIRE(out.good());
}

// The error of proving, or nothing.
std::optional<ErrorCode> proving_error(const std::filesystem::path& path) {
  auto reader = BackupReader::open(path);
  if (!reader) return reader.error().code;
  const auto proved = reader->prove(fits, {});
  return proved ? std::nullopt : std::optional(proved.error().code);
}

sync::Result<sync::Bytes> opened(const std::filesystem::path& path, const host::Secret& key) {
  auto reader = BackupReader::open(path);
  if (!reader) return sync::fail(reader.error());
  if (const auto unlocked = reader->unlock(key); !unlocked) return sync::fail(unlocked.error());
  sync::Bytes out;
  sync::Bytes piece(4099);
  for (;;) {
    const auto got = reader->read(piece);
    if (!got) return sync::fail(got.error());
    out.insert(out.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*got));
    if (*got < piece.size()) return out;
  }
}

std::size_t files_in(const TempDir& folder) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    count += entry.path().empty() ? 0 : 1;
  }
  return count;
}

}  // namespace

TEST_CASE("backup file: the content comes back, whatever its size") {
  const TempDir folder;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, chunk_bytes - 1, chunk_bytes,
                                 chunk_bytes + 1, 3 * chunk_bytes, 3 * chunk_bytes + 77}) {
    INFO("bytes: " << size);
    const auto path = folder.path() / std::to_string(size);
    const auto content = content_of(size);
    const std::uint64_t bytes = save(path, content);
    CHECK(bytes == std::filesystem::file_size(path));
    auto reader = BackupReader::open(path);
    REQUIRE(reader);
    CHECK(reader->header().role == host::BackupRole::node);
    CHECK(reader->header().unit == "24829");
    CHECK(reader->header().signer == maker().public_key());
    CHECK(reader->header().made_at.ms == 1'751'331'480'000);
    REQUIRE(reader->header().feeds.size() == 2);
    CHECK(reader->header().feeds[0].feed == "24829");
    CHECK(reader->header().feeds[0].size == 17);
    CHECK(reader->prove(fits, {}));
    CHECK(opened(path, recovery_key().private_key).value() == content);
    if (size > 40) {
      const auto file = bytes_of(path);
      CHECK(sync::as_text(file).find(sync::as_text(content).substr(0, 40)) ==
            std::string_view::npos);
    }
  }
}

TEST_CASE("backup file: it is unfit when cut anywhere, or longer, or changed in any byte") {
  const TempDir folder;
  const auto path = folder.path() / "file";
  save(path, content_of(300));
  const auto whole = bytes_of(path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO("cut to " << size << " of " << whole.size());
    replace(path, sync::ByteView(whole).first(size));
    CHECK(proving_error(path) == ErrorCode::unverified);
  }
  auto longer = whole;
  longer.push_back(0);
  replace(path, longer);
  CHECK(proving_error(path) == ErrorCode::unverified);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    INFO("byte " << at << " of " << whole.size());
    auto changed = whole;
    changed[at] ^= 0x01;
    replace(path, changed);
    CHECK(proving_error(path) == ErrorCode::unverified);
  }
  replace(path, whole);
  CHECK_FALSE(proving_error(path));
}

TEST_CASE("backup file: chunks that moved, are missing or changed do not open, signed or not") {
  const TempDir folder;
  const auto path = folder.path() / "file";
  save(path, content_of(3 * chunk_bytes));
  const auto whole = bytes_of(path);
  const std::size_t body = whole.size() - 64 - 3 * sealed_bytes;
  const auto chunk = [&](std::size_t number) {
    return sync::ByteView(whole).subspan(body + number * sealed_bytes, sealed_bytes);
  };
  const auto of_chunks = [&](std::initializer_list<std::size_t> numbers) {
    sync::Bytes out(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(body));
    for (const std::size_t number : numbers) {
      const auto view = chunk(number);
      out.insert(out.end(), view.begin(), view.end());
    }
    out.insert(out.end(), whole.end() - 64, whole.end());
    return out;
  };
  const auto error_of = [&](const sync::Bytes& bytes) -> std::optional<ErrorCode> {
    replace(path, bytes);
    const auto content = opened(path, recovery_key().private_key);
    return content ? std::nullopt : std::optional(content.error().code);
  };
  CHECK_FALSE(error_of(of_chunks({0, 1, 2})));
  CHECK(error_of(of_chunks({1, 0, 2})) == ErrorCode::unverified);
  CHECK(error_of(of_chunks({0, 2})) == ErrorCode::unverified);
  CHECK(error_of(of_chunks({0, 1})) == ErrorCode::unverified);
  CHECK(error_of(of_chunks({0, 1, 1, 2})) == ErrorCode::unverified);
  CHECK(error_of(of_chunks({0, 1, 2, 2})) == ErrorCode::unverified);
  for (const std::size_t at : {body, body + sealed_bytes - 1, body + 2 * sealed_bytes + 9}) {
    auto changed = whole;
    changed[at] ^= 0x80;
    CHECK(error_of(changed) == ErrorCode::unverified);
  }
  // The header is bound in: another time, the same key and content.
  for (std::size_t at = 16; at < 16 + 2 + 5 + 1 + 32 + 6; ++at) {
    auto changed = whole;
    changed[at] ^= 0x02;
    INFO("header byte " << at);
    CHECK(error_of(changed) == ErrorCode::unverified);
  }
}

TEST_CASE("backup file: another recovery key, or another signer, is unverified") {
  const TempDir folder;
  const auto path = folder.path() / "file";
  save(path, content_of(1000));
  const auto other = host::generate_recovery_key();
  REQUIRE(other);
  CHECK(opened(path, other->private_key).error().code == ErrorCode::unverified);
  CHECK(opened(path, host::Secret::zeros(5)).error().code == ErrorCode::unverified);
  auto reader = BackupReader::open(path);
  REQUIRE(reader);
  const auto wrong_domain = [](const sync::PublicKey& key, sync::ByteView message,
                               const sync::Signature& signature) {
    return sync::verify(key, "other", message, signature);
  };
  CHECK(reader->prove(wrong_domain, {}).error().code == ErrorCode::unverified);
}

TEST_CASE("backup file: hostile lengths cost nothing") {
  const TempDir folder;
  const auto path = folder.path() / "file";
  save(path, content_of(1000));
  const auto whole = bytes_of(path);
  for (const int top : {0x00, 0x01, 0x7f, 0xff}) {
    auto changed = whole;
    changed[12] = static_cast<std::uint8_t>(top);
    changed[13] = 0xff;
    replace(path, changed);
    CHECK(proving_error(path) == ErrorCode::unverified);
  }
  CHECK(BackupReader::open(folder.path()).error().code == ErrorCode::refused);
  CHECK(BackupReader::open(folder.path() / "none").error().code == ErrorCode::not_found);
  host::BackupHeader large = header();
  large.unit = std::string(65, 'x');
  auto file = LargeFileWriter::create(folder.path() / "large", LargeFileWriter::Existing::keep);
  REQUIRE(file);
  CHECK(BackupWriter::begin(std::move(*file), large, recovery_key().public_key).error().code ==
        ErrorCode::limit);
}

TEST_CASE("backup file: what was not published leaves nothing, and what is there stays") {
  const TempDir folder;
  const auto path = folder.path() / "file";
  {
    auto file = LargeFileWriter::create(path, LargeFileWriter::Existing::keep);
    REQUIRE(file);
    auto writer = BackupWriter::begin(std::move(*file), header(), recovery_key().public_key);
    REQUIRE(writer);
    REQUIRE(writer->write(content_of(2 * chunk_bytes)));
    CHECK(files_in(folder) == 1);
    CHECK_FALSE(std::filesystem::exists(path));
  }
  CHECK(files_in(folder) == 0);
  save(path, content_of(10));
  const auto first = bytes_of(path);
  CHECK(LargeFileWriter::create(path, LargeFileWriter::Existing::keep).error().code ==
        ErrorCode::conflict);
  CHECK(bytes_of(path) == first);
  save(path, content_of(11), LargeFileWriter::Existing::replace);
  CHECK(bytes_of(path) != first);
  // Two at a time; and what a killed one left.
  const auto torn = folder.path() / "torn";
  replace(folder.path() / ".torn.part", sync::Bytes(100'000, 1));
  {
    auto one = LargeFileWriter::create(torn, LargeFileWriter::Existing::keep);
    REQUIRE(one);
    CHECK(LargeFileWriter::create(torn, LargeFileWriter::Existing::keep).error().code ==
          ErrorCode::conflict);
    REQUIRE(one->write(sync::as_bytes("new")));
    REQUIRE(one->publish());
  }
  CHECK(sync::as_text(bytes_of(torn)) == "new");
  CHECK_FALSE(std::filesystem::exists(folder.path() / ".torn.part"));
  // Somebody else was faster.
  const auto late = folder.path() / "late";
  auto file = LargeFileWriter::create(late, LargeFileWriter::Existing::keep);
  REQUIRE(file);
  replace(late, sync::as_bytes("here"));
  CHECK(file->publish().error().code == ErrorCode::conflict);
  CHECK(sync::as_text(bytes_of(late)) == "here");
}
