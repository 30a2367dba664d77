// Goal: let an integration test alter a real, encrypted store as another hand would.
// Method: opens a stopped program's folder with its own key, and runs the SQL given on stdin.
#include <iostream>
#include <iterator>
#include <string>

#include "host/keys.hpp"
#include "store/sqlite/database.hpp"

namespace {

int failed(const tram::sync::Error& error) {
  std::cerr << "store_shell: " << error.message << '\n';
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: store_shell DIR < SQL\n";
    return 2;
  }
  const std::filesystem::path directory = argv[1];
  const auto vault = tram::host::KeyVault::open(directory);
  if (!vault) return failed(vault.error());
  const auto key = vault->load("store");
  if (!key) return failed(key.error());
  tram::store::DatabaseOptions options;
  options.path = directory / "tram.db";
  options.key = key->view();
  const auto database = tram::store::Database::open(options);
  if (!database) return failed(database.error());
  const std::string script{std::istreambuf_iterator<char>(std::cin), {}};
  if (const auto done = (*database)->execute(script.c_str()); !done) return failed(done.error());
  return 0;
}
