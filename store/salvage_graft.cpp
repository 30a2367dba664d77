#include "store/salvage_graft.hpp"

#include <vector>

#include "store/migrations.hpp"
#include "store/sqlite/page_file.hpp"

namespace tram::store {

using sync::Bytes;
using sync::ByteView;
using sync::ErrorCode;
using sync::fail;
using sync::Result;
using sync::Status;

namespace {

namespace fs = std::filesystem;

// The first page: the file's header, then the root of the schema's tree (SQLite's file format).
constexpr std::size_t header_bytes = 100;
constexpr std::size_t page_count_at = 28;
constexpr std::size_t free_pages_at = 32;
constexpr std::uint8_t interior = 0x05;

std::uint32_t number_at(ByteView page, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8U | page[at + i];
  return value;
}

void set_number(Bytes& page, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) {
    page[at + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  }
}

// The pages below the schema's root.
std::vector<std::uint32_t> schema_pages(ByteView first) {
  std::vector<std::uint32_t> pages;
  if (first[header_bytes] != interior) return pages;
  const std::uint32_t cells = number_at(first, header_bytes + 3, 2);
  for (std::uint32_t i = 0; i < cells; ++i) {
    const std::size_t cell = number_at(first, header_bytes + 12 + 2 * std::size_t{i}, 2);
    pages.push_back(number_at(first, cell, 4));
  }
  pages.push_back(number_at(first, header_bytes + 8, 4));
  return pages;
}

Result<std::vector<std::string>> schema_of(Database& database) {
  Statement rows = database.prepare(
      "SELECT name || ' ' || rootpage || ' ' || coalesce(sql, '') AS line"
      " FROM sqlite_schema ORDER BY name");
  std::vector<std::string> lines;
  while (true) {
    const Result<bool> row = rows.step();
    if (!row) return fail(row.error());
    if (!*row) return lines;
    lines.push_back(rows.text("line"));
  }
}

void remove_database(const fs::path& path) {
  std::error_code ignored;
  for (const char* ending : {"", "-wal", "-shm"}) {
    fs::path file = path;
    file += ending;
    fs::remove(file, ignored);
  }
}

// A store that came out of a backup was written anew, which gives its tables other pages.
Result<std::vector<std::string>> make_model(const fs::path& model, ByteView key, bool vacuumed) {
  remove_database(model);
  const auto database = Database::open({.path = model, .key = key});
  if (!database) return fail(database.error());
  if (const auto made = migrate(**database); !made) return fail(made.error());
  if (vacuumed) {
    if (const Status done = (*database)->execute("VACUUM"); !done) return fail(done.error());
  }
  return schema_of(**database);
}

Status copy_damaged(const fs::path& damaged, const fs::path& copy) {
  remove_database(copy);
  for (const char* ending : {"", "-wal"}) {
    fs::path from = damaged;
    fs::path to = copy;
    from += ending;
    to += ending;
    std::error_code error;
    if (*ending != '\0' && !fs::exists(from, error)) continue;
    fs::copy_file(from, to, error);
    if (error) return fail(ErrorCode::io, "copying " + from.string() + ": " + error.message());
  }
  return {};
}

// Gives the copy what it lacks; how many pages that were, or nothing if the model is of another
// shape.
Result<std::uint64_t> replace_pages(PageFile& model, PageFile& copy) {
  std::optional<Bytes> first = model.read(1);
  const std::optional<Bytes> own = copy.read(1);
  if (!first) return fail(ErrorCode::io, "a new database cannot be read");
  const std::vector<std::uint32_t> pages = schema_pages(*first);
  if (own && schema_pages(*own) != pages) return std::uint64_t{0};
  std::uint64_t replaced = 0;
  if (!own) {
    set_number(*first, page_count_at, copy.pages());
    set_number(*first, free_pages_at, 0);
    set_number(*first, free_pages_at + 4, 0);
    if (const Status written = copy.write(1, *first); !written) return fail(written.error());
    ++replaced;
  }
  for (const std::uint32_t number : pages) {
    if (number > copy.pages() || copy.read(number)) continue;
    const std::optional<Bytes> page = model.read(number);
    if (!page) return fail(ErrorCode::io, "a new database cannot be read");
    if (const Status written = copy.write(number, *page); !written) return fail(written.error());
    ++replaced;
  }
  return replaced;
}

}  // namespace

Result<Graft> graft(const fs::path& damaged, ByteView key, const fs::path& copy,
                    const fs::path& model) {
  Graft out;
  for (const bool vacuumed : {false, true}) {
    const auto schema = make_model(model, key, vacuumed);
    if (!schema) return fail(schema.error());
    if (const Status copied = copy_damaged(damaged, copy); !copied) return fail(copied.error());
    {
      const auto from = PageFile::open(model, key);
      const auto to = PageFile::open(copy, key);
      if (!from || !to) return fail((from ? to : from).error());
      const auto replaced = replace_pages(**from, **to);
      if (!replaced) return fail(replaced.error());
      out.replaced = *replaced;
    }
    auto opened = Database::open({.path = copy, .key = key});
    if (!opened) continue;
    const auto found = schema_of(**opened);
    if (!found || *found != *schema) continue;
    out.database = std::move(*opened);
    return out;
  }
  out.replaced = 0;
  return out;
}

}  // namespace tram::store
