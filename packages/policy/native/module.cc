// The binding of tfjs-node with kernels of our own beside it, which work on TensorFlow's tensors where they lie.
#include <node_api.h>

// The sources of tfjs-node are compiled as they are; their module is initialised by ours.
#undef NAPI_MODULE
#define NAPI_MODULE(name, initialize)
#include "tfjs_binding.cc"

#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include "kernels.h"
#include "memory.h"
#include "tensorflow/c/eager/c_api_experimental.h"

namespace {

constexpr size_t MOST_ARGUMENTS = 20;

/** A number, or for a pointer an address or a typed array, whose values are then read and written where they lie. */
template <typename T>
bool fromValue(napi_env env, napi_value value, T* to) {
  double number;
  const bool isNumber = napi_get_value_double(env, value, &number) == napi_ok;
  if constexpr (std::is_pointer_v<T>) {
    void* values = isNumber ? reinterpret_cast<void*>(static_cast<uintptr_t>(number)) : nullptr;
    const bool good = isNumber || napi_get_typedarray_info(env, value, nullptr, nullptr, &values, nullptr, nullptr) == napi_ok;
    *to = static_cast<T>(values);
    return good;
  } else {
    if (isNumber) *to = static_cast<T>(number);
    return isNumber;
  }
}

napi_value asNumber(napi_env env, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  return value;
}

/** A kernel as a JavaScript function. */
template <auto kernel>
struct Call;
template <typename Result, typename... Arguments, Result (*kernel)(Arguments...)>
struct Call<kernel> {
  static napi_value run(napi_env env, napi_callback_info info) {
    static_assert(sizeof...(Arguments) <= MOST_ARGUMENTS);
    size_t given = MOST_ARGUMENTS;
    napi_value values[MOST_ARGUMENTS];
    std::tuple<Arguments...> arguments;
    if (napi_get_cb_info(env, info, &given, values, nullptr, nullptr) == napi_ok && given >= sizeof...(Arguments) &&
        read(env, values, arguments, std::index_sequence_for<Arguments...>())) {
      if constexpr (!std::is_void_v<Result>) return asNumber(env, std::apply(kernel, arguments));
      else std::apply(kernel, arguments);
    } else {
      napi_throw_type_error(env, nullptr, "a kernel got too few arguments, or one of another type");
    }
    return nullptr;
  }

 private:
  template <size_t... I>
  static bool read(napi_env env, const napi_value* values, std::tuple<Arguments...>& arguments, std::index_sequence<I...>) {
    return (fromValue(env, values[I], &std::get<I>(arguments)) && ...);
  }
};

tfnodejs::TFJSBackend* backendOf(napi_env env) {
  void* backend = nullptr;
  napi_get_instance_data(env, &backend);
  return static_cast<tfnodejs::TFJSBackend*>(backend);
}

/** pointer(id): the address of a tensor's values. */
napi_value pointer(napi_env env, napi_callback_info info) {
  size_t given = 1;
  napi_value value;
  int32_t id = -1;
  if (napi_get_cb_info(env, info, &given, &value, nullptr, nullptr) == napi_ok && given == 1) napi_get_value_int32(env, value, &id);
  const auto& handles = backendOf(env)->tfe_handle_map_;
  const auto found = handles.find(id);
  TF_Status* status = TF_NewStatus();
  void* address = found == handles.end() ? nullptr : TFE_TensorHandleDevicePointer(found->second, status);
  const bool good = found != handles.end() && TF_GetCode(status) == TF_OK;
  TF_DeleteStatus(status);
  if (good) return asNumber(env, static_cast<double>(reinterpret_cast<uintptr_t>(address)));
  napi_throw_error(env, nullptr, "a kernel got a tensor that is not there");
  return nullptr;
}

void releaseTensor(void* memory, size_t bytes, void*) { retool::release(memory, bytes); }

/** output(...shape): the id of a new tensor of floats with undefined contents; -1 where there is no memory for it. */
napi_value output(napi_env env, napi_callback_info info) {
  size_t rank = MOST_ARGUMENTS;
  napi_value values[MOST_ARGUMENTS];
  int64_t shape[MOST_ARGUMENTS];
  if (napi_get_cb_info(env, info, &rank, values, nullptr, nullptr) != napi_ok) return nullptr;
  size_t bytes = sizeof(float);
  for (size_t i = 0; i < rank; i++) {
    if (napi_get_value_int64(env, values[i], shape + i) != napi_ok) return nullptr;
    bytes *= static_cast<size_t>(shape[i]);
  }
  void* memory = retool::allocate(bytes);
  if (memory == nullptr) return asNumber(env, -1);
  TF_Tensor* tensor = TF_NewTensor(TF_FLOAT, shape, static_cast<int>(rank), memory, bytes, releaseTensor, nullptr);
  TF_Status* status = TF_NewStatus();
  TFE_TensorHandle* handle = TFE_NewTensorHandle(tensor, status);
  const bool good = TF_GetCode(status) == TF_OK;
  TF_DeleteStatus(status);
  TF_DeleteTensor(tensor);
  return asNumber(env, good ? backendOf(env)->InsertHandle(handle) : -1);
}

napi_value kernelFunctions(napi_env env) {
#define KERNEL(name) {#name, nullptr, Call<retool::name>::run, nullptr, nullptr, nullptr, napi_default, nullptr}
  const napi_property_descriptor functions[] = {
      {"pointer", nullptr, pointer, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"output", nullptr, output, nullptr, nullptr, nullptr, napi_default, nullptr},
      KERNEL(matmul), KERNEL(packWeight), KERNEL(matmulPacked), KERNEL(quantizeWeight), KERNEL(matmulQuantized), KERNEL(weightGradient), KERNEL(rmsNormForward), KERNEL(rmsNormBackward), KERNEL(rotaryForward),
      KERNEL(rotaryBackward), KERNEL(swigluForward), KERNEL(swigluBackward), KERNEL(gatherRows), KERNEL(scatterAddRows),
      KERNEL(logProbsForward), KERNEL(logProbsBackward), KERNEL(attentionForward), KERNEL(attentionBackward), KERNEL(attentionCached),
      KERNEL(copyCacheSlot), KERNEL(adamW), KERNEL(sumOfSquares), KERNEL(accumulate), KERNEL(dropout), KERNEL(addColumns),
      KERNEL(takeColumns), KERNEL(clear), KERNEL(sumRows), KERNEL(sampleRows)};
#undef KERNEL
  napi_value kernels = nullptr;
  napi_create_object(env, &kernels);
  napi_define_properties(env, kernels, sizeof functions / sizeof *functions, functions);
  napi_value stamp = nullptr;
  napi_create_string_latin1(env, RETOOL_KERNELS, NAPI_AUTO_LENGTH, &stamp);
  napi_set_named_property(env, kernels, "stamp", stamp);
  return kernels;
}

}  // namespace

NAPI_MODULE_INIT() {
  const napi_value binding = tfnodejs::InitTFNodeJSBinding(env, exports);
  if (binding != nullptr) napi_set_named_property(env, binding, "retoolKernels", kernelFunctions(env));
  return binding;
}
