// A few threads that share loops with the thread that calls.
#pragma once

namespace retool {

/** Work below this many nanoseconds is done by the caller alone: waking others costs as much. */
constexpr double MIN_PARALLEL_NS = 250e3;

/** Calls run(context, task) once for each task below `tasks`, in any order and on any thread, and returns when all are done. */
void runOnThreads(long tasks, void (*run)(void* context, long task), void* context);

/** How many threads work, the caller included. */
int threadCount();

/** runOnThreads for a closure, on the calling thread alone where the work (estimated, in nanoseconds on one thread) is small. */
template <typename Run>
void parallelFor(long tasks, double nanoseconds, Run&& run) {
  if (tasks <= 1 || nanoseconds < MIN_PARALLEL_NS || threadCount() == 1) {
    for (long task = 0; task < tasks; task++) run(task);
    return;
  }
  runOnThreads(tasks, [](void* context, long task) { (*static_cast<Run*>(context))(task); }, &run);
}

/** Calls run(first, last) on contiguous parts of [0, count), a few for each thread. */
template <typename Run>
void parallelForRange(long count, double nanoseconds, Run&& run) {
  const long parts = nanoseconds < MIN_PARALLEL_NS ? 1 : 4 * threadCount();
  const long size = (count + parts - 1) / (parts > 0 ? parts : 1);
  if (size == 0) return;
  parallelFor((count + size - 1) / size, nanoseconds, [&](long part) {
    const long first = part * size;
    run(first, first + size < count ? first + size : count);
  });
}

}  // namespace retool
