#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <list>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace retool {
namespace {

constexpr size_t SMALL = 64;
constexpr size_t PAGE = 4096;
constexpr size_t LARGE = 1 << 20;
/** The part of the machine's memory that may lie unused here. */
constexpr size_t PART_UNUSED = 8;
/** Bytes that all blocks together may take beyond those that were ever in use at once. */
constexpr size_t SLACK = 64 << 20;

struct Block {
  void* memory;
  size_t size;
};
using Blocks = std::list<Block>;

/** Blocks to be used again. */
struct Pool {
  std::mutex mutex;
  /** The one that has been unused longest comes first. */
  Blocks unused;
  std::unordered_map<size_t, std::vector<Blocks::iterator>> bySize;
  size_t unusedBytes = 0, usedBytes = 0;
  /** Most bytes that were in use at once. */
  size_t peak = 0;
  const size_t most = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE)) / PART_UNUSED;
};

/** Never destroyed: tensors may be freed while the process ends. */
Pool& pool() {
  static Pool* const one = new Pool;
  return *one;
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

void freeBlock(const Block& block) {
  if (block.size < LARGE) std::free(block.memory);
  else munmap(block.memory, block.size);
}

/** A block out of the pool; nullptr where it has none of the size. */
void* takeUnused(Pool& all, size_t size) {
  const auto found = all.bySize.find(size);
  if (found == all.bySize.end() || found->second.empty()) return nullptr;
  const Blocks::iterator block = found->second.back();
  found->second.pop_back();
  void* const memory = block->memory;
  all.unused.erase(block);
  all.unusedBytes -= size;
  return memory;
}

/** Frees what has been unused longest, until no more than so many bytes are. */
void freeDownTo(Pool& all, size_t bytes) {
  while (all.unusedBytes > bytes) {
    const Blocks::iterator oldest = all.unused.begin();
    std::vector<Blocks::iterator>& ofSize = all.bySize[oldest->size];
    ofSize.erase(std::find(ofSize.begin(), ofSize.end(), oldest));
    freeBlock(*oldest);
    all.unusedBytes -= oldest->size;
    all.unused.erase(oldest);
  }
}

}  // namespace

void* allocate(size_t bytes) {
  const size_t size = blockSize(bytes);
  Pool& all = pool();
  std::lock_guard<std::mutex> lock(all.mutex);
  void* memory = takeUnused(all, size);
  if (memory == nullptr) {
    // What one phase of a step leaves must not lie beside what the next one needs in other sizes.
    const size_t used = all.usedBytes + size;
    freeDownTo(all, std::max(all.peak, used) + SLACK - used);
    memory = freshBlock(size);
    if (memory == nullptr) return nullptr;
  }
  all.usedBytes += size;
  all.peak = std::max(all.peak, all.usedBytes);
  return memory;
}

void release(void* memory, size_t bytes) {
  const size_t size = blockSize(bytes);
  Pool& all = pool();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.usedBytes -= size;
  all.unused.push_back({memory, size});
  all.bySize[size].push_back(std::prev(all.unused.end()));
  all.unusedBytes += size;
  freeDownTo(all, all.most);
}

}  // namespace retool
