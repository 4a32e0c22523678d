# shellcheck shell=bash
# Python environments in the user's cache, one per set of pins; the checkout only links to them, so that a second
# clone is ready at once. Needs common.sh and pins.sh.

# The system's own Python: one found first on PATH may be a version whose environment breaks when it is removed.
REGENT_SYSTEM_PYTHON=/usr/bin/python3

# The list is taken whole: a grep that had seen enough would end ldconfig, and with it the answer, under pipefail.
has_gpu() {
  [[ -e /dev/nvidiactl || $(PATH=$PATH:/usr/sbin:/sbin ldconfig -p 2>/dev/null || true) == *libcuda.so.1* ]]
}

wheel_kinds() { if has_gpu; then echo wheel gpu-wheel; else echo wheel; fi; }

# environment_home KIND…: where the environment of these pins lies
environment_home() {
  local key
  key=$({ requirements "$@"; readlink -f "$REGENT_SYSTEM_PYTHON"; uname -m; } | sha256sum | cut -c1-16)
  echo "$REGENT_CACHE/venv-$key"
}

# The stamp is written last, so an environment that has it is whole. It is checked against the files on disk, for a
# cache is a place that people clean by hand.
environment_ready() {
  local home=$1 name
  shift
  [[ -f $home/.complete && -x $home/bin/python ]] || return 1
  while read -r name; do
    compgen -G "$home/lib/python3*/site-packages/${name//-/_}-*.dist-info" >/dev/null || return 1
  done < <(pin_names "$@")
}

# ensure_environment LINK KIND…: makes the environment when it is missing, and links LINK to it
ensure_environment() {
  local link=$1 home
  shift
  home=$(environment_home "$@")
  environment_ready "$home" "$@" || make_environment "$home" "$@"
  [[ -e $link && ! -L $link ]] && die "$link is not a link made by scripts/setup; move it away, then run again"
  if [[ $(readlink "$link" || true) != "$home" ]]; then
    ln -sfn "$home" "$link.new.$$"
    mv -T "$link.new.$$" "$link"
    say "linked ${link##*/} to $home"
  fi
}

# One at a time: the lock is released by the kernel when its holder dies, the next one starts anew.
make_environment() {
  local home=$1
  shift
  mkdir -p "$REGENT_CACHE"
  exec 8>"$home.lock"
  if ! flock -n 8; then
    say "waiting for another setup that makes $home"
    flock 8
  fi
  if ! environment_ready "$home" "$@"; then
    build_environment "$home" "$@"
  fi
  exec 8>&-
}

# Built in its final place (its programs name that place) and valid only from the stamp on.
build_environment() {
  local home=$1 log=$1.log list=$1.requirements count
  shift
  rm -rf "$home"
  requirements "$@" >"$list"
  count=$(wc -l <"$list")
  run_logged "making a Python environment in $home" "$log" "$REGENT_SYSTEM_PYTHON" -m venv "$home"
  run_logged "installing $count wheels: $(pin_names "$@" | paste -sd' ')" "$log" \
    "$home/bin/python" -m pip install --no-deps --require-hashes --only-binary=:all: --no-compile \
    --disable-pip-version-check --progress-bar off -r "$list" ||
    die "pip could not install the pinned wheels; the whole output is in $log"
  mv "$list" "$home/.requirements"
  sync "$home"/lib/python3*/site-packages || true
  touch "$home/.complete"
}
