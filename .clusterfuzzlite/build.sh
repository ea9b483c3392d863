#!/bin/bash -eu
# All of it is one script, which CI runs without a container too.
exec "$SRC/deferral/fuzz/build"
