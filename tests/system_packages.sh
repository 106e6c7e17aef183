#!/usr/bin/env bash
# Install what the tests need beyond Python: a browser, a PostgreSQL server, fonts and OpenMP, with Debian's package manager.
# Says in one line what is missing where it cannot install; CI then fails, elsewhere the tests that need it are skipped.
set -euo pipefail

missing=()
command -v chromium-headless-shell chromium >/dev/null 2>&1 || missing+=(chromium-headless-shell)
compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || missing+=(postgresql)
fc-list 2>/dev/null | grep -qi "noto.*cjk" || missing+=(fonts-noto-cjk fonts-noto-core)
ldconfig -p 2>/dev/null | grep -q "libgomp.so.1" || missing+=(libgomp1)
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing for the tests: ${missing[*]}"
  apt-get update -qq >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
elif [ "${CI:-}" = true ]; then
  echo "The tests need ${missing[*]}, and this user cannot install them." >&2
  exit 1
else
  echo "Tests that need ${missing[*]} are skipped: install them to run every test."
fi
