// Goal: a disk that can be cut off at any moment, for the simulator and the fault tests.
// Method: a folder of copy-on-write files, what of it is durable, and seeded faults.
#include "tests/simulation/disk.hpp"

#include <algorithm>
#include <set>

#include "tests/simulation/disk_machine.hpp"

namespace tram::simulation {

namespace detail {

int Inside::depth = 0;

std::map<std::uint64_t, std::weak_ptr<Machine>>& machines() {
  static std::map<std::uint64_t, std::weak_ptr<Machine>> all;
  return all;
}

std::shared_ptr<Node> Machine::find(std::string_view name) const {
  const auto found = files.find(name);
  return found == files.end() ? nullptr : found->second;
}

std::uint64_t Machine::used_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [name, node] : files) sum += node->inode.now().size;
  return sum;
}

Verdict Machine::judge(Operation operation, const Change* change) {
  ++counters.operations[static_cast<std::size_t>(operation)];
  ++since.at(static_cast<std::size_t>(operation));
  if (change != nullptr) {
    ++counters.changes;
    ++changes_since;
    if (look) look(*change);
  }
  return armed ? judge_faults(operation, change) : Verdict{};
}

Verdict Machine::judge_faults(Operation operation, const Change* change) {
  const std::uint64_t bytes = change != nullptr ? change->bytes : 0;
  if (change != nullptr && changes_since == faults.stop_at_change) {
    stopped = true;
    ++counters.injected;
    return {Failure::io_error, dice.below(bytes + 1), dice.coin()};
  }
  const std::uint64_t count = since.at(static_cast<std::size_t>(operation));
  for (const NthFailure& rule : faults.failures) {
    if (rule.operation != operation || count < rule.nth) continue;
    if (count > rule.nth && !rule.lasting) continue;
    ++counters.injected;
    return {rule.failure, dice.below(bytes + 1), false};
  }
  const double rate = operation == Operation::read    ? faults.read_error_rate
                      : operation == Operation::write ? faults.write_error_rate
                      : operation == Operation::sync  ? faults.sync_error_rate
                                                      : 0;
  if (dice.chance(rate)) {
    ++counters.injected;
    return {Failure::io_error, dice.below(bytes + 1), false};
  }
  if (change != nullptr && operation == Operation::write) {
    const auto node = find(change->name);
    const std::uint64_t size = node ? node->inode.now().size : 0;
    const std::uint64_t end = change->offset + change->bytes;
    const std::uint64_t used = used_bytes();
    if (end > size && used + (end - size) > faults.capacity_bytes) {
      ++counters.injected;
      const std::uint64_t room = faults.capacity_bytes > used ? faults.capacity_bytes - used : 0;
      const std::uint64_t fits = size + room > change->offset ? size + room - change->offset : 0;
      return {Failure::full, std::min(fits, change->bytes), false};
    }
  }
  return {};
}

void Machine::die() {
  ++life;
  stopped = false;
  for (const auto& [name, node] : files) {
    node->shared = 0;
    node->reserved = nullptr;
    node->exclusive = nullptr;
    node->memory.reset();
  }
}

void Machine::put(const Image& image) {
  die();
  files.clear();
  for (const auto& [name, content] : image.files_) {
    auto node = std::make_shared<Node>();
    node->inode.set(*content);
    files.emplace(name, std::move(node));
  }
  sync_folder();
}

Image Machine::image() const {
  Image made;
  for (const auto& [name, node] : files) made.files_.emplace(name, node->inode.image());
  return made;
}

Image Machine::image_after_power_cut(Dice& chance) const {
  const CutStyle style = draw_style(chance);
  std::set<std::string_view> names;
  for (const auto& [name, node] : files) names.insert(name);
  for (const auto& [name, node] : durable_files) names.insert(name);
  Image made;
  for (const std::string_view name : names) {
    const auto now = find(name);
    const auto old = durable_files.find(name);
    const auto before = old == durable_files.end() ? nullptr : old->second;
    const auto& left = now == before || chance.coin() ? now : before;
    if (!left) continue;
    made.files_.emplace(
        name, std::make_shared<const Content>(left->inode.after_power_cut(chance, style)));
  }
  return made;
}

}  // namespace detail

using detail::Content;
using detail::Inside;

bool inside_disk() {
  return Inside::depth > 0;
}

std::vector<std::string> Image::names() const {
  std::vector<std::string> all;
  for (const auto& [name, content] : files_) all.push_back(name);
  return all;
}

sync::Bytes Image::read(std::string_view name) const {
  const auto found = files_.find(name);
  if (found == files_.end()) return {};
  sync::Bytes bytes(found->second->size);
  found->second->read(0, bytes);
  return bytes;
}

std::uint64_t Image::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [name, content] : files_) sum += content->size;
  return sum;
}

bool operator==(const Image& a, const Image& b) {
  const auto same = [](const Content& x, const Content& y) {
    if (x.size != y.size) return false;
    for (std::size_t i = 0; i * detail::block_bytes < x.size; ++i) {
      if (&x.at(i) != &y.at(i) && x.at(i) != y.at(i)) return false;
    }
    return true;
  };
  return std::equal(a.files_.begin(), a.files_.end(), b.files_.begin(), b.files_.end(),
                    [&](const auto& x, const auto& y) {
                      return x.first == y.first && same(*x.second, *y.second);
                    });
}

Disk::Disk(std::uint64_t seed) : machine_(std::make_shared<detail::Machine>(seed)) {
  static std::uint64_t newest = 0;
  machine_->id = ++newest;
  detail::machines()[machine_->id] = machine_;
}

Disk::~Disk() {
  machine_->die();
  machine_->look = {};
  detail::machines().erase(machine_->id);
}

std::filesystem::path Disk::path(std::string_view name) const {
  return "/disk-" + std::to_string(machine_->id) + "/" + std::string(name);
}

Image Disk::image() const {
  return machine_->image();
}

void Disk::put(const Image& image) {
  machine_->put(image);
}

void Disk::kill() {
  machine_->die();
}

Image Disk::image_after_power_cut(sync::Random& random) const {
  std::array<std::uint8_t, 8> drawn{};
  random.fill(drawn);
  std::uint64_t seed = 0;
  for (const std::uint8_t byte : drawn) seed = seed << 8U | byte;
  detail::Dice chance(seed);
  const Inside inside;
  return machine_->image_after_power_cut(chance);
}

void Disk::power_cut(sync::Random& random) {
  machine_->put(image_after_power_cut(random));
}

void Disk::set_faults(DiskFaults faults) {
  const DiskFaults none;
  machine_->armed = faults.stop_at_change != 0 || !faults.failures.empty() ||
                    faults.capacity_bytes != none.capacity_bytes || faults.read_error_rate > 0 ||
                    faults.write_error_rate > 0 || faults.sync_error_rate > 0 ||
                    faults.lying_sync_rate > 0 || faults.rotten_read_rate > 0 ||
                    faults.misdirected_write_rate > 0;
  machine_->faults = std::move(faults);
  machine_->since = {};
  machine_->changes_since = 0;
}

const DiskFaults& Disk::faults() const {
  return machine_->faults;
}
bool Disk::stopped() const {
  return machine_->stopped;
}
const DiskCounters& Disk::counters() const {
  return machine_->counters;
}

void Disk::on_change(std::function<void(const Change&)> look) {
  machine_->look = std::move(look);
}

bool Disk::exists(std::string_view name) const {
  return machine_->find(name) != nullptr;
}

std::uint64_t Disk::size(std::string_view name) const {
  const auto node = machine_->find(name);
  return node ? node->inode.now().size : 0;
}

std::uint64_t Disk::used_bytes() const {
  return machine_->used_bytes();
}

void Disk::write_file(std::string_view name, sync::ByteView bytes) {
  auto node = std::make_shared<detail::Node>();
  Content content;
  content.write(0, bytes);
  node->inode.set(content);
  machine_->files.insert_or_assign(std::string(name), node);
  machine_->durable_files.insert_or_assign(std::string(name), node);
}

void Disk::remove_file(std::string_view name) {
  const std::string gone(name);
  machine_->files.erase(gone);
  machine_->durable_files.erase(gone);
}

bool Disk::flip_bit(std::string_view name, std::uint64_t offset, unsigned bit) {
  const auto node = machine_->find(name);
  return node && node->inode.flip_bit(offset, bit % 8);
}

}  // namespace tram::simulation
