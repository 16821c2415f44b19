#!/usr/bin/env bash
# Installs a build into an empty folder and builds examples/ against what stands there, through CMake's
# package and through pkg-config: install_test.sh SOURCE BUILD COMPILER
set -euo pipefail
source=$1 build=$2 compiler=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

fail() {
  echo "install: $*" >&2
  exit 1
}

# Nothing is contacted: loopback is refused before a connection is made.
check() {
  local printed
  printed=$("$1" http://127.0.0.1:8080/a.jpg "$work/images.$2") || fail "$2: minimal exited $?"
  [[ $printed == *"fetch: address_denied, 0 bytes"*"download: 0 of 1 rows"* ]] || fail "$2: minimal printed: $printed"
}

cmake --install "$build" --prefix "$prefix" >/dev/null
library=$(dirname "$(find "$prefix" -name 'libpixhaul.so' | head -1)")
for file in bin/pixhaul include/pixhaul/pixhaul.h share/man/man1/pixhaul.1 share/pixhaul/events.schema.json \
    share/bash-completion/completions/pixhaul share/zsh/site-functions/_pixhaul \
    share/fish/vendor_completions.d/pixhaul.fish; do
  [[ -s $prefix/$file ]] || fail "$file is missing"
done
"$prefix/bin/pixhaul" --version | grep -q '^pixhaul ' || fail "the command does not start"

cmake -G Ninja -S "$source/examples" -B "$work/examples" -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
ninja -C "$work/examples" >/dev/null || fail "find_package: the example does not build"
check "$work/examples/minimal" cmake
# The others over a list of the same kind: each row ends as address_denied, and the program says so and ends well.
printf 'http://127.0.0.1:8080/%s.jpg\n' a b c d e >"$work/list.txt"
printed=$("$work/examples/stream" "$work/list.txt") || fail "stream exited $?"
[[ $(grep -c 'address_denied, 0 x 0' <<<"$printed") == 5 ]] || fail "stream printed: $printed"
printed=$("$work/examples/watch" "$work/list.txt" "$work/images.watch") || fail "watch exited $?"
[[ $printed == *"0 images"* ]] || fail "watch printed: $printed"

export PKG_CONFIG_PATH=$library/pkgconfig PKG_CONFIG_SYSTEM_INCLUDE_PATH= PKG_CONFIG_SYSTEM_LIBRARY_PATH=
flags=$(pkg-config --cflags --libs pixhaul)
# Unquoted on purpose: these are words.
"$compiler" "$source/examples/minimal.cc" -o "$work/minimal" $flags -Wl,-rpath,"$library" ||
  fail "pkg-config: the example does not build"
check "$work/minimal" pkg-config
echo "installed and used"
