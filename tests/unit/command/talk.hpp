#pragma once

#include <iostream>
#include <sstream>

namespace tram::command::test {

/// What is said on stdout and stderr while it lives.
class Talk {
 public:
  Talk() : out_before_(std::cout.rdbuf(out_.rdbuf())), err_before_(std::cerr.rdbuf(err_.rdbuf())) {}
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;
  ~Talk() {
    std::cout.rdbuf(out_before_);
    std::cerr.rdbuf(err_before_);
  }

  [[nodiscard]] std::string out() const { return out_.str(); }
  [[nodiscard]] std::string err() const { return err_.str(); }

 private:
  std::ostringstream out_;
  std::ostringstream err_;
  std::streambuf* out_before_;
  std::streambuf* err_before_;
};

}  // namespace tram::command::test
