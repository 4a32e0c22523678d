#include "cuda/covariance/cusolver.cuh"

#include "cuda/runtime/toolkit_library.hpp"

namespace regent::cuda::covariance {
namespace {

struct Functions {
  ToolkitLibrary library{"libcusolver", CUSOLVER_VER_MAJOR, "eigenvalues of large matrices on the GPU"};
#define REGENT_CUSOLVER(name) decltype(&::name) name = library.function<decltype(::name)>(#name)
  REGENT_CUSOLVER(cusolverDnCreate);
  REGENT_CUSOLVER(cusolverDnDestroy);
  REGENT_CUSOLVER(cusolverDnSetStream);
  REGENT_CUSOLVER(cusolverDnCreateParams);
  REGENT_CUSOLVER(cusolverDnDestroyParams);
  REGENT_CUSOLVER(cusolverDnXsyevBatched_bufferSize);
  REGENT_CUSOLVER(cusolverDnXsyevBatched);
#undef REGENT_CUSOLVER
};

const Functions& functions() {
  static const Functions loaded;
  return loaded;
}

// Row by row the lower triangle is column by column the upper one.
constexpr cublasFillMode_t triangle = CUBLAS_FILL_MODE_UPPER;

}  // namespace

CusolverEigen::CusolverEigen(cudaStream_t stream, cudaDataType type, int size, int count_max)
    : type_(type), size_(size) {
  const Functions& call = functions();
  check_toolkit_call(call.cusolverDnCreate(&handle_), "cusolverDnCreate");
  check_toolkit_call(call.cusolverDnSetStream(handle_, stream), "cusolverDnSetStream");
  check_toolkit_call(call.cusolverDnCreateParams(&params_), "cusolverDnCreateParams");
  check_toolkit_call(call.cusolverDnXsyevBatched_bufferSize(
                         handle_, params_, CUSOLVER_EIG_MODE_VECTOR, triangle, size, type, nullptr, size,
                         type, nullptr, type, &device_bytes_, &host_bytes_, count_max),
                     "cusolverDnXsyevBatched_bufferSize");
  device_workspace_ = DeviceBuffer<std::byte>(device_bytes_);
  host_workspace_ = std::make_unique<std::byte[]>(host_bytes_);
}

CusolverEigen::~CusolverEigen() {
  if (params_ != nullptr) functions().cusolverDnDestroyParams(params_);
  if (handle_ != nullptr) functions().cusolverDnDestroy(handle_);
}

void CusolverEigen::solve(void* matrices, void* values, int* info, int count) {
  check_toolkit_call(
      functions().cusolverDnXsyevBatched(handle_, params_, CUSOLVER_EIG_MODE_VECTOR, triangle, size_, type_,
                                         matrices, size_, type_, values, type_, device_workspace_.data(),
                                         device_bytes_, host_workspace_.get(), host_bytes_, info, count),
      "cusolverDnXsyevBatched");
}

}  // namespace regent::cuda::covariance
