# shellcheck shell=bash
# Shared by the scripts: where things lie, messages, long commands. To be sourced.
REGENT_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
REGENT_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/regent
REGENT_NAME=${0##*/}

say() { printf '%s: %s\n' "$REGENT_NAME" "$*"; }
die() { printf '%s: %s\n' "$REGENT_NAME" "$*" >&2; exit 1; }
usage_error() { printf '%s: %s (see --help)\n' "$REGENT_NAME" "$*" >&2; exit 2; }

# The comment block at the head of a script is its help.
print_help() { awk 'NR > 1 && !/^#/ {exit} NR > 1 {sub(/^# ?/, ""); print}' "$0"; }

# Children run in sessions of their own: Ctrl-C reaches this script alone, which then ends each of them once, and
# cleanly, however it ends itself.
REGENT_CHILDREN=()
REGENT_STARTED=0
# start COMMAND…: in the background; its process id is in REGENT_STARTED. sudo stays in this session: it knows by the
# terminal that the password was given, and another session has none.
start() {
  if [[ $1 == sudo ]]; then "$@" </dev/null & else setsid "$@" </dev/null & fi
  REGENT_STARTED=$!
  REGENT_CHILDREN+=("$REGENT_STARTED")
}
forget_child() {
  local kept=() child
  for child in "${REGENT_CHILDREN[@]}"; do [[ $child == "$1" ]] || kept+=("$child"); done
  REGENT_CHILDREN=("${kept[@]}")
}
# end_child PID: SIGTERM to it and what it started; SIGKILL when it has not ended after a minute. Returns its status.
end_child() {
  local child=$1 waited=0 code=0
  kill -TERM -- "-$child" 2>/dev/null || kill -TERM "$child" 2>/dev/null || true
  while kill -0 "$child" 2>/dev/null; do
    sleep 0.1
    ((++waited != 50)) || say "waiting for process $child to end"
    if ((waited == 600)); then
      say "process $child did not end within a minute; killed it"
      kill -KILL -- "-$child" 2>/dev/null || true
    fi
  done
  forget_child "$child"
  wait "$child" 2>/dev/null || code=$?
  return "$code"
}
end_children() {
  trap '' INT TERM HUP
  while ((${#REGENT_CHILDREN[@]})); do end_child "${REGENT_CHILDREN[-1]}" || true; done  # the last started first
}
trap end_children EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# run_logged WHAT LOG COMMAND…: runs a long command with its output in LOG; shows elapsed time and the log's last
# line (every second on a terminal, every half minute elsewhere); on failure shows the log's tail, returns its status.
run_logged() {
  local what=$1 log=$2 begun=$SECONDS shown=$SECONDS child code=0
  shift 2
  mkdir -p "$(dirname "$log")"
  say "$what"
  start "$@" >"$log" 2>&1
  child=$REGENT_STARTED
  while [[ -d /proc/$child ]]; do  # kill -0 may not look at what sudo started
    sleep 0.2
    if [[ -t 1 ]]; then
      ((SECONDS > shown)) || continue
      printf '\r\033[K  %3d s  %.90s' $((SECONDS - begun)) "$(last_line "$log")"
    else
      ((SECONDS - shown >= 30)) || continue
      printf '  %3d s  %.110s\n' $((SECONDS - begun)) "$(last_line "$log")"
    fi
    shown=$SECONDS
  done
  wait "$child" || code=$?
  forget_child "$child"
  [[ -t 1 ]] && printf '\r\033[K'
  if ((code != 0)); then
    printf '%s: failed after %d s (status %d): %s\n  the end of %s:\n' \
      "$REGENT_NAME" $((SECONDS - begun)) "$code" "$what" "$log" >&2
    failure_lines "$log" >&2
    return "$code"
  fi
  ((SECONDS - begun < 2)) || say "  done in $((SECONDS - begun)) s"
}

last_line() { tail -c 400 "$1" 2>/dev/null | tr '\r' '\n' | grep -v '^[[:space:]]*$' | tail -n 1 || true; }

# Compilers print the reason first and much after it: show the errors before the tail.
failure_lines() {
  grep -nE '(^|[: ])(error|fatal error|FAILED|CMake Error)[: ]' "$1" | head -n 20 | sed 's/^/  | /' || true
  echo '  | …'
  tail -n 25 "$1" | sed 's/^/  | /'
}
