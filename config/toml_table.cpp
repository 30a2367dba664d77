#include "config/toml_table.hpp"

#include <toml++/toml.h>
#include <algorithm>
#include <set>
#include <sstream>

namespace tram::config {

using sync::ErrorCode;
using sync::fail;

struct TomlTable::Parsed {
  std::string file;
  toml::table table;
  std::set<std::string> asked;
  std::string mistake;

  const toml::node* find(const std::string& key) {
    asked.insert(key);
    return table.at_path(key).node();
  }
  void refuse(const std::string& key, const std::string& why) {
    if (mistake.empty()) mistake = file + ": " + key + " " + why;
  }
};

TomlTable::TomlTable(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
TomlTable::TomlTable(TomlTable&&) noexcept = default;
TomlTable& TomlTable::operator=(TomlTable&&) noexcept = default;
TomlTable::~TomlTable() = default;

sync::Result<TomlTable> TomlTable::load(const std::filesystem::path& file) {
  auto parsed = std::make_unique<Parsed>();
  parsed->file = file.string();
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return TomlTable(std::move(parsed));
  try {
    parsed->table = toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::not_enrolled, file.string() + ", line " +
                                             std::to_string(error.source().begin.line) + ": " +
                                             std::string(error.description()));
  }
  return TomlTable(std::move(parsed));
}

void TomlTable::text(const std::string& key, std::string& out) {
  const toml::node* node = parsed_->find(key);
  if (node == nullptr) return;
  if (const auto value = node->value_exact<std::string>()) {
    out = *value;
  } else {
    parsed_->refuse(key, "must be text in quotes");
  }
}

void TomlTable::number(const std::string& key, std::int64_t min, std::int64_t max,
                       std::int64_t& out) {
  const toml::node* node = parsed_->find(key);
  if (node == nullptr) return;
  const auto value = node->value_exact<std::int64_t>();
  if (value && *value >= min && *value <= max) {
    out = *value;
  } else {
    parsed_->refuse(
        key, "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }
}

void TomlTable::texts(const std::string& key, std::vector<std::string>& out) {
  const toml::node* node = parsed_->find(key);
  if (node == nullptr) return;
  const toml::array* list = node->as_array();
  // An empty list is homogeneous to nobody.
  const bool fits =
      list != nullptr && (list->empty() || list->is_homogeneous(toml::node_type::string));
  if (!fits) {
    parsed_->refuse(key, "must be a list of texts in quotes");
    return;
  }
  out.clear();
  for (const toml::node& item : *list) out.push_back(item.value_or(std::string()));
}

sync::Status TomlTable::finish() const {
  if (!parsed_->mistake.empty()) return fail(ErrorCode::not_enrolled, parsed_->mistake);
  for (const auto& [section, node] : parsed_->table) {
    const toml::table* inner = node.as_table();
    if (inner == nullptr) {
      return fail(ErrorCode::not_enrolled,
                  parsed_->file + ": " + std::string(section.str()) + " stands in no section");
    }
    for (const auto& [key, value] : *inner) {
      const std::string path = std::string(section.str()) + "." + std::string(key.str());
      if (parsed_->asked.count(path) == 0) {
        return fail(ErrorCode::not_enrolled, parsed_->file + ": nobody knows " + path);
      }
    }
  }
  return {};
}

}  // namespace tram::config
