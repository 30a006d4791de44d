# shellcheck shell=bash
# Debian packages, for the scripts that source this: where the user may install them, and how.

may_install() {
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null
}

# Once a run; where it fails, the lists that are there have to do.
apt_update() {
  [ -z "${apt_updated-}" ] || return 0
  apt_updated=yes
  timeout 300 apt-get update -q >/dev/null 2>&1 </dev/null || printf '%s: apt-get update failed\n' "${0##*/}" >&2
}

# apt_install PACKAGE...: no questions; nothing that is there is upgraded or removed for it.
apt_install() {
  local log status=0
  apt_update
  log=$(mktemp)
  DEBIAN_FRONTEND=noninteractive timeout 900 apt-get install -q -y --no-install-recommends --no-upgrade --no-remove \
    -o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ "$status" -ne 0 ]; then
    printf '%s: apt-get could not install %s (exit status %s):\n' "${0##*/}" "$*" "$status" >&2
    tail -n 5 "$log" >&2
  fi
  rm -f "$log"
  return "$status"
}

# apt_knows PACKAGE: whether a version of it can be installed.
apt_knows() {
  local candidate
  apt_update
  candidate=$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p')
  [ -n "$candidate" ] && [ "$candidate" != '(none)' ]
}
