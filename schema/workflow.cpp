#include "schema/workflow.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "schema/tables.hpp"
#include "sync/core/assert.hpp"

namespace tram::schema {

namespace {

// Gaps leave room for steps to come. A deliberate act outranks a routine one: whoever asks the
// citizen for papers has read more than whoever moves the dossier on. Finals stand above all; among
// them the order only decides what is shown until a person has looked.
constexpr std::array<StatusWord, 13> words{{
    {"moi_dang_ky", 16, false, 1, "Mới đăng ký", "Filed"},
    {"da_tiep_nhan", 32, false, 2, "Đã tiếp nhận", "Received"},
    {"dang_tham_dinh", 64, false, 4, "Đang thẩm định", "Under examination"},
    {"cho_bo_sung", 80, false, 5, "Chờ bổ sung", "Waiting for papers"},
    {"da_bo_sung", 96, false, 4, "Đã bổ sung", "Papers completed"},
    {"dang_xu_ly", 112, false, 4, "Đang xử lý", "In process"},
    {"yeu_cau_nghia_vu_tai_chinh", 128, false, 6, "Yêu cầu nghĩa vụ tài chính",
     "Payment requested"},
    {"trinh_ky", 144, false, 4, "Trình ký", "Submitted for signature"},
    {"da_co_ket_qua", 192, false, 9, "Đã có kết quả", "Result ready"},
    {"khong_tiep_nhan", 208, true, 3, "Không tiếp nhận", "Not accepted"},
    {"dung_xu_ly", 216, true, 8, "Dừng xử lý", "Stopped"},
    {"cong_dan_rut", 224, true, 7, "Công dân rút hồ sơ", "Withdrawn"},
    {"da_tra_ket_qua", 240, true, 10, "Đã trả kết quả", "Result returned"},
}};

using Step = std::pair<std::uint8_t, std::uint8_t>;

// In the portal's codes, so that the many words of "in process" need one row. 0 is a new dossier. 2
// → 9 and 4 → 10 are there because much is settled at the counter while the citizen waits.
constexpr std::array<Step, 27> usual{{
    {0, 1},  {0, 2}, {0, 3}, {1, 2}, {1, 3}, {1, 7}, {2, 3}, {2, 4}, {2, 5},
    {2, 6},  {2, 7}, {2, 9}, {4, 4}, {4, 5}, {4, 6}, {4, 7}, {4, 8}, {4, 9},
    {4, 10}, {5, 4}, {5, 7}, {5, 8}, {6, 4}, {6, 7}, {6, 8}, {6, 9}, {9, 10},
}};

std::vector<PortalStatus> read_portal_statuses() {
  const CsvTable table = read_table(Table::dossier_status);
  std::vector<PortalStatus> out;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    PortalStatus status;
    const std::string& code = cell(table, row, "code");
    const auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), status.code);
    TRAM_ASSERT(error == std::errc() && end == code.data() + code.size());
    status.name_vi = cell(table, row, "name_vi");
    status.meaning = cell(table, row, "meaning");
    status.statistics_group = cell(table, row, "statistics_group");
    out.push_back(std::move(status));
  }
  return out;
}

}  // namespace

std::span<const StatusWord> status_words() {
  return words;
}

const StatusWord* find_status(std::string_view word) {
  for (const StatusWord& known : words) {
    if (known.word == word) return &known;
  }
  return nullptr;
}

sync::StatusValue status_value(std::string_view word) {
  const StatusWord* known = find_status(word);
  if (known == nullptr) return {rank_unknown, true, std::string(word)};
  return {known->rank, known->final, std::string(word)};
}

bool ended(const sync::StatusValue& status) {
  return status.final && status.rank != rank_unknown;
}

bool unusual_step(std::string_view from, std::string_view to) {
  const StatusWord* next = find_status(to);
  const StatusWord* last = find_status(from);
  if (next == nullptr || (last == nullptr && !from.empty())) return true;
  if (from == to) return false;
  const Step step{last == nullptr ? std::uint8_t{0} : last->portal_code, next->portal_code};
  return std::find(usual.begin(), usual.end(), step) == usual.end();
}

std::span<const PortalStatus> portal_statuses() {
  static const std::vector<PortalStatus> statuses = read_portal_statuses();
  return statuses;
}

}  // namespace tram::schema
