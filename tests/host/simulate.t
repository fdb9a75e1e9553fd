#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The simulated meters send what they say that they send, as their documents have it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use IPC::Open3;
use IO::Select;
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(time sleep);
use JSON::PP;
use Readings qw(compare_readings run slurp spew vectors);
BEGIN { $| = 1; print "TAP version 13\n"; }
use Test::More;

my $meterctl = 'build/tests/meterctl';	# with sanitizers
my $fast = 'build/meterctl';
my $start = '2024-10-27T00:57:30Z';	# the hour in which summer time ends
my $expect = "build/tests/simulate.$$.ndjson";

sub simulate {
	my (@arguments) = @_;
	return run([$meterctl, 'simulate', @arguments]);
}

sub send_max {
	my (@arguments) = @_;
	my ($bytes, $errors, $code) = run([$fast, 'simulate', '--speed', 'max', '--start', $start, @arguments]);
	die "simulate @arguments: $errors" if $code;
	return $bytes;
}

sub readings {
	return map { JSON::PP->new->decode($_) } split /\n/, slurp($expect);
}

my ($list) = simulate('--list');
my @kinds = map { (split)[0] } split /\n/, $list;
my @text = qw(linky-historique-base linky-historique-hc linky-historique-tempo linky-historique-tri linky-standard
	linky-standard-tri-producer linky-standard-all71 dsmr22 dsmr3 dsmr4 dsmr5 belgium sweden luxembourg lithuania hungary
	austria poland);
# What is in their bytes is for simulate_dlms.t.
my @dlms = qw(e450 e450-austria e570 e360 am550 am550-2026 am550-scalers omnipower-norway omnipower-sweden omnipower-denmark
	t210 ma309 aidon kaifa);
is_deeply(\@kinds, [@text, @dlms], 'every_kind_is_listed');

sub decoded_as_it_says {
	my ($kind, $least, @options) = @_;
	my $count = $kind =~ /historique-tri/ ? 130 : 40;
	my ($bytes) = simulate($kind, '--speed', 'max', '--start', $start, '--count', $count, '--expect', $expect, @options);
	my @key = grep { /^--key-file/ } @options;
	my ($got) = run([$meterctl, 'decode', @key, '-'], $bytes);
	my @differences = compare_readings($got, slurp($expect));
	push @differences, "only @{[scalar(() = $got =~ /\n/g)]} readings" if (() = $got =~ /\n/g) < $least;
	ok(!@differences, "$kind @options: what is sent is decoded as it says") or diag(join "\n", @differences);
}

for my $kind (@text) {
	my $checked = $kind ne 'dsmr3';
	decoded_as_it_says($kind, 40);
	decoded_as_it_says($kind, 40, '--parity');
	decoded_as_it_says($kind, 40, '--parity=none', '--seed', 7);
	decoded_as_it_says($kind, 40, '--interval', 3607, '--seed', 3);
	decoded_as_it_says($kind, 5, '--damage', 1) if $checked;
	decoded_as_it_says($kind, 5, '--damage', 1, '--parity', '--seed', 5);
}
# Encrypted, for whoever has the key; the tag is made with the authentication key.
my $keys = "build/tests/simulate.$$.json";
spew($keys, '{"key": "00112233445566778899aabbccddeeff", "auth_key": "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf", "system_title": "53494d0000000042"}');
for my $kind (qw(luxembourg austria poland lithuania)) {
	my @options = ('--speed', 'max', '--start', $start, '--count', 40, '--key-file', $keys);
	my ($bytes) = simulate($kind, @options, '--expect', $expect);
	my ($got, $counts) = run([$meterctl, 'decode', '--key-file', $keys, '-'], $bytes);
	my @differences = compare_readings($got, slurp($expect));
	push @differences, $counts if $counts !~ /^telegrams=40 groups_bad=0 checksum_bad=0 framing_bad=0 oversize=0 /m;
	push @differences, 'not all came encrypted' if (() = $got =~ /"via":"p1-encrypted"/g) != 40;
	ok(!@differences, "$kind encrypted: what is sent is decoded as it says") or diag(join "\n", @differences);
	($bytes) = simulate($kind, @options, '--damage', 1, '--expect', $expect);
	($got) = run([$meterctl, 'decode', '--key-file', $keys, '-'], $bytes);
	@differences = compare_readings($got, slurp($expect));
	ok(!@differences, "$kind encrypted and damaged: what is sent is decoded as it says") or diag(join "\n", @differences);
}
# Whoever enciphers says by its title who made it, so that the keys have none.
my $dlms_keys = "build/tests/simulate.$$.dlms.json";
spew($dlms_keys, '{"key": "00112233445566778899aabbccddeeff", "auth_key": "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"}');
for my $kind (@dlms) {
	my @options = $kind eq 'e450-austria' ? "--key-file=$dlms_keys" : ();
	decoded_as_it_says($kind, 40, @options);
	decoded_as_it_says($kind, 40, @options, '--interval', 3607, '--seed', 3);
	decoded_as_it_says($kind, 5, @options, '--damage', 1, '--seed', 5);
	decoded_as_it_says($kind, 5, "--key-file=$dlms_keys", '--damage', 1, '--seed', 5);
}
unlink $dlms_keys;
decoded_as_it_says($_, 15, '--damage', 20, '--seed', 9) for grep { /linky/ } @text;

for my $kind (@text) {
	my @same = map { send_max($kind, '--count', 40, '--seed', 4) } 1 .. 2;
	ok($same[0] eq $same[1] && $same[0] ne send_max($kind, '--count', 40, '--seed', 5),
		"$kind: a seed gives the same bytes every time, another one others");
}

# Registers only rise, and by what is drawn; the clock goes on through the end of summer time.
for my $kind (@text) {
	send_max($kind, '--count', 80, '--interval', 150, '--expect', $expect);
	my (%last, @falls);
	for my $reading (readings()) {
		for my $name (grep { /^(?:energy|gas|water)/ } keys %{ $reading->{quantities} }) {
			my $value = $reading->{quantities}{$name};
			push @falls, "$name from $last{$name} to $value" if exists $last{$name} && $value < $last{$name};
			$last{$name} = $value;
		}
		next unless $reading->{time};
		push @falls, "time from $last{time} to $reading->{time}" if $last{time} && $reading->{time} le $last{time};
		$last{time} = $reading->{time};
	}
	ok(!@falls && exists $last{energy_import}, "$kind: registers and clock only rise") or diag(join "\n", @falls);
}

{
	send_max('linky-standard', '--count', 2, '--interval', 3600, '--expect', $expect);
	my ($before, $after) = readings();
	my $drawn = $after->{quantities}{energy_import} - $before->{quantities}{energy_import};
	my $va = $before->{quantities}{power_apparent_import};
	ok($drawn > 0 && $drawn <= $va && $drawn > $va / 2, 'an_hour_of_power_is_that_much_energy')
		or diag("$drawn Wh at $va VA");
}

# Lengths by the tables of Enedis-NOI-CPT_54E, from STX to ETX, and of the documents of P1.
sub lengths {
	my ($bytes) = @_;
	my %lengths;
	$lengths{ length $1 }++ while $bytes =~ /(\x02[^\x02]*?[\x03\x04])/g;
	return \%lengths;
}
is_deeply([keys %{ lengths(send_max('linky-standard', '--count', 30)) }], [865], 'a_single_phase_standard_frame_has_865_bytes');
is_deeply([keys %{ lengths(send_max('linky-standard-tri-producer', '--count', 30)) }], [1442],
	'a_three_phase_producer_frame_has_1442_bytes');
is_deeply([keys %{ lengths(send_max('linky-standard-all71', '--count', 30)) }], [1727], 'a_frame_with_all_labels_has_1727_bytes');
ok(lengths(send_max('linky-historique-base', '--count', 30))->{152} > 20, 'a_single_phase_historique_frame_has_152_bytes');

{
	my $bytes = send_max('linky-historique-base', '--count', 200, '--interval', 300, '--seed', 74);
	my $wrong = 0;
	while ($bytes =~ /\x02([^\x03]*)\x03/g) {
		my $frame = $1;
		my ($current) = $frame =~ /\nIINST (\d+)/;
		$wrong++ if ($current > 30) != ($frame =~ /\nADPS $current /);
	}
	ok(!$wrong && $bytes =~ /ADPS/, 'adps_is_sent_while_more_is_drawn_than_subscribed');
}

{
	my $bytes = send_max('linky-historique-tri', '--count', 121);
	my $shape = '';
	while ($bytes =~ /\x02([^\x02]*?)(\x03\x04|\x03|\x04)/g) {
		my ($frame, $end) = ($1, $2);
		$shape .= $frame =~ /IMAX1/ ? 'L' : $frame =~ /ISOUSC/ ? 'C' : 'S';
		$shape .= { "\x03" => '', "\x04" => '!', "\x03\x04" => '!' }->{$end};
	}
	my $burst = 'S' x 20 . 'L';
	is($shape, 'LLC!' . "$burst!" x 4 . $burst . 'L' x 13, 'an_overload_sends_20_short_frames_and_a_long_one');
	is(lengths($bytes)->{78} > 30, 1, 'a_short_frame_with_one_phase_overloaded_has_78_bytes');
	ok($bytes =~ /\nADIR1 0(?:3[1-9]|4\d)/, 'adir_is_sent_for_the_phase_in_overload');
}

for my $kind (grep { !/linky|dsmr22|dsmr3/ } @text) {
	my $bytes = send_max($kind, '--count', 3);
	my $bad = grep { !/^.*![0-9A-F]{4}\r\n\z/s } split /(?=\/)/, $bytes;
	is($bad, 0, "$kind: every telegram ends with four digits of its CRC");
}
ok(send_max('dsmr3', '--count', 3) =~ /\r\n!\r\n\z/, 'dsmr3_has_no_crc');

{
	my @odd = grep { unpack('%8b*', $_) % 2 } split //, send_max('dsmr22', '--count', 3);
	my @set = grep { ord > 127 } split //, send_max('dsmr22', '--count', 3);
	ok(!@odd && @set, 'dsmr22_has_even_parity_in_bit_7');
	ok(send_max('dsmr22', '--count', 3, '--parity=none') !~ /[\x80-\xff]/, 'parity_can_be_left_out');
}

# The vectors of the project are those of this simulator.
for my $vector (vectors('tests/vectors')) {
	my ($row) = grep { /^\Q$vector->{name}\E\t/ } split /\n/, slurp('tests/vectors/MANIFEST.tsv');
	my $bytes = send_max('--expect', $expect, split(/ /, (split /\t/, $row)[3]));
	ok($bytes eq slurp($vector->{path}) && slurp($expect) eq slurp($vector->{expected}),
		"$vector->{name} is what the simulator makes (else: make vectors)");
}

# Pace: never faster than the line.
sub seconds {
	my (@arguments) = @_;
	my $begin = time;
	my ($bytes, $errors, $code) = simulate(@arguments);
	return (time - $begin, length $bytes, $code);
}
{
	my ($took, $bytes) = seconds('linky-historique-base', '--count', 1, '--start', $start);
	cmp_ok($took, '>', 0.95 * $bytes * 10 / 1200, 'a_kind_sends_at_its_line_rate');
	($took, $bytes) = seconds('linky-historique-base', '--count', 4, '--start', $start, '--speed', 9600);
	cmp_ok($took, '>', 0.95 * $bytes * 10 / 9600, 'a_speed_is_kept');
	($took) = seconds('dsmr5', '--count', 3, '--interval', '0.4');
	cmp_ok($took, '>', 0.75, 'an_interval_is_kept');
	($took) = seconds('belgium', '--count', 500, '--speed', 'max');
	cmp_ok($took, '<', 20, 'max_does_not_wait_for_the_line');
}

# A pty. Starts it; returns its process and the path that it prints.
sub start_pty {
	my (@arguments) = @_;
	my $pid = open3(my $in, my $out, undef, $meterctl, 'simulate', '--pty', '--start', $start, @arguments);
	my $path = IO::Select->new($out)->can_read(20) ? readline($out) : '';
	chomp($path);
	return ($pid, $path, $out);
}

sub ended {
	my ($pid) = @_;
	for (1 .. 400) {
		return $? >> 8 if waitpid($pid, WNOHANG) == $pid;
		sleep(0.05);
	}
	kill('KILL', $pid);
	waitpid($pid, 0);
	return 'it does not end';
}

sub read_bytes {
	my ($path, $count) = @_;
	open(my $tty, '<:raw', $path) or return "$path: $!";
	my $bytes = '';
	while (length $bytes < $count && IO::Select->new($tty)->can_read(20)) {
		sysread($tty, $bytes, $count - length $bytes, length $bytes) or last;
	}
	close($tty);
	return $bytes;
}

SKIP: {
	skip('there is no /dev/ptmx', 6) unless -w '/dev/ptmx' && -d '/dev/pts';
	my $all = send_max('dsmr5', '--count', 1200);
	my $link = "build/tests/simulate.$$.tty";
	my ($pid, $path) = start_pty('dsmr5', '--count', 1200, '--speed', 'max', '--link', $link);
	is(readlink($link), $path, 'a_link_leads_to_the_pty_whose_path_is_printed');
	my $got = read_bytes($link, length $all);
	ok($got eq $all && length $all > 1 << 20, 'more_than_a_mebibyte_comes_through_a_pty_unchanged')
		or diag(length($got) . ' bytes of ' . length($all));
	is(ended($pid), 0, 'a_pty_ends_when_its_reader_has_closed_it');
	ok(!-l $link, 'the_link_is_removed');

	($pid, $path) = start_pty('linky-standard', '--link', $link, '--expect', $expect);
	$got = read_bytes($path, 2000);
	kill('TERM', $pid);
	is(ended($pid), 0, 'it_ends_when_told_to');
	ok(!-l $link && (() = slurp($expect) =~ /\n/g) >= 2, 'then_the_link_is_removed_and_what_was_sent_is_written');
}

{
	my $begin = time;
	my $pid = open3(my $in, my $out, undef, $meterctl, 'simulate', 'linky-standard');
	sysread($out, my $some, 100);
	close($out);
	is(ended($pid), 0, 'it_ends_quietly_when_nobody_reads_its_pipe');
}

# Bad usage: a sentence that says what it wants, and exit code 2.
sub refused {
	my ($sentence, @arguments) = @_;
	my ($bytes, $errors, $code) = simulate(@arguments);
	ok($code == 2 && $bytes eq '' && $errors =~ $sentence, "refused: simulate @arguments") or diag("$code: $errors");
}
refused(qr/one kind of meter.*--help/);
refused(qr/no meter 'windmill'.*--list/, 'windmill');
refused(qr/one kind of meter/, 'dsmr5', 'dsmr4');
refused(qr/--count 0: .* from 1 to/, 'dsmr5', '--count', 0);
refused(qr/--count -1/, 'dsmr5', '--count', -1);
refused(qr/--speed fast: .* from 300 to/, 'dsmr5', '--speed', 'fast');
refused(qr/--interval 0/, 'dsmr5', '--interval', 0);
refused(qr/--interval 1\.2345: .* 0\.001 to 86400/, 'dsmr5', '--interval', '1.2345');
refused(qr/--start yesterday: .*2024-03-31T00:59:30Z/, 'dsmr5', '--start', 'yesterday');
refused(qr/--damage 1001/, 'dsmr5', '--damage', 1001);
refused(qr/no CRC: add --parity/, 'dsmr3', '--damage', 1);
refused(qr/--parity=odd/, 'dsmr5', '--parity=odd');
refused(qr/12 digits/, 'linky-standard', '--number', '123');
refused(qr/1 to 48 characters/, 'dsmr5', '--number', 'x' x 49);
refused(qr/printable/, 'dsmr5', '--number', 'a b');
refused(qr/carry no number/, 'austria', '--number', '1');
refused(qr/TIC is never encrypted/, 'linky-standard', '--key-file', $keys);
refused(qr/dsmr22 has no CRC/, 'dsmr22', '--key-file', $keys);
refused(qr/they have no --parity/, 'luxembourg', '--parity', '--key-file', $keys);
spew($keys, '{"key": "00112233445566778899aabbccddeeff"}');
refused(qr/must have "system_title"/, 'poland', '--key-file', $keys);
unlink $keys;
refused(qr/--link is for --pty/, 'dsmr5', '--link', 'x');
refused(qr/not both/, 'dsmr5', '--pty', '--output', 'x');
refused(qr/cannot be written/, 'dsmr5', '--count', 1, '--output', '/nowhere/file');
refused(qr/cannot be written/, 'dsmr5', '--count', 1, '--expect', '/nowhere/file');
refused(qr/unrecognized|invalid/, 'dsmr5', '--colour');

{
	my ($bytes, $errors, $code) = simulate('dsmr5', '--count', 1, '--speed', 'max', '--output', '/dev/full');
	ok($code == 2 && $errors =~ /writing failed/, 'a_full_disk_is_told');
	send_max('belgium', '--count', 1, '--number', '1SIM0000000007', '--expect', $expect);
	is((readings())[0]{meter}, '1SIM0000000007', 'a_meter_has_the_number_that_it_was_given');
}

unlink $expect;
done_testing();
