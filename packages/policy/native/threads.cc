#include "threads.h"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

namespace retool {
namespace {

/** Looks at the flag so many times before a thread goes to sleep: loops follow one another closely. */
constexpr int SPINS = 500;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

int wantedThreads() {
  const char* wanted = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int asked = wanted == nullptr ? 0 : std::atoi(wanted);
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return asked > 0 ? asked : (cores > 0 ? cores : 1);
}

/** Never destroyed: its threads end with the process. */
class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 1; i < threads; i++) std::thread([this] { work(); }).detach();
    helpers_ = threads - 1;
  }

  void run(long tasks, void (*run)(void*, long), void* context) {
    tasks_ = tasks;
    run_ = run;
    context_ = context;
    next_.store(0, std::memory_order_relaxed);
    busy_.store(helpers_, std::memory_order_relaxed);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      round_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    take();
    for (int i = 0; i < SPINS && busy_.load(std::memory_order_acquire) > 0; i++) pause();
    if (busy_.load(std::memory_order_acquire) == 0) return;
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [&] { return busy_.load(std::memory_order_acquire) == 0; });
  }

 private:
  void take() {
    for (long task; (task = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;) run_(context_, task);
  }

  void work() {
    for (unsigned seen = 0;; seen++) {
      for (int i = 0; i < SPINS && round_.load(std::memory_order_acquire) == seen; i++) pause();
      if (round_.load(std::memory_order_acquire) == seen) {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return round_.load(std::memory_order_acquire) != seen; });
      }
      take();
      if (busy_.fetch_sub(1, std::memory_order_acq_rel) > 1) continue;
      std::lock_guard<std::mutex> lock(mutex_);  // the caller may be about to sleep
      done_.notify_one();
    }
  }

  int helpers_ = 0;
  long tasks_ = 0;
  void (*run_)(void*, long) = nullptr;
  void* context_ = nullptr;
  std::atomic<long> next_{0};
  std::atomic<int> busy_{0};
  std::atomic<unsigned> round_{0};
  std::mutex mutex_;
  std::condition_variable wake_, done_;
};

}  // namespace

int threadCount() {
  static const int threads = wantedThreads();
  return threads;
}

void runOnThreads(long tasks, void (*run)(void* context, long task), void* context) {
  static Pool* const pool = new Pool(threadCount());
  static std::mutex one;  // worker_threads may call at the same time
  std::lock_guard<std::mutex> lock(one);
  pool->run(tasks, run, context);
}

}  // namespace retool
