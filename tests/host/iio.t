#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What meterctl makes of what libiio says, with a libiio of ours: tests/host/fake_libiio.c.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Readings qw(run slurp spew);
BEGIN { $| = 1; print "TAP version 13\n"; }
use Test::More;

my $file = "build/tests/iio.$$.csv";
$ENV{LD_LIBRARY_PATH} = 'build/tests/libiio';

sub meterctl {
	return run(['build/tests/meterctl', @_]);
}

sub promise {
	my ($name, $code, $out, $err, @arguments) = @_;
	my @got = meterctl(@arguments);
	my $same = ref $out ? $got[0] =~ $out : $got[0] eq $out;
	ok($got[2] == $code && $same && $got[1] =~ $err, $name)
		or diag("meterctl @arguments: exit code $got[2]\nstdout: $got[0]\nstderr: $got[1]");
}

my @at = ('--uri', 'ip:house');

promise('meters_are_listed_by_their_numbers_and_other_devices_are_not', 0, <<'END', qr/\A\z/, 'list', @at);
METER    ID            TYPE           STATE                    PORT
meter2   tic-0000000a  tic-standard   locked                   ttyUSB0
meter10  p1-0000000b   p1             stale                    pts/3
END
promise('list_has_the_members_that_are_known', 0,
	'[{"name":"meter2","id":"tic-0000000a","type":"tic-standard","state":"locked","port":"ttyUSB0","source":"tty"},' .
	'{"name":"meter10","id":"p1-0000000b","type":"p1","state":"stale","seen":"garbage","port":"pts/3","source":"tty"}]' . "\n",
	qr/\A\z/, 'list', '--json', @at);
promise('show_has_exact_values_in_the_units_of_sysfs_and_leaves_out_what_is_not_said', 0, <<'END', qr/\A\z/, 'show', @at, 'meter2');
meter2
  id                             tic-0000000a
  type                           tic-standard
  state                          locked
  port                           ttyUSB0
  source                         tty

fields
  current_l1_ma                  0
  energy_export_t1_wh            7
  energy_import_wh               99999999999
  power_apparent_import_va       420
  power_net_w                    -15
  voltage_l1_mv                  231000
END
promise('show_has_json', 0, qr/\A\{"name":"meter2",.*"fields":\{"current_l1_ma":0,.*\},"raw":\{\},"statistics":\{\}\}\n\z/, qr/\A\z/,
	'show', '--json', @at, 'meter2');
promise('one_field_by_the_name_of_its_quantity', 0, "99999999999\n", qr/\A\z/, 'show', @at, 'tic', 'energy_import');
promise('one_field_by_the_name_of_its_file', 0, "231000\n", qr/\A\z/, 'show', @at, 'tic', 'voltage_l1_mv');
promise('one_attribute', 0, "locked\n", qr/\A\z/, 'show', @at, 'tic', 'state');
promise('what_is_not_said_now_has_no_value', 1, '', qr/has no energy_import_t1 now/, 'show', @at, 'tic', 'energy_import_t1');
promise('what_iio_does_not_carry_is_no_field', 1, '', qr/IIO carries no gas of meter2/, 'show', @at, 'tic', 'gas');
promise('the_number_of_a_meter_is_not_carried', 1, '', qr/IIO carries no serial of meter2/, 'show', @at, 'tic', 'serial');
promise('a_whole_name_goes_before_a_beginning', 1, '', qr/no meter 'meter1x'/, 'show', @at, 'meter1x');
promise('a_beginning_that_fits_two_is_refused', 2, '', qr/several meters begin with 'meter'.*list --uri ip:house/, 'show', @at, 'meter');

promise('a_name_a_label_and_values_that_no_kernel_gives_are_not_taken_over', 0, <<'END', qr/\A\z/, 'show', '--uri', 'ip:hostile', 'iio');
iio:device0
  state                          locked

fields
  current_l3_ma                  4
  voltage_l2_mv                  231000
END
promise('no_byte_of_another_machine_steers_the_terminal', 0, qr/\A[\n -~]*\z/, qr/\A\z/, 'list', '--uri', 'ip:hostile');

promise('without_a_meter_list_says_why', 1, '', qr/no meter at ip:empty/, 'list', '--uri', 'ip:empty');
promise('who_does_not_answer_is_named', 2, '', qr/iiod does not answer at '192\.0\.2\.1': Connection refused/, 'list', '--uri', 'ip:192.0.2.1');
promise('watch_shows_lines_until_the_meter_is_gone', 0,
	"meter2 - energy_import=99999999999 energy_export_t1=7 power_net=-15 power_apparent_import=420 voltage_l1=231 current_l1=0\n" x 2,
	qr/\A\z/, 'watch', '--until-gone', '--uri', 'ip:house-gone', 'meter2');
promise('watch_has_json', 0,
	'{"protocol":"tic-standard","quantities":{"energy_import":99999999999,"energy_export_t1":7,"power_net":-15,' .
	'"power_apparent_import":420,"voltage_l1":231,"current_l1":0}}' . "\n", qr/\A\z/,
	'watch', '--json', '--count', '1', @at, 'meter2');
promise('watch_has_no_telegrams_of_before', 2, '', qr/--oldest and --no-follow/, 'watch', '--no-follow', @at, 'meter2');
promise('watch_wants_one_of_several_meters', 2, '', qr/there are 2 meters/, 'watch', @at);
promise('what_says_nothing_cannot_be_watched', 2, '', qr/meter10 cannot be watched: it says nothing/, 'watch', @at, 'meter10');

my $csv = <<'END';
time_utc,time_ns,energy_import_wh,energy_export_t1_wh,power_net_w,power_apparent_import_va,voltage_l1_mv,current_l1_ma
2025-01-01T00:00:00.123Z,1735689600123456789,99999999999,7,-15,420,231000,0
1969-12-31T23:59:58.500Z,-1500000000,99999999999,7,-15,420,231000,0
END
promise('record_ends_when_it_has_enough', 0, '', qr/2 telegrams of meter2 are in \Q$file\E\n\z/, 'record', '--count', '2', '-o', $file, @at, 'meter2');
is(slurp($file), $csv, 'record_writes_integers_with_their_units_and_times');
is((stat $file)[2] & 0777, 0600, 'a_record_is_for_its_owner_alone');
promise('record_does_not_overwrite', 2, '', qr/\Q$file\E cannot be created: File exists/, 'record', '-o', $file, @at, 'meter2');
is(slurp($file), $csv, 'what_was_there_stays');
promise('record_writes_to_standard_output', 0, $csv, qr/2 telegrams/, 'record', '--count', '2', '-o', '-', @at, 'meter2');
promise('record_says_that_the_meter_is_gone', 1, $csv, qr/meter2 is gone/, 'record', '-o', '-', '--uri', 'ip:house-gone', 'meter2');
promise('record_says_that_the_connection_is', 2, $csv, qr/cannot be read any more: Broken pipe/, 'record', '-o', '-', '--uri', 'ip:house-broken', 'meter2');
promise('record_says_once_that_telegrams_are_left_out_and_at_the_end_how_many', 0, $csv, qr/\A[^\n]*sent a telegram that is left out[^\n]*\n[^\n]*; 2 were left out\n\z/,
	'record', '--count', '2', '-o', '-', '--uri', 'ip:house-skips', 'meter2');
promise('a_full_disk_is_told', 2, '', qr{/dev/full cannot be created: File exists}, 'record', '-o', '/dev/full', @at, 'meter2');
promise('record_wants_a_file', 2, '', qr/-o FILE/, 'record', @at, 'meter2');
unlink $file;

# What stands for a libiio that is not there, since this machine may have one.
mkdir 'build/tests/libiio/none';
spew('build/tests/libiio/none/libiio.so.0', '');
$ENV{LD_LIBRARY_PATH} = 'build/tests/libiio/none';
promise('without_libiio_the_package_is_named', 2, '', qr/apt install libiio0/, 'list', @at);
done_testing();
