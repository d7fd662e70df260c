#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace retool {
namespace {

constexpr size_t SMALL = 64;
constexpr size_t PAGE = 4096;
constexpr size_t HUGE_PAGE = 2 << 20;
/** The part of the machine's memory that may lie unused here; beyond it all of that goes back. */
constexpr size_t PART_UNUSED = 16;

struct Unused {
  std::mutex mutex;
  std::unordered_map<size_t, std::vector<void*>> blocks;
  size_t bytes = 0;
  const size_t most = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE)) / PART_UNUSED;
};

/** Never destroyed: tensors may be freed while the process ends. */
Unused& unused() {
  static Unused* const blocks = new Unused;
  return *blocks;
}

size_t blockSize(size_t bytes) {
  const size_t unit = bytes < PAGE ? SMALL : PAGE;
  return bytes == 0 ? unit : (bytes + unit - 1) / unit * unit;
}

void* freshBlock(size_t size) {
  if (size < HUGE_PAGE) return std::aligned_alloc(SMALL, size);
  void* memory = std::aligned_alloc(HUGE_PAGE, (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
  if (memory != nullptr) madvise(memory, size, MADV_HUGEPAGE);
  return memory;
}

}  // namespace

void* takeMemory(size_t bytes) {
  const size_t size = blockSize(bytes);
  Unused& all = unused();
  {
    std::lock_guard<std::mutex> lock(all.mutex);
    const auto found = all.blocks.find(size);
    if (found != all.blocks.end() && !found->second.empty()) {
      void* memory = found->second.back();
      found->second.pop_back();
      all.bytes -= size;
      return memory;
    }
  }
  return freshBlock(size);
}

void giveMemory(void* memory, size_t bytes) {
  const size_t size = blockSize(bytes);
  Unused& all = unused();
  std::lock_guard<std::mutex> lock(all.mutex);
  if (size > all.most) return std::free(memory);
  if (all.bytes + size > all.most) {
    for (auto& [_, blocks] : all.blocks)
      for (void* block : blocks) std::free(block);
    all.blocks.clear();
    all.bytes = 0;
  }
  all.blocks[size].push_back(memory);
  all.bytes += size;
}

}  // namespace retool
