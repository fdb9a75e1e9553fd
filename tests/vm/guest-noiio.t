#!/bin/sh
# SPDX-License-Identifier: MIT
# A module that was built without IIO.
exec "$(dirname "$0")/run-guest" 6.1+noiio boot.sh attach chardev iio iio_events sysfs
