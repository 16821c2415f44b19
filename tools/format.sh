#!/bin/sh
# Formats every C++ file with clang-format 19, or with --check only says which are not.
set -eu
cd "$(dirname "$0")/.."
mode=-i
[ "${1:-}" = --check ] && mode="--dry-run --Werror"
git ls-files '*.h' '*.cc' | xargs clang-format-19 $mode
