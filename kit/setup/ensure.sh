#!/bin/sh
# Makes or refreshes the environment .venv, and returns in a moment when it is up to date.
# Needs a Python 3.11 to 3.13; KIT_PYTHON names one to use instead of the first that is found.
# `ensure.sh lock` runs kit/setup/lock.py with that Python instead.
set -eu
cd "$(dirname "$0")/../.."
task=${1:-environment}
run="-E -s -m kit.setup.$task"

# The environment's own Python tells fastest whether anything changed, and proves on the way that it still starts.
if [ "$task" = environment ] && [ -z "${KIT_PYTHON:-}" ] && [ -x .venv/bin/python ]; then
    .venv/bin/python $run --check 2>/dev/null && exit 0
fi

# Prints the interpreter behind a candidate (for one inside a virtual environment, perhaps our own, the one it was
# made from), or why it does not suit. Each is really started: a version manager puts names on PATH that it then
# refuses to run, and Debian's Python may lack ensurepip.
probe='
import sys
version = sys.version_info[:2]
if not (3, 11) <= version <= (3, 13):
    sys.exit("is Python %d.%d" % version)
try:
    import ensurepip
except ImportError:
    sys.exit("has no ensurepip (on Debian and Ubuntu: apt-get install python%d.%d-venv)" % version)
print(sys._base_executable)
'
versions="${PYENV_ROOT:-$HOME/.pyenv}/versions"
if [ -n "${KIT_PYTHON:-}" ]; then
    set -- "$KIT_PYTHON"
else # 3.12 first: the whole flow was run with it most.
    set -- python3.12 "$versions"/3.12.*/bin/python python3.13 "$versions"/3.13.*/bin/python \
        python3.11 "$versions"/3.11.*/bin/python python3
fi
refused=""
for candidate in "$@"; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    if answer=$("$candidate" -E -s -c "$probe" 2>&1); then
        exec "$answer" $run
    fi
    refused="$refused
  $candidate: $(printf '%s' "$answer" | head -n 1)"
done
cat >&2 <<EOF
[set-up] Python 3.11, 3.12 or 3.13 is needed. Found: ${refused:-none}
[set-up] Install one (Debian, Ubuntu: apt-get install python3-venv; macOS: brew install python@3.12), or name it:
[set-up]     KIT_PYTHON=/path/to/python3.12 make
EOF
exit 2
