#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "sync/core/assert.hpp"
#include "sync/merge/record_state.hpp"

namespace tram::sync {

namespace {

struct NameHash {
  std::size_t operator()(const Name& name) const {
    std::size_t out = 0;
    for (std::size_t i = 0; i < sizeof(out); ++i) out = (out << 8U) | name[i];
    return out;
  }
};

// A set of field keys, as bits.
class FieldSet {
 public:
  explicit FieldSet(std::size_t fields) : words_((fields + 63) / 64) {}
  void add(std::size_t field) { words_[field / 64] |= std::uint64_t{1} << (field % 64); }
  void add(const FieldSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  [[nodiscard]] bool has(std::size_t field) const {
    return (words_[field / 64] >> (field % 64) & 1U) != 0;
  }

 private:
  std::vector<std::uint64_t> words_;
};

struct Node {
  const MergeEntry* source = nullptr;
  const Edit* edit = nullptr;
  Verdict::Ruling ruling = Verdict::Ruling::counts;
  std::vector<std::size_t> parents;
  std::vector<std::size_t> writes;  // field numbers of FieldIndex, one a change
  bool creates = false;

  [[nodiscard]] bool counts() const { return ruling != Verdict::Ruling::void_entry; }
};

bool creates_record(const Edit& edit) {
  return edit.target != Edit::Target::existing;
}

Candidate candidate_of(const MergeEntry& source, const Change& change, Verdict::Ruling ruling) {
  const Entry& entry = source.entry;
  return {source.name,
          entry.place,
          entry.time,
          entry.time_trusted && ruling != Verdict::Ruling::time_untrusted,
          ruling == Verdict::Ruling::capacity_other ? Capacity::other : entry.capacity,
          change.decision,
          change.value};
}

bool time_trusted(const Node& node) {
  return node.source->entry.time_trusted && node.ruling != Verdict::Ruling::time_untrusted;
}

// Trusted times order, untrusted ones do not: what remains is arbitrary, and the same everywhere.
bool later(const Node& a, const Node& b) {
  const auto rank = [](const Node& node) {
    const Entry& entry = node.source->entry;
    return std::tuple(time_trusted(node), time_trusted(node) ? entry.time.ms : 0, entry.place,
                      node.source->name);
  };
  return rank(a) > rank(b);
}

// The history of one record as a graph.
class History {
 public:
  History(const std::vector<MergeEntry>& entries, const Rulings& rulings) {
    for (const MergeEntry& source : entries) add_node(source, rulings);
    for (Node& node : nodes_) link(node);
  }

  [[nodiscard]] RecordState state() const;

 private:
  void add_node(const MergeEntry& source, const Rulings& rulings);
  void link(Node& node);
  // Children before parents, so that what supersedes a write is known before the write is met.
  [[nodiscard]] std::vector<std::size_t> newest_first() const;
  void collect_candidates(RecordState& state) const;
  void find_home(RecordState& state) const;

  std::vector<Node> nodes_;
  std::unordered_map<Name, std::size_t, NameHash> index_;
  std::map<FieldKey, std::size_t> field_index_;
  std::vector<const FieldKey*> fields_;
  std::set<Name> missing_;
  bool ruled_ = false;
};

void History::add_node(const MergeEntry& source, const Rulings& rulings) {
  const auto* edit = std::get_if<Edit>(&source.entry.body);
  if (edit == nullptr || !index_.emplace(source.name, nodes_.size()).second) return;
  Node node;
  node.source = &source;
  node.edit = edit;
  node.creates = creates_record(*edit);
  if (const auto ruling = rulings.find(source.name); ruling != rulings.end()) {
    node.ruling = ruling->second;
    ruled_ = true;
  }
  for (const Change& change : edit->changes) {
    const auto [at, is_new] =
        field_index_.emplace(FieldKey{change.field, change.key}, fields_.size());
    if (is_new) fields_.push_back(&at->first);
    node.writes.push_back(at->second);
  }
  nodes_.push_back(std::move(node));
}

void History::link(Node& node) {
  for (const Name& parent : node.edit->parents) {
    if (const auto held = index_.find(parent); held != index_.end()) {
      node.parents.push_back(held->second);
    } else if (node.counts()) {
      missing_.insert(parent);  // what a void entry names holds nobody up
    }
  }
}

std::vector<std::size_t> History::newest_first() const {
  std::vector<std::size_t> children(nodes_.size(), 0);
  for (const Node& node : nodes_) {
    for (const std::size_t parent : node.parents) ++children[parent];
  }
  std::vector<std::size_t> order;
  order.reserve(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (children[i] == 0) order.push_back(i);
  }
  for (std::size_t next = 0; next < order.size(); ++next) {
    for (const std::size_t parent : nodes_[order[next]].parents) {
      if (--children[parent] == 0) order.push_back(parent);
    }
  }
  TRAM_ASSERT(order.size() == nodes_.size());  // parents are hashes: there is no cycle
  return order;
}

void History::collect_candidates(RecordState& state) const {
  // superseded[i]: fields that a descendant of i writes. What a non-creating entry writes
  // supersedes every creating entry, named as a parent or not; so what a creating entry writes
  // supersedes creating ones only, also where an import named updates as its parents: two writes
  // never supersede each other.
  std::vector<FieldSet> superseded(nodes_.size(), FieldSet(fields_.size()));
  std::vector<FieldSet> superseded_by_create(nodes_.size(), FieldSet(fields_.size()));
  FieldSet after_creation(fields_.size());
  for (const Node& node : nodes_) {
    if (node.creates || !node.counts()) continue;
    for (const std::size_t field : node.writes) after_creation.add(field);
  }
  for (const std::size_t i : newest_first()) {
    const Node& node = nodes_[i];
    FieldSet over = superseded[i];
    if (node.creates) {
      over.add(superseded_by_create[i]);
      over.add(after_creation);
    }
    FieldSet& below = node.creates ? superseded_by_create[i] : superseded[i];
    for (std::size_t change = 0; change < node.writes.size() && node.counts(); ++change) {
      const std::size_t field = node.writes[change];
      if (!over.has(field)) {
        state.candidates[*fields_[field]].push_back(
            candidate_of(*node.source, node.edit->changes[change], node.ruling));
      }
      below.add(field);
    }
    for (const std::size_t parent : node.parents) {
      superseded[parent].add(superseded[i]);
      superseded_by_create[parent].add(superseded_by_create[i]);
    }
  }
  for (auto& [key, candidates] : state.candidates) {
    std::sort(candidates.begin(), candidates.end(),
              [](const Candidate& a, const Candidate& b) { return a.name < b.name; });
  }
}

void History::find_home(RecordState& state) const {
  const Node* home = nullptr;
  for (const Node& node : nodes_) {
    if (!node.counts()) continue;
    if (home == nullptr || (node.creates && !home->creates) ||
        (node.creates == home->creates && later(node, *home))) {
      home = &node;
    }
  }
  if (home == nullptr) return;
  state.home_unit = home->source->unit;
  state.uncreated = !home->creates;
}

RecordState History::state() const {
  RecordState state;
  for (const Node& node : nodes_) state.frontier.insert(node.source->name);
  for (const Node& node : nodes_) {
    for (const std::size_t parent : node.parents) state.frontier.erase(nodes_[parent].source->name);
  }
  state.missing = missing_;
  state.plain = !ruled_;
  collect_candidates(state);
  find_home(state);
  return state;
}

}  // namespace

RecordState merge(const std::vector<MergeEntry>& entries, const Rulings& rulings) {
  return History(entries, rulings).state();
}

bool advance(RecordState& state, const MergeEntry& entry) {
  const auto* edit = std::get_if<Edit>(&entry.entry.body);
  if (edit == nullptr || !state.plain || state.uncreated || !state.missing.empty()) return false;
  const bool first = state.frontier.empty();
  if (first != creates_record(*edit)) return false;
  if (!std::equal(edit->parents.begin(), edit->parents.end(), state.frontier.begin(),
                  state.frontier.end())) {
    return false;
  }
  for (const Change& change : edit->changes) {
    state.candidates[FieldKey{change.field, change.key}] = {
        candidate_of(entry, change, Verdict::Ruling::counts)};
  }
  state.frontier = {entry.name};
  if (first) state.home_unit = entry.unit;
  return true;
}

}  // namespace tram::sync
