// Goal: entries to hold the format against: every form, and every shape that a form can take.
// Method: built in code with fixed logs, times and keys, so that only the format decides their
// bytes.
#include "tests/unit/sync/ledger/sample_entries.hpp"

#include <algorithm>
#include <utility>

#include "tests/unit/sync/helpers.hpp"

namespace tram::sync::test {

namespace {

constexpr std::uint32_t dossier = 1;
const LogId commune_log = filled<16>(0x11);
const LogId hub_log = filled<16>(0x99);
const RecordId clerk = filled<16>(0x33);

const FieldTag code{1, "", ValueType::code, Policy::review};
const FieldTag custody{2, "", ValueType::token, Policy::authority};
const FieldTag applicant{8, "", ValueType::text, Policy::review};
const FieldTag phone{12, "", ValueType::digits, Policy::review};
const FieldTag status{18, "", ValueType::status, Policy::workflow};
const FieldTag copies{21, "", ValueType::integer, Policy::review};
const FieldTag fee_paid{23, "", ValueType::boolean, Policy::review};
const FieldTag papers{25, "", ValueType::element, Policy::keyed_union};
const FieldTag unknown{0, "ghi_chu_moi", ValueType::json, Policy::review};

Change value(const FieldTag& field, Bytes bytes) {
  return {field, "", false, std::move(bytes)};
}

Change paper(std::string key, std::optional<Bytes> bytes) {
  return {papers, std::move(key), false, std::move(bytes)};
}

Entry entry_of(const LogId& log, std::uint64_t seq, EntryBody body) {
  Entry entry;
  entry.place = {log, seq};
  entry.time = {static_cast<std::int64_t>(1'751'331'480'000 + seq * 60'000)};
  entry.time_trusted = true;
  entry.capacity = log == hub_log ? Capacity::province : Capacity::owner;
  entry.body = std::move(body);
  return entry;
}

Edit edit_of(Edit::Target target, const RecordId& id, std::vector<Name> parents,
             std::vector<Change> changes) {
  return {target, dossier, id, std::move(parents), in_canonical_order(std::move(changes)).value()};
}

// Collects samples in order and knows what came before.
class Book {
 public:
  /// The name of what was added.
  Name add(std::string name, std::string what, const Entry& entry) {
    samples_.push_back({std::move(name), std::move(what), entry});
    return name_of(encode_entry(entry));
  }
  [[nodiscard]] std::vector<SampleEntry> take() { return std::move(samples_); }

 private:
  std::vector<SampleEntry> samples_;
};

// What a commune's clerk does to one dossier.
struct Written {
  RecordRef record;
  std::vector<Name> tips;
};

Written add_commune_entries(Book& book) {
  book.add("opening", "a commune's log begins",
           entry_of(commune_log, 0, Opening{filled<32>(0x44), "24796", std::nullopt}));
  Entry create = entry_of(
      commune_log, 1,
      edit_of(Edit::Target::self, {}, {},
              {value(code, encode_text("H36.49-250701-0001")),
               value(applicant, encode_text("\u0110\u1eb7ng Th\u1ecb H\u01b0\u1eddng")),
               value(status, encode_status({32, false, "da_tiep_nhan"})),
               value(copies, encode_integer(2)), value(fee_paid, encode_boolean(false)),
               paper("CCCD", encode_element({{1, ValueType::integer, encode_integer(1)},
                                             {2, ValueType::boolean, encode_boolean(true)}})),
               paper("Gi\u1ea5y khai sinh", encode_element({}))}));
  create.actor = clerk;
  const Name created = book.add("create_self", "a clerk receives a dossier", create);
  const RecordRef record = *record_of(create, created);
  Entry update = entry_of(commune_log, 2,
                          edit_of(Edit::Target::existing, record.id, {created},
                                  {value(phone, encode_text("0969094693")),
                                   value(status, encode_status({112, false, "dang_xu_ly"})),
                                   Change{fee_paid, "", false, std::nullopt},
                                   value(unknown, encode_text("{\"a\":1}"))}));
  update.actor = clerk;
  const Name updated =
      book.add("update", "phone, status, a cleared field, and a field that goes by name", update);
  Entry removal = entry_of(
      commune_log, 300,
      edit_of(Edit::Target::existing, record.id, {updated}, {paper("CCCD", std::nullopt)}));
  removal.time_trusted = false;
  removal.capacity = Capacity::other;
  const Name removed =
      book.add("union_removal", "one paper is removed, by a clock that nobody trusts", removal);
  return {record, {std::min(updated, removed), std::max(updated, removed)}};
}

std::vector<SampleEntry> make_samples() {
  Book book;
  const auto [record, tips] = add_commune_entries(book);
  book.add("create_imported", "an import creates a dossier under the id that its code gives",
           entry_of(commune_log, 3,
                    edit_of(Edit::Target::created_as,
                            imported_record_id("24796", "H36.49-250701-0002"), {},
                            {value(code, encode_text("H36.49-250701-0002")),
                             value(status, encode_status({240, true, "da_tra_ket_qua"}))})));
  book.add("opening_continues", "the hub's log begins, after an earlier one",
           entry_of(hub_log, 0, Opening{filled<32>(0x55), "province", filled<32>(0x66)}));
  Change choice = value(phone, encode_text("0700539335"));
  choice.decision = true;
  book.add("decision", "a conflict is settled, after two tips; the dossier moves to another unit",
           entry_of(hub_log, 1,
                    edit_of(Edit::Target::existing, record.id, tips,
                            {value(custody, encode_text("24799")), choice})));
  const Name verdict = book.add(
      "verdict", "the hub rules an entry void",
      entry_of(hub_log, 2, Verdict{tips[0], Verdict::Ruling::void_entry, {}, "sai dia ban"}));
  book.add("verdict_undone", "and takes the ruling back",
           entry_of(hub_log, 3, Verdict{tips[0], Verdict::Ruling::counts, {verdict}, ""}));
  book.add("erase", "the hub erases the dossier",
           entry_of(hub_log, 4, Erase{record, "het thoi han luu tru"}));
  return book.take();
}

}  // namespace

const std::vector<SampleEntry>& sample_entries() {
  static const std::vector<SampleEntry> samples = make_samples();
  return samples;
}

const Entry& sample_entry(std::string_view name) {
  const std::vector<SampleEntry>& all = sample_entries();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const SampleEntry& sample) { return sample.name == name; });
  TRAM_ASSERT(found != all.end());
  return found->entry;
}

Entry worked_example() {
  Entry entry = entry_of(
      commune_log, 1,
      edit_of(Edit::Target::self, {}, {},
              {value(code, encode_text("H36.49-250701-0001")),
               value(status, encode_status({32, false, "da_tiep_nhan"})),
               paper("CCCD", encode_element({{2, ValueType::boolean, encode_boolean(true)}}))}));
  entry.actor = clerk;
  return entry;
}

}  // namespace tram::sync::test
