# shellcheck shell=bash
# Real processes of a run: wait until one is ready, run one with a time limit, scrape its metrics. Needs common.sh.

# await_announcement FILE PID LIMIT_S LOG WHAT: until the process has written FILE, which it does when it is ready
await_announcement() {
  local file=$1 pid=$2 limit=$3 log=$4 what=$5 begun=$SECONDS
  until [[ -s $file ]]; do
    if ! kill -0 "$pid" 2>/dev/null; then
      tail -n 20 "$log" >&2
      die "$what ended before it was ready; its log is $log"
    fi
    ((SECONDS - begun < limit)) || die "$what was not ready after $limit s; its log is $log"
    sleep 0.05
  done
}

# json_value FILE EXPRESSION: a value of a JSON file, in Python, the file being j
json_value() {
  "$REGENT_TOP/.venv/bin/python" -c 'import json, sys; j = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"
}

# scrape URL FILE: keeps FILE as it was when the page does not answer within two seconds
scrape() {
  local address=${1#http://} reply
  local path=/${address#*/} host=${address%%/*}
  # shellcheck disable=SC2016
  reply=$(timeout 2 bash -c 'exec 3<>"/dev/tcp/$1/$2" && printf "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n" "$3" "$1" >&3 &&
    cat <&3' scrape "${host%:*}" "${host##*:}" "$path" 2>/dev/null) || return 0
  [[ $reply == HTTP/1.?\ 200* ]] || return 0
  printf '%s\n' "$reply" | sed '1,/^\r\{0,1\}$/d' >"$2.new"
  mv "$2.new" "$2"
}

# run_limited LIMIT_S WHAT COMMAND…: in the foreground; fails with a clear message when it takes longer
run_limited() { run_beside 0 : "$@"; }

# run_beside PID TICK LIMIT_S WHAT COMMAND…: the same, beside a process that must live as long (0: none);
# TICK is called about every second
run_beside() {
  local beside=$1 tick=$2 limit=$3 what=$4 begun=$SECONDS ticked=$SECONDS child code=0
  shift 4
  start "$@"
  child=$REGENT_STARTED
  while kill -0 "$child" 2>/dev/null; do
    sleep 0.1
    if ((beside)) && ! kill -0 "$beside" 2>/dev/null; then
      end_child "$child" || true
      die "the process that $what needs ended first"
    fi
    if ((SECONDS - begun >= limit)); then
      end_child "$child" || true
      die "$what had not ended after $limit s; ended it"
    fi
    if ((SECONDS > ticked)); then
      ticked=$SECONDS
      "$tick"
    fi
  done
  wait "$child" || code=$?
  forget_child "$child"
  ((code == 0)) || die "$what failed with status $code"
}
