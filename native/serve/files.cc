#include "files.h"

#include <algorithm>
#include <cctype>

namespace serve {
namespace {

constexpr size_t longest_name = 64;

bool is_plain(std::string_view name) {
  return !name.empty() && name.size() <= longest_name && name.front() != '.' &&
         std::ranges::all_of(name, [](unsigned char letter) {
           return std::isalnum(letter) != 0 || letter == '.' || letter == '-' || letter == '_';
         });
}

}  // namespace

bool Files::add(const File& file) {
  const std::scoped_lock lock(mutex_);
  if (!is_plain(file.name) || std::ranges::find(files_, file.name, &File::name) != files_.end()) return false;
  files_.push_back(file);
  return true;
}

int64_t Files::find(std::string_view name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(files_, name, &File::name);
  return found == files_.end() ? -1 : found - files_.begin();
}

const File* Files::at(uint64_t number) const {
  const std::scoped_lock lock(mutex_);
  return number < files_.size() ? &files_[number] : nullptr;
}

}  // namespace serve
