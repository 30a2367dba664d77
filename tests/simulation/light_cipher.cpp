// Goal: long simulations spend their time on Tram, and not half of it on ChaCha20.
// Method: a cipher of SQLite3MC with the same page layout, whose secrecy is only a mask.
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "sync/core/assert.hpp"
#include "tests/simulation/disk.hpp"

namespace tram::simulation {

namespace {

constexpr int reserved_bytes = 32;    // as the product's cipher: nonce and tag
constexpr int plain_head_bytes = 24;  // of page 1; SQLite reads the page size from it
constexpr std::size_t salt_bytes = 16;
constexpr std::array<unsigned char, salt_bytes> file_head{'S', 'Q', 'L', 'i', 't', 'e', ' ', 'f',
                                                          'o', 'r', 'm', 'a', 't', ' ', '3', 0};

struct Cipher {
  std::uint64_t key;
  std::array<unsigned char, salt_bytes> salt;
};

// Each step is a bijection of the sum, so that one changed word always changes it.
std::uint64_t sum_of(const unsigned char* data, std::size_t size, std::uint64_t sum) {
  constexpr std::uint64_t factor = 0x9e3779b97f4a7c15U;
  for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, data + at, std::min(sizeof word, size - at));
    sum = std::rotl((sum ^ word) * factor, 29);
  }
  return sum;
}

void mask(unsigned char* data, std::size_t size, std::uint64_t pad) {
  for (std::size_t at = 0; at < size; at += sizeof pad) {
    std::uint64_t word = 0;
    const std::size_t count = std::min(sizeof word, size - at);
    std::memcpy(&word, data + at, count);
    word ^= pad;
    std::memcpy(data + at, &word, count);
  }
}

Cipher& cipher_of(void* cipher) {
  return *static_cast<Cipher*>(cipher);
}

void* allocate(sqlite3* /*database*/) {
  void* const made = sqlite3_malloc(sizeof(Cipher));
  if (made != nullptr) std::memset(made, 0, sizeof(Cipher));
  return made;
}

void release(void* cipher) {
  sqlite3_free(cipher);
}

void clone(void* to, void* from) {
  cipher_of(to) = cipher_of(from);
}

int none(void* /*cipher*/) {
  return 0;
}

int reserved(void* /*cipher*/) {
  return reserved_bytes;
}

unsigned char* salt(void* cipher) {
  return cipher_of(cipher).salt.data();
}

void generate_key(void* cipher, char* password, int length, int rekey, unsigned char* known_salt) {
  Cipher& own = cipher_of(cipher);
  std::array<unsigned char, 128> text{};
  const auto size = std::min(text.size(), static_cast<std::size_t>(length));
  std::copy_n(password, size, text.begin());
  own.key = sum_of(text.data(), text.size(), static_cast<std::uint64_t>(length)) | 1U;
  if (known_salt != nullptr && rekey != 1) {
    std::copy_n(known_salt, salt_bytes, own.salt.begin());
  } else {
    std::memcpy(own.salt.data(), &own.key, sizeof own.key);
    mask(own.salt.data() + sizeof own.key, sizeof own.key, ~own.key);
  }
}

struct Page {
  unsigned char* data;
  std::size_t hidden_from;
  std::size_t hidden;
  std::size_t tag_at;
  std::uint64_t pad;
};

Page page_of(const Cipher& cipher, int number, unsigned char* data, int length) {
  const auto from = static_cast<std::size_t>(number == 1 ? plain_head_bytes : 0);
  const auto end = static_cast<std::size_t>(length - reserved_bytes);
  const std::uint64_t pad = cipher.key * (static_cast<std::uint64_t>(number) * 2 + 1);
  return {data, from, end - from, end + 16, pad};
}

std::uint64_t tag_of(const Page& page) {
  return sum_of(page.data, page.tag_at, page.pad);
}

int encrypt(void* cipher, int number, unsigned char* data, int length, int room) {
  if (room < reserved_bytes) return SQLITE_CORRUPT;
  const Page page = page_of(cipher_of(cipher), number, data, length);
  mask(data + page.hidden_from, page.hidden, page.pad);
  if (number == 1) std::copy_n(cipher_of(cipher).salt.begin(), salt_bytes, data);
  std::memset(data + page.tag_at - 16, 0, reserved_bytes);
  const std::uint64_t tag = tag_of(page);
  std::memcpy(data + page.tag_at, &tag, sizeof tag);
  return SQLITE_OK;
}

int decrypt(void* cipher, int number, unsigned char* data, int length, int room, int check) {
  const int damaged = number == 1 ? SQLITE_NOTADB : SQLITE_CORRUPT;
  if (room < reserved_bytes) return damaged;
  const Page page = page_of(cipher_of(cipher), number, data, length);
  std::array<std::uint64_t, 2> stored{};
  std::memcpy(stored.data(), data + page.tag_at, sizeof stored);
  const bool fits = stored[0] == tag_of(page) && stored[1] == 0;
  mask(data + page.hidden_from, page.hidden, page.pad);
  if (check != 0 && !fits) return damaged;
  if (number == 1) std::copy(file_head.begin(), file_head.end(), data);
  return SQLITE_OK;
}

}  // namespace

void use_light_cipher() {
  static const bool registered = [] {
    const CipherDescriptor cipher{"light",  allocate, release,      clone,   none,   none,
                                  reserved, salt,     generate_key, encrypt, decrypt};
    CipherParams no_parameters{};
    std::array<char, 1> no_name{};
    no_parameters.m_name = no_name.data();
    return sqlite3mc_register_cipher(&cipher, &no_parameters, 1) == SQLITE_OK;
  }();
  TRAM_ASSERT(registered);
}

}  // namespace tram::simulation
