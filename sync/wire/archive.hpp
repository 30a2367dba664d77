#pragma once

#include <cereal/cereal.hpp>

#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "sync/core/codec.hpp"

/// Our own cereal archives: canonical, bounded, without pointers and without polymorphism. cereal
/// supplies the walk over a structure's members; every byte is ours (core/codec.hpp). Its own
/// archives never see foreign bytes, and nothing that is hashed or signed passes here. Included by
/// sync/wire/messages.cpp only.
///
/// A length is never read without its limit: members of variable size are named through `bounded`,
/// and there is no overload that would take them bare.
namespace tram::sync::wire {

/// A string, byte string or list with the most elements that it may have.
template <class T>
struct Bounded {
  T& value;
  std::size_t max;
};

template <class T>
[[nodiscard]] Bounded<T> bounded(T& value, std::size_t max) {
  return {value, max};
}

class OutputArchive : public cereal::OutputArchive<OutputArchive> {
 public:
  explicit OutputArchive(Writer& to) : cereal::OutputArchive<OutputArchive>(this), out(to) {}
  Writer& out;
};

class InputArchive : public cereal::InputArchive<InputArchive> {
 public:
  explicit InputArchive(Reader& from) : cereal::InputArchive<InputArchive>(this), in(from) {}
  Reader& in;
};

inline void CEREAL_SAVE_FUNCTION_NAME(OutputArchive& archive, const bool& value) {
  archive.out.u8(value ? 1 : 0);
}
inline void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, bool& value) {
  const std::uint8_t byte = archive.in.u8();
  if (byte > 1) archive.in.refuse("a flag is neither 0 nor 1");
  value = byte == 1;
}

template <class T>
concept UnsignedNumber = std::is_unsigned_v<T> && !std::is_same_v<T, bool>;

template <UnsignedNumber T>
void CEREAL_SAVE_FUNCTION_NAME(OutputArchive& archive, const T& value) {
  archive.out.varint(value);
}
template <UnsignedNumber T>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, T& value) {
  value = static_cast<T>(archive.in.varint(std::numeric_limits<T>::max()));
}

template <std::size_t N>
void CEREAL_SAVE_FUNCTION_NAME(OutputArchive& archive, const ByteArray<N>& value) {
  archive.out.raw(value);
}
template <std::size_t N>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, ByteArray<N>& value) {
  value = archive.in.template array<N>();
}

template <class T>
void CEREAL_SAVE_FUNCTION_NAME(OutputArchive& archive, const std::optional<T>& value) {
  archive(value.has_value());
  if (value) archive(*value);
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, std::optional<T>& value) {
  bool present = false;
  archive(present);
  value.reset();
  if (present && !archive.in.failed()) archive(value.emplace());
}

inline void CEREAL_SAVE_FUNCTION_NAME(OutputArchive& archive, const Bounded<std::string>& member) {
  archive.out.string(member.value);
}
inline void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, Bounded<std::string>& member) {
  member.value = archive.in.string(member.max);
}

inline void CEREAL_SAVE_FUNCTION_NAME(OutputArchive& archive, const Bounded<Bytes>& member) {
  archive.out.bytes(member.value);
}
inline void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, Bounded<Bytes>& member) {
  member.value = to_bytes(archive.in.bytes(member.max));
}

/// The fewest bytes an element can take: what a count is checked against before anything is
/// allocated.
template <class T>
inline constexpr std::size_t encoded_bytes_min = 1;
template <std::size_t N>
inline constexpr std::size_t encoded_bytes_min<ByteArray<N>> = N;

template <class T>
void CEREAL_SAVE_FUNCTION_NAME(OutputArchive& archive, const Bounded<std::vector<T>>& member) {
  archive.out.varint(member.value.size());
  for (T& element : member.value) archive(element);
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, Bounded<std::vector<T>>& member) {
  const std::size_t count = archive.in.count(member.max, encoded_bytes_min<T>);
  member.value.clear();
  for (std::size_t i = 0; i < count && !archive.in.failed(); ++i) {
    archive(member.value.emplace_back());
  }
}

}  // namespace tram::sync::wire

CEREAL_SETUP_ARCHIVE_TRAITS(tram::sync::wire::InputArchive, tram::sync::wire::OutputArchive)
