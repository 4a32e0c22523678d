# shellcheck shell=bash
# Debian packages. Needs common.sh and pins.sh.

# require_known_system: stops on a system where the package names or the wheels would not fit
require_known_system() {
  local ID=unknown VERSION_ID=unknown machine
  # shellcheck source=/dev/null
  [[ -r ${REGENT_OS_RELEASE:-/etc/os-release} ]] && source "${REGENT_OS_RELEASE:-/etc/os-release}"
  machine=$(uname -m)
  if [[ $machine != x86_64 ]]; then
    die "this is a $machine machine; the pinned wheels are built for x86_64 only"
  fi
  case $ID-$VERSION_ID in
    debian-12) ;;
    ubuntu-24.04) say "Ubuntu 24.04 is untested; its packages have the same names as Debian 12's" ;;
    *)
      die "this is '$ID $VERSION_ID'; Regent is set up on Debian 12 (and, untested, Ubuntu 24.04). Elsewhere, install
  the packages and wheels that scripts/pins lists by hand, then build with: cmake --preset release
  -DREGENT_SITE_PACKAGES=<site-packages with torch and pyarrow> && ninja -C build/release"
      ;;
  esac
}

# missing_packages: the names of those pins that are not installed; one that is held (hi) is
missing_packages() {
  local names=()
  mapfile -t names < <(pin_names apt)
  comm -13 <(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "${names[@]}" 2>/dev/null |
    sed -n 's/^[ih]i *//p' | sort) <(printf '%s\n' "${names[@]}" | sort)
}

explain_packages() {
  local name reason wanted=" $* "
  while read -r name reason; do
    [[ $wanted == *" $name "* ]] && say "missing: package $name ($reason)"
  done < <(pins apt)
  return 0
}

ensure_packages() {
  local missing=() log=$REGENT_CACHE/apt.log as_root=()
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  explain_packages "${missing[@]}"
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "not root and no sudo here; ask an administrator to run:
  apt-get install --no-install-recommends ${missing[*]}"
    say "packages are installed with sudo, which may ask for your password"
    sudo -v || die "sudo refused; ask an administrator to run:
  apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  mkdir -p "$REGENT_CACHE"
  exec 9>"$REGENT_CACHE/apt.lock"
  flock 9
  run_logged "refreshing the package lists" "$log" "${as_root[@]}" apt-get -q update ||
    die "apt-get update failed; the whole output is in $log"
  run_logged "installing ${#missing[@]} packages" "$log" \
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
    install --no-install-recommends "${missing[@]}" ||
    die "apt-get install failed; the whole output is in $log"
  exec 9>&-
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]} == 0)) || die "still missing after the installation: ${missing[*]}"
}

nvcc_state() {
  if command -v nvcc >/dev/null || [[ -x /usr/local/cuda/bin/nvcc ]]; then
    echo 'CUDA toolkit'
  else
    echo 'no CUDA toolkit: CPU build'
  fi
}
