#include <cublas_v2.h>

#include <limits>
#include <string>

#include "base/error.hpp"
#include "cuda/covariance/products.hpp"
#include "cuda/runtime/device_buffer.cuh"
#include "cuda/runtime/stream.cuh"
#include "cuda/runtime/toolkit_library.hpp"

namespace regent::cuda::covariance {
namespace {

struct Functions {
  ToolkitLibrary library{"libcublas", CUBLAS_VER_MAJOR, "covariances on the GPU"};
// cublas_v2.h renames its functions; these are the names in the library
#define REGENT_CUBLAS(member, name) decltype(&::name) member = library.function<decltype(::name)>(#name)
  REGENT_CUBLAS(create, cublasCreate_v2);
  REGENT_CUBLAS(destroy, cublasDestroy_v2);
  REGENT_CUBLAS(set_stream, cublasSetStream_v2);
  REGENT_CUBLAS(multiply, cublasDgemm_v2);
  REGENT_CUBLAS(multiply_by_itself, cublasDsyrk_v2);
#undef REGENT_CUBLAS
};

const Functions& functions() {
  static const Functions loaded;
  return loaded;
}

class Handle {
 public:
  explicit Handle(cudaStream_t stream) {
    check_toolkit_call(functions().create(&handle_), "cublasCreate");
    const cublasStatus_t status = functions().set_stream(handle_, stream);
    if (status == CUBLAS_STATUS_SUCCESS) return;
    functions().destroy(handle_);
    check_toolkit_call(status, "cublasSetStream");
  }
  ~Handle() { functions().destroy(handle_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator cublasHandle_t() const { return handle_; }

 private:
  cublasHandle_t handle_ = nullptr;
};

int count_of(std::int64_t rows_or_columns) {
  if (rows_or_columns > std::numeric_limits<int>::max()) {
    throw InputError("a table of " + std::to_string(rows_or_columns) +
                     " rows or columns is more than cuBLAS counts; use device \"cpu\"");
  }
  return static_cast<int>(rows_or_columns);
}

}  // namespace

void product_gpu(const Resources&, const TableView& a, const TableView& b, std::span<double> out) {
  const int rows = count_of(a.rows), n = count_of(a.columns), m = count_of(b.columns);
  const Stream stream;
  const Handle handle(stream);
  const DeviceBuffer<double> first(a.values, stream);
  DeviceBuffer<double> second, product(out.size());
  const double one = 1, zero = 0;
  // Row by row, a table is column by column its transpose, and the lower triangle the upper one: outᵀ = bᵀ·a.
  if (a.values.data() == b.values.data() && n == m) {
    check_toolkit_call(functions().multiply_by_itself(handle, CUBLAS_FILL_MODE_UPPER, CUBLAS_OP_N, n, rows,
                                                      &one, first.data(), n, &zero, product.data(), n),
                       "cublasDsyrk");
  } else {
    second = DeviceBuffer<double>(b.values, stream);
    check_toolkit_call(functions().multiply(handle, CUBLAS_OP_N, CUBLAS_OP_T, m, n, rows, &one, second.data(),
                                            m, first.data(), n, &zero, product.data(), m),
                       "cublasDgemm");
  }
  product.download(out, stream);
}

}  // namespace regent::cuda::covariance
