// Owns the precompiled LibTorch headers (cmake/Torch.cmake).
