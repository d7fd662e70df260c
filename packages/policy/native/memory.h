// Memory for tensors, reused from call to call: fresh pages cost about as much as the work on them.
#pragma once

#include <cstddef>

namespace retool {

/** Undefined contents, aligned as TensorFlow wants it; nullptr when there is none. */
void* takeMemory(size_t bytes);

/** Gives back what takeMemory(bytes) gave. */
void giveMemory(void* memory, size_t bytes);

}  // namespace retool
