# shellcheck shell=bash
# Reads scripts/pins. Needs common.sh.
REGENT_PINS=$REGENT_TOP/scripts/pins

# pins KIND…: the lines of these kinds, without the kind
pins() {
  local kinds=" $* " kind rest
  while read -r kind rest; do
    [[ $kinds == *" $kind "* ]] && printf '%s\n' "$rest"
  done < <(grep -vE '^[[:space:]]*(#|$)' "$REGENT_PINS")
  return 0
}

pin_names() { pins "$@" | cut -d' ' -f1; }

# requirements KIND…: these pins as a requirements file with hashes; what several kinds name, once
requirements() {
  local name version hashes rest
  pins "$@" | while read -r name version hashes rest; do
    printf '%s==%s' "$name" "$version"
    printf ' --hash=sha256:%s' ${hashes//,/ }
    printf '\n'
  done | awk '!seen[$1]++'
}
