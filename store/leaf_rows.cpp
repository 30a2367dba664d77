#include "store/leaf_rows.hpp"

#include "store/sqlite/page_file.hpp"

namespace tram::store {

using sync::Bytes;
using sync::ByteView;

namespace {

constexpr std::size_t usable = PageFile::usable_bytes;
constexpr std::uint8_t table_leaf = 0x0d;
// The largest row that we keep: an entry of 64 KiB and its columns. Damage makes no larger ones.
constexpr std::size_t row_bytes_max = std::size_t{256} * 1024;
constexpr std::size_t columns_max = 32;

// Reads forward in a view and is bad for good once it ran over its end.
class Walk {
 public:
  explicit Walk(ByteView bytes) : bytes_(bytes) {}

  std::uint64_t big_endian(std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8U | next();
    return value;
  }
  // SQLite's varint: seven bits a byte, the ninth byte has eight.
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) {
      const std::uint8_t byte = next();
      value = value << 7U | (byte & 0x7fU);
      if (byte < 0x80U) return value;
    }
    return value << 8U | next();
  }
  ByteView take(std::size_t size) {
    if (size > bytes_.size() - at_) {
      bad_ = true;
      return {};
    }
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] bool bad() const { return bad_; }

 private:
  std::uint8_t next() {
    if (at_ >= bytes_.size()) {
      bad_ = true;
      return 0;
    }
    return bytes_[at_++];
  }

  ByteView bytes_;
  std::size_t at_ = 0;
  bool bad_ = false;
};

// How much of a payload stands in the leaf itself.
std::size_t local_bytes(std::size_t payload) {
  constexpr std::size_t most = usable - 35;
  constexpr std::size_t least = (usable - 12) * 32 / 255 - 23;
  if (payload <= most) return payload;
  const std::size_t wanted = least + (payload - least) % (usable - 4);
  return wanted <= most ? wanted : least;
}

// The whole payload of a cell; nothing if a page of it cannot be read.
std::optional<Bytes> payload_of(PageFile& file, Walk& cell, std::size_t size) {
  const std::size_t local = local_bytes(size);
  Bytes payload = sync::to_bytes(cell.take(local));
  if (local == size) return cell.bad() ? std::nullopt : std::optional(std::move(payload));
  auto next = static_cast<std::uint32_t>(cell.big_endian(4));
  if (cell.bad()) return std::nullopt;
  while (payload.size() < size) {
    const std::optional<Bytes> page = file.read(next);
    if (!page) return std::nullopt;
    Walk overflow(ByteView(*page).first(usable));
    next = static_cast<std::uint32_t>(overflow.big_endian(4));
    const ByteView part = overflow.take(std::min(usable - 4, size - payload.size()));
    payload.insert(payload.end(), part.begin(), part.end());
  }
  return payload;
}

std::optional<LeafValue> value_of(std::uint64_t type, Walk& body) {
  LeafValue value;
  if (type == 0) return value;
  if (type >= 12) {
    value.kind = type % 2 == 0 ? LeafValue::Kind::blob : LeafValue::Kind::text;
    value.bytes = body.take(static_cast<std::size_t>((type - 12) / 2));
    return value;
  }
  value.kind = LeafValue::Kind::integer;
  if (type == 8 || type == 9) {
    value.integer = type == 9 ? 1 : 0;
    return value;
  }
  if (type == 7 || type > 9) return std::nullopt;  // no table of ours has a real number
  const std::size_t size = type == 6 ? 8 : type == 5 ? 6 : static_cast<std::size_t>(type);
  const unsigned unused = 64U - 8U * static_cast<unsigned>(size);
  // Shifted up and back down, which copies the sign.
  value.integer = static_cast<std::int64_t>(body.big_endian(size) << unused) >> unused;
  return value;
}

bool read_record(ByteView payload, LeafRow& row) {
  Walk head(payload);
  const std::uint64_t head_bytes = head.varint();
  if (head.bad() || head_bytes > payload.size()) return false;
  Walk body(payload.subspan(static_cast<std::size_t>(head_bytes)));
  while (head.at() < head_bytes) {
    const std::optional<LeafValue> value = value_of(head.varint(), body);
    if (!value || head.bad() || body.bad() || row.values.size() == columns_max) return false;
    row.values.push_back(*value);
  }
  return true;
}

}  // namespace

bool for_each_leaf_row(PageFile& file, std::uint32_t number,
                       const std::function<void(const LeafRow&)>& visit) {
  const std::optional<Bytes> page = file.read(number);
  if (!page) return false;
  const ByteView whole = ByteView(*page).first(usable);
  Walk head(whole);
  // The first page begins with the file's own header.
  if (number == 1) head.take(100);
  if (head.big_endian(1) != table_leaf) return true;
  head.take(2);
  const std::uint64_t cells = head.big_endian(2);
  head.take(3);
  for (std::uint64_t i = 0; i < cells; ++i) {
    const auto offset = static_cast<std::size_t>(head.big_endian(2));
    if (head.bad()) return true;
    if (offset >= whole.size()) continue;
    Walk cell(whole.subspan(offset));
    const std::uint64_t size = cell.varint();
    LeafRow row;
    row.row_id = static_cast<std::int64_t>(cell.varint());
    if (cell.bad() || size > row_bytes_max) continue;
    const std::optional<Bytes> payload = payload_of(file, cell, static_cast<std::size_t>(size));
    if (payload && read_record(*payload, row)) visit(row);
  }
  return true;
}

}  // namespace tram::store
