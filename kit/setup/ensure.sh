#!/bin/sh
# Makes or refreshes the environment .venv; costs a fraction of a second when it is up to date.
# Finds a Python 3.11 to 3.13 and hands over to environment.py. KIT_PYTHON names one to use instead.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

suits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }

# Each candidate is really started: a version manager's shim exists on PATH for versions that it refuses to run.
# Each candidate is tried in turn; 3.12 first, the one in the middle of what TFX supports.
for python in ${KIT_PYTHON:-python3.12 python3.13 python3.11 python3 "$HOME"/.pyenv/versions/3.1[123]*/bin/python3}; do
    if suits "$python"; then
        exec "$python" "$here/environment.py" "$@"
    fi
done
echo "The kit needs Python 3.11, 3.12 or 3.13${KIT_PYTHON:+ (KIT_PYTHON is $KIT_PYTHON)}; none was found." >&2
echo "Install one from your system's packages, or name it: KIT_PYTHON=/path/to/python3.12 make" >&2
exit 2
