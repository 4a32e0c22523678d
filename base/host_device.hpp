#pragma once
// Marks a function that both the host compiler and nvcc's device pass compile.
#ifdef __CUDACC__
#define REGENT_HD __host__ __device__
#else
#define REGENT_HD
#endif
