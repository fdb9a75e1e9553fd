#!/bin/sh
# SPDX-License-Identifier: MIT
# For harness.t: a test that ends before its plan is done.
echo "TAP version 13"
echo "1..2"
echo "ok 1 - all is well"
