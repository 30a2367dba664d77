#include "schema/kinds.hpp"

#include <array>

namespace tram::schema {

namespace {

constexpr std::array<KindWord, 10> words{{
    {kind::dossier, "dossier", "Hồ sơ", "Dossier", false},
    {kind::unit, "unit", "Đơn vị hành chính", "Administrative unit", true},
    {kind::procedure, "procedure", "Thủ tục hành chính", "Procedure", true},
    {kind::device, "device", "Máy", "Device", true},
    {kind::account, "account", "Tài khoản", "Account", true},
    {kind::setting, "setting", "Thiết lập", "Setting", true},
    {kind::holiday, "holiday", "Ngày nghỉ", "Holiday", true},
    {kind::form, "form", "Biểu mẫu", "Form", true},
    {kind::feed, "feed", "Sáp nhập", "Feed", true},
    {kind::enrolment, "enrolment", "Mã ghi danh", "Enrolment code", true},
}};

}  // namespace

std::span<const KindWord> kinds() {
  return words;
}

const KindWord* find_kind(std::uint32_t number) {
  for (const KindWord& word : words) {
    if (word.number == number) return &word;
  }
  return nullptr;
}

const KindWord* find_kind(std::string_view word) {
  for (const KindWord& known : words) {
    if (known.word == word) return &known;
  }
  return nullptr;
}

}  // namespace tram::schema
