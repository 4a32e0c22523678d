# shellcheck shell=bash
# Configures and builds a preset when needed. Needs common.sh; scripts/setup must have run.

# The same objects serve every clone: paths inside the checkout are hashed relative to it.
export CCACHE_BASEDIR=$REGENT_TOP CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=time_macros,pch_defines

# A translation unit with LibTorch's headers takes about 2 GiB.
build_jobs() {
  local cores memory_kib
  cores=$(nproc)
  memory_kib=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  local by_memory=$((memory_kib / (2 * 1024 * 1024)))
  ((by_memory >= 1)) || by_memory=1
  echo $((by_memory < cores ? by_memory : cores))
}

site_packages() {
  local found
  found=$(compgen -G "$REGENT_TOP/.venv/lib/python3*/site-packages" | head -n 1) || die "no .venv: run scripts/setup"
  readlink -f "$found"
}

# build_preset PRESET [FOLDER [CMAKE-OPTION…]]: build/FOLDER (default build/PRESET) is up to date afterwards
build_preset() {
  local preset=$1 folder=$REGENT_TOP/build/${2:-$1} wheels key
  shift $(($# < 2 ? $# : 2))
  # what CMake caches and would not notice by itself
  wheels=$(site_packages)
  key="$preset $* $wheels $(command -v nvcc || true) ${CUDAARCHS:-} ${CUDAFLAGS:-}"
  if [[ ! -f $folder/build.ninja || $(cat "$folder/.configured-for" 2>/dev/null) != "$key" ]]; then
    run_logged "configuring $preset in ${folder#"$REGENT_TOP/"}" "$folder/configure.log" \
      cmake -S "$REGENT_TOP" --preset "$preset" -B "$folder" -DREGENT_SITE_PACKAGES="$wheels" \
      -UCMAKE_CUDA_ARCHITECTURES -DCMAKE_CUDA_FLAGS="${CUDAFLAGS:-}" "$@"
    printf '%s' "$key" >"$folder/.configured-for"
  fi
  run_logged "building $preset ($(build_jobs) jobs)" "$folder/build.log" ninja -C "$folder" -j "$(build_jobs)"
}
