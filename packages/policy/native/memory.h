// Memory for tensors, reused from call to call: fresh pages cost about as much as the work on them.
#pragma once

#include <cstddef>

namespace retool {

/** Undefined contents, aligned as TensorFlow wants it; nullptr when there is none. */
void* allocate(size_t bytes);

/** Of what allocate(bytes) returned. */
void release(void* memory, size_t bytes);

}  // namespace retool
