#!/bin/sh
# SPDX-License-Identifier: MIT
# A meter on a GPIO in Debian's kernel. There an edge is late by more than half a bit of 9600 baud now and then, in spite of
# the virtual clock, so that is exact only in guest-gpio-uml.t, which runs all of it.
exec "$(dirname "$0")/run-guest" 6.12 "gpio capture_at_1200_baud_arrives_without_loss \
	storm_takes_a_bounded_rate_of_interrupts unbinding_wakes_every_reader \
	line_of_a_chip_that_sleeps_has_every_edge costs_at_9600_baud_are_small" gpio_user.sh
