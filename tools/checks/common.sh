# What the integration checks share; sourced. Leaves the shell in a directory of its own, which goes
# away at the end together with every process started from it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tapeline=$root/.build/release/tapeline
python=$root/.build/peers/bin/python
samples=${TAPELINE_SAMPLES:-$root/../shared/samples}

if [ ! -x "$tapeline" ]; then
    echo "no release build: run swift build -c release first" >&2
    exit 3
fi

work=$(mktemp -d)
clean_up() {
    local jobs_left
    jobs_left=$(jobs -p)
    if [ -n "$jobs_left" ]; then kill -9 $jobs_left 2>/dev/null || true; fi
    rm -rf "$work" /dev/shm/tapeline.check."$$".*
}
trap clean_up EXIT
cd "$work"

# Skips the check if the samples are not here, and says so.
need_samples() {
    if [ ! -e "$samples/$1" ]; then
        echo "   skipped: no $1 among the samples (set TAPELINE_SAMPLES)"
        exit 77
    fi
}

fail() {
    echo "   $*" >&2
    exit 1
}
