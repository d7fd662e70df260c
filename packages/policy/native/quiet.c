// Keeps the greetings off stderr that TensorFlow writes while it is loaded, before any of its settings can be heard. A module of its own,
// linked to nothing, because the binding cannot run before the library that it is linked to. Compiled as C++.

#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

static int saved = -1;

static napi_value silence(napi_env env, napi_callback_info info) {
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0) return NULL;
  if (saved < 0) saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  if (saved >= 0) dup2(nowhere, STDERR_FILENO);
  close(nowhere);
  return NULL;
}

static napi_value restore(napi_env env, napi_callback_info info) {
  if (saved < 0) return NULL;
  dup2(saved, STDERR_FILENO);
  close(saved);
  saved = -1;
  return NULL;
}

NAPI_MODULE_INIT() {
  napi_value function = NULL;
  napi_create_function(env, "silence", NAPI_AUTO_LENGTH, silence, NULL, &function);
  napi_set_named_property(env, exports, "silence", function);
  napi_create_function(env, "restore", NAPI_AUTO_LENGTH, restore, NULL, &function);
  napi_set_named_property(env, exports, "restore", function);
  return exports;
}
