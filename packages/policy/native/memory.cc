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
constexpr size_t LARGE = 1 << 20;
/** The part of the machine's memory that may lie unused here; beyond it all of that goes back. */
constexpr size_t PART_UNUSED = 8;

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

/** Eight sizes between powers of two, so that batches of nearly one size find each other's blocks; pages that are not used are not taken. */
size_t blockSize(size_t bytes) {
  size_t unit = bytes < PAGE ? SMALL : PAGE;
  while (unit * 16 <= bytes) unit *= 2;
  return bytes == 0 ? unit : (bytes + unit - 1) / unit * unit;
}

void* freshBlock(size_t size) {
  if (size < LARGE) return std::aligned_alloc(SMALL, size);
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  madvise(memory, size, MADV_HUGEPAGE);
  return memory;
}

void freeBlock(void* memory, size_t size) {
  if (size < LARGE) std::free(memory);
  else munmap(memory, size);
}

}  // namespace

void* allocate(size_t bytes) {
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

void release(void* memory, size_t bytes) {
  const size_t size = blockSize(bytes);
  Unused& all = unused();
  std::lock_guard<std::mutex> lock(all.mutex);
  if (size > all.most) return freeBlock(memory, size);
  if (all.bytes + size > all.most) {
    for (auto& [each, blocks] : all.blocks)
      for (void* block : blocks) freeBlock(block, each);
    all.blocks.clear();
    all.bytes = 0;
  }
  all.blocks[size].push_back(memory);
  all.bytes += size;
}

}  // namespace retool
