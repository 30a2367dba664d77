// Goal: every setting is read, and every mistake in a file is named by its line or its key.
// Method: files in a folder of their own; the shipped examples with all their comments taken off.
#include <catch2/catch.hpp>
#include <fstream>
#include <regex>
#include <sstream>

#include "config/hub_config.hpp"
#include "config/node_config.hpp"
#include "tests/support/temp_dir.hpp"

using namespace tram;
using config::HubConfig;
using config::NodeConfig;
using sync::ErrorCode;

namespace {

class ConfigFile {
 public:
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "tram.toml"; }
  void write(const std::string& text) const {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << text;
  }
  [[nodiscard]] sync::Result<NodeConfig> node(const std::string& text) const {
    write(text);
    return config::load_node_config(path());
  }
  [[nodiscard]] sync::Result<HubConfig> hub(const std::string& text) const {
    write(text);
    return config::load_hub_config(path());
  }

 private:
  test::TempDir folder_{test::TempDir::fast_parent()};
};

template <class Config>
void check_mistake(const sync::Result<Config>& config, const std::string& named) {
  REQUIRE_FALSE(config);
  CHECK(config.error().code == ErrorCode::not_enrolled);
  CHECK_THAT(config.error().message, Catch::Contains(named));
  CHECK(config.error().message.find('\n') == std::string::npos);
}

// The defaults stand once, in the structures; the examples must tell the same.
void check_defaults(const NodeConfig& config) {
  const NodeConfig defaults;
  CHECK(config.proxy.empty());
  CHECK(config.frame_kib == defaults.frame_kib);
  CHECK(config.retry_first_s == defaults.retry_first_s);
  CHECK(config.retry_longest_s == defaults.retry_longest_s);
  CHECK(config.silence_s == defaults.silence_s);
  CHECK(config.ballast_mib == defaults.ballast_mib);
}

void check_defaults(const HubConfig& config) {
  const HubConfig defaults;
  CHECK(config.listen == defaults.listen);
  CHECK(config.hosts.empty());
  CHECK(config.threads == defaults.threads);
  CHECK(config.come_back_s == defaults.come_back_s);
  CHECK(config.frame_kib == defaults.frame_kib);
  CHECK(config.grace_days == defaults.grace_days);
  CHECK(config.ballast_mib == defaults.ballast_mib);
}

// The example as an operator leaves it who uncomments every line that sets something.
std::string uncommented(const std::string& name, std::size_t& keys) {
  std::ifstream in(std::string(TRAM_SOURCE_DIR) + "/config/" + name);
  REQUIRE(in);
  const std::regex setting("^# ([a-z_]+ = .*)$");
  std::ostringstream out;
  std::smatch match;
  for (std::string line; std::getline(in, line);) {
    const bool sets = std::regex_match(line, match, setting);
    keys += sets ? 1 : 0;
    out << (sets ? match[1].str() : line) << '\n';
  }
  return out.str();
}

}  // namespace

TEST_CASE("a file that is not there, or says nothing, leaves every default") {
  const ConfigFile file;
  const sync::Result<NodeConfig> node = config::load_node_config(file.path());
  REQUIRE(node);
  check_defaults(*node);
  const sync::Result<HubConfig> hub = config::load_hub_config(file.path());
  REQUIRE(hub);
  check_defaults(*hub);
  check_defaults(file.node("").value());
  check_defaults(file.hub("\n# nothing\n[server]\n").value());
}

TEST_CASE("every key of a node is read") {
  const ConfigFile file;
  const NodeConfig config = file.node(
                                    "[link]\n"
                                    "proxy = \"http://10.1.2.3:3128\"\n"
                                    "frame_kib = 64\n"
                                    "retry_first_s = 7\n"
                                    "retry_longest_s = 900\n"
                                    "silence_s = 30\n"
                                    "[disk]\n"
                                    "ballast_mib = 8\n")
                                .value();
  CHECK(config.proxy == "http://10.1.2.3:3128");
  CHECK(config.frame_kib == 64);
  CHECK(config.retry_first_s == 7);
  CHECK(config.retry_longest_s == 900);
  CHECK(config.silence_s == 30);
  CHECK(config.ballast_mib == 8);
}

TEST_CASE("every key of a hub is read") {
  const ConfigFile file;
  const HubConfig config = file.hub(
                                   "[server]\n"
                                   "listen = \"[::1]:9443\"\n"
                                   "hosts = [\"hub.example.vn\", \"203.0.113.7\"]\n"
                                   "threads = 2\n"
                                   "[sync]\n"
                                   "come_back_s = 15\n"
                                   "frame_kib = 512\n"
                                   "[devices]\n"
                                   "grace_days = 0\n"
                                   "[disk]\n"
                                   "ballast_mib = 0\n")
                               .value();
  CHECK(config.listen == "[::1]:9443");
  CHECK(config.hosts == std::vector<std::string>{"hub.example.vn", "203.0.113.7"});
  CHECK(config.threads == 2);
  CHECK(config.come_back_s == 15);
  CHECK(config.frame_kib == 512);
  CHECK(config.grace_days == 0);
  CHECK(config.ballast_mib == 0);
}

TEST_CASE("limits of numbers belong to what is allowed") {
  const ConfigFile file;
  CHECK(file.node("[link]\nframe_kib = 4\n").value().frame_kib == 4);
  CHECK(file.node("[link]\nframe_kib = 1024\n").value().frame_kib == 1024);
  CHECK(file.hub("[server]\nthreads = 16\n").value().threads == 16);
  for (const char* wrong : {"3", "1025", "-1", "9223372036854775807", "64.0", "\"64\"", "true"}) {
    CAPTURE(wrong);
    const std::string line = std::string("[link]\nframe_kib = ") + wrong + "\n";
    check_mistake(file.node(line), "link.frame_kib must be a whole number from 4 to 1024");
  }
  check_mistake(file.node("[link]\nretry_first_s = 0\n"), "link.retry_first_s");
  check_mistake(file.node("[link]\nretry_longest_s = 86401\n"), "link.retry_longest_s");
  check_mistake(file.node("[link]\nsilence_s = 4\n"), "link.silence_s");
  check_mistake(file.hub("[server]\nthreads = 0\n"), "server.threads");
  check_mistake(file.hub("[sync]\ncome_back_s = 0\n"), "sync.come_back_s");
  check_mistake(file.hub("[sync]\nframe_kib = 2048\n"), "sync.frame_kib");
  check_mistake(file.hub("[devices]\ngrace_days = -1\n"), "devices.grace_days");
}

TEST_CASE("a wrong type is named with what belongs there") {
  const ConfigFile file;
  check_mistake(file.node("[link]\nproxy = 3128\n"), "link.proxy must be text in quotes");
  check_mistake(file.hub("[server]\nlisten = 7443\n"), "server.listen must be text in quotes");
  check_mistake(file.hub("[server]\nhosts = \"hub.example.vn\"\n"),
                "server.hosts must be a list of texts in quotes");
  check_mistake(file.hub("[server]\nhosts = [\"a\", 1]\n"), "server.hosts must be a list");
  CHECK(file.hub("[server]\nhosts = []\n").value().hosts.empty());
}

TEST_CASE("what nobody asked for is a mistake, and is named") {
  const ConfigFile file;
  check_mistake(file.node("[link]\nproxi = \"\"\n"), "nobody knows link.proxi");
  check_mistake(file.node("[links]\nproxy = \"\"\n"), "nobody knows links.proxy");
  check_mistake(file.node("frame_kib = 64\n"), "frame_kib stands in no section");
  check_mistake(file.node("[[link]]\nframe_kib = 64\n"), "link stands in no section");
  check_mistake(file.node("[link.more]\nframe_kib = 64\n"), "nobody knows link.more");
  check_mistake(file.hub("[link]\nproxy = \"\"\n"), "nobody knows link.proxy");
  // The first mistake is enough, and the file is named with it.
  const auto two = file.node("[link]\nframe_kib = 1\nsilence_s = 1\n");
  check_mistake(two, "frame_kib");
  check_mistake(two, file.path().string());
}

TEST_CASE("a file that is no TOML is named with the line") {
  const ConfigFile file;
  check_mistake(file.node("[link]\n\nproxy = http://10.0.0.1\n"), "tram.toml, line 3");
  check_mistake(file.node("[link\n"), "tram.toml, line 1");
  check_mistake(file.node("[link]\nframe_kib = 64\nframe_kib = 65\n"), "tram.toml, line 3");
  check_mistake(file.node("[link]\nproxy = \"\xff\"\n"), "tram.toml, line 2");
  std::filesystem::remove(file.path());
  std::filesystem::create_directory(file.path());
  check_mistake(config::load_node_config(file.path()), "tram.toml");
}

TEST_CASE("the examples are right in every line, and leave nothing out") {
  const ConfigFile file;
  std::size_t node_keys = 0;
  const NodeConfig node = file.node(uncommented("node.example.toml", node_keys)).value();
  CHECK(node_keys == 6);
  CHECK(node.proxy == "http://10.0.0.1:3128");
  NodeConfig node_defaults = node;
  node_defaults.proxy.clear();
  check_defaults(node_defaults);

  std::size_t hub_keys = 0;
  const HubConfig hub = file.hub(uncommented("hub.example.toml", hub_keys)).value();
  CHECK(hub_keys == 7);
  CHECK(hub.hosts.size() == 2);
  HubConfig hub_defaults = hub;
  hub_defaults.hosts.clear();
  check_defaults(hub_defaults);
}
