#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# meterctl explain: what it shows is what is decoded, it says what is wrong and what would be right, and no bytes bring it down.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use JSON::PP;
use Readings qw(run slurp spew vectors);
BEGIN { $| = 1; print "TAP version 13\n"; }
use Test::More;

my $meterctl = 'build/tests/meterctl';
my $file = "build/tests/explain.$$";
my $corpus = '../shared/corpus';
my @vectors = (vectors('tests/vectors'), -e "$corpus/MANIFEST.tsv" ? vectors($corpus) : ());
my @dlms = grep { $_->{protocol} =~ /^(?:hdlc|mbus|raw)$/ } @vectors;

sub key_arguments {
	my ($vector) = @_;
	return $vector->{key} ? ('--key-file', $vector->{key}) : ();
}

# Output, errors, exit code.
sub explained {
	my ($bytes, @arguments) = @_;
	return run([$meterctl, 'explain', @arguments, '-'], $bytes);
}

# What is wrong with an output whatever the bytes are; '' when nothing is.
sub outrage {
	my ($out, $err, $code) = @_;
	return "exit code $code, $err" if $code > 1;
	return "it says on stderr: $err" if $err =~ /ERROR|runtime error/;
	return 'it prints more than text' if $out =~ /[^\x20-\x7e\n]/;
	my ($long) = $out =~ /^byte \d+: module/m ? () : grep { length > 80 } split /\n/, $out;
	return defined $long ? "longer than 80 characters: $long" : '';
}

# The quantities of each telegram that is shown, but for those of damaged frames.
sub quantities_shown {
	my ($out) = @_;
	my @shown;
	my $damaged = 0;
	for my $line (split /\n/, $out) {
		$damaged = 0 if $line =~ /^byte \d+: /;
		$damaged = 1 if $line =~ /^what it says, which may be damaged/;
		push @shown, {} if $line =~ /^quantities:/ && !$damaged;
		$shown[-1]{$1} = $2 if !$damaged && @shown && $line =~ /^  ([a-z_0-9]+) +(-?[0-9.]+)(?: [A-Za-z0-9%]*)?$/;
	}
	return @shown;
}

sub quantities_expected {
	my ($vector) = @_;
	return map {
		my ($quantities) = /"quantities": ?\{(.*?)\}/;
		+{ $quantities =~ /"([a-z_0-9]+)": ?(-?[0-9.]+)/g }
	} split /\n/, slurp($vector->{expected});
}

sub text_of {
	return JSON::PP->new->canonical->pretty->encode([map { my %q = %$_; s/(\.[0-9]*?)0+$/$1/, s/\.$// for values %q; \%q } @_]);
}

for my $vector (grep { $_->{protocol} ne 'd2l' } @vectors) {
	my ($out, $err, $code) = run(['build/meterctl', 'explain', key_arguments($vector), $vector->{path}]);
	my @want = quantities_expected($vector);
	my $problem = outrage($out, $err, $code);
	is(text_of(quantities_shown($out)), text_of(@want), "$vector->{name}: what is shown is what is decoded") if !$problem && $code == !@want;
	fail("$vector->{name}: exit code $code, $problem") if $problem || $code != !@want;
}

SKIP: {
	skip('the test corpus is not there (../shared/corpus)', 1) unless @dlms;
	ok(@dlms > 20, 'vectors of DLMS were among them');
}

# A telegram with all that there is to see: HDLC, one frame, a self-describing list.
sub x25 {
	my ($bytes) = @_;
	my $crc = 0xffff;
	for my $byte (unpack 'C*', $bytes) {
		$crc ^= $byte;
		$crc = $crc & 1 ? $crc >> 1 ^ 0x8408 : $crc >> 1 for 1 .. 8;
	}
	return pack 'v', ~$crc & 0xffff;
}
sub hdlc {
	my ($information, $segmented) = @_;
	my $header = pack('nH*', 0xa000 | ($segmented ? 0x800 : 0) | (10 + length $information), 'ceff0313');
	my $checked = $header . x25($header) . $information;
	return "\x7e" . $checked . x25($checked) . "\x7e";
}
my $llc = "\xe6\xe7\x00";
sub block {
	my ($number, $last, $data) = @_;
	return hdlc(($number == 1 ? $llc : '') . pack('CCnnC', 0xe0, $last ? 0xc0 : 0x40, $number, 0, length $data) . $data);
}
my $apdu = pack 'H*', '0f000000010c07e90b14ff08000000800000' . '0202' .
	'0203' . '09060000600100ff' . '0a05' . unpack('H*', 'M1234') . '0202' . '0f00' . '16ff' .
	'0203' . '0906' . '0100010700ff' . '06' . '00000118' . '0202' . '0f00' . '161b';
my $frame = hdlc($llc . $apdu);

sub shows {
	my ($name, $bytes, $want_code, $patterns, @arguments) = @_;
	my ($out, $err, $code) = explained($bytes, @arguments);
	my @missing = grep { $out !~ $_ } @$patterns;
	ok($code == $want_code && !outrage($out, $err, $code) && !@missing, $name) or diag("$code $err\nmissing: @missing\n$out");
	return $out;
}

shows('each_field_of_a_frame_is_named', $frame, 0, [
	qr/HDLC/, qr/flag/, qr/format type 3, 77 bytes, last segment/, qr/destination 103, physical device 127/, qr/source 1/,
	qr/control: UI, poll or final/, qr/header check sequence: good/, qr/frame check sequence: good/, qr/LLC header/,
	qr/invoke id 1/, qr/2025-11-20 08:00:00,\s+deviation\s+not\s+known/,
	qr/structure of 2/, qr/visible-string 'M1234'/, qr/code 1-0:1\.7\.0: power_import/, qr/double-long-unsigned 280/,
	qr/scaler, times 10\^0/, qr/enum 27: unit W/, qr/meter: M1234, by its code/, qr/read as: \{code, value, \{scaler, unit\}\}/,
	qr/1-0:1\.7\.0 +280 W +power_import 280 W/,
]);

# Offsets are those of the bytes in the file.
{
	my ($out) = explained("noise$frame");
	like($out, qr/byte 0: 5 bytes of no frame.*byte 5: HDLC.*^     5  7E +flag/ms, 'offsets_are_of_the_file_and_noise_is_shown');
}

# What would be right is right.
for my $case (['header', 7], ['frame', length($frame) - 3]) {
	my ($name, $at) = @$case;
	my $damaged = $frame;
	substr($damaged, $at, 2) ^= "\x11\x22";
	my $told = join '', (explained($damaged))[0] =~ /$name check sequence: wrong, (..) (..)\s+would\s+be\s+right/s;
	substr($damaged, $at, 2) = pack 'H*', $told;
	is(unpack('H*', $damaged), unpack('H*', $frame), "a_wrong_${name}_check_sequence_is_told_with_the_right_one");
}
{
	my $damaged = $frame;
	substr($damaged, -8, 1) ^= "\x01";
	shows('a_damaged_frame_is_shown_but_not_accepted', $damaged, 1, [qr/HDLC frame, damaged/, qr/'meterctl decode' drops this frame/, qr/power_import 281 W|power_import/]);
}
for my $parts ([block(1, 0, substr($apdu, 0, 55)), block(2, 1, substr($apdu, 55))], [hdlc($llc . substr($apdu, 0, 55), 1), hdlc(substr($apdu, 55))]) {
	my $masked = join('', @$parts) =~ s/M1234/M9999/r;
	shows('a_message_with_a_number_masked_is_shown', $masked, 1, [qr/damaged/, qr/meter: M9999/, qr/what it says, which may be damaged/, qr/power_import 280 W/]);
	shows('a_message_behind_it_counts', $masked . join('', @$parts), 0, [qr/meter: M9999/, qr/^what it says\nmeter: M1234/m]);
}
shows('a_frame_that_is_cut_off_is_told_with_what_is_missing', substr($frame, 0, -10), 1, [qr/cut off/, qr/10 bytes are missing/]);
shows('segments_are_put_together', hdlc($llc . substr($apdu, 0, 20), 1) . hdlc(substr($apdu, 20)), 0, [qr/more segments follow/, qr/the segments together, \d+ bytes/, qr/power_import 280 W/]);
shows('a_segment_that_is_missing_is_told', hdlc(substr($apdu, 20)), 1, [qr/a segment of its message is missing/]);

shows('blocks_are_put_together', block(1, 0, substr($apdu, 0, 30)) . block(2, 1, substr($apdu, 30)), 0, [qr/block 1\n/, qr/the last block, streaming/, qr/power_import 280 W/]);
shows('a_block_that_is_missing_is_told', block(1, 0, substr($apdu, 0, 30)) . block(3, 1, substr($apdu, 30)), 1, [qr/a block of its message is missing/]);

sub mbus {
	my ($data, $control) = @_;
	my $counted = pack('H*', '53ff') . chr($control // 0x10) . pack('H*', '0167') . $data;
	return pack('CCCC', 0x68, length $counted, length $counted, 0x68) . $counted . chr(unpack('%8C*', $counted)) . "\x16";
}
shows('an_mbus_frame_is_shown', mbus($apdu), 0, [qr/long frame, \d+ bytes/, qr/CI: DLMS, segment 0, the last one/, qr/STSAP, source 1/, qr/DTSAP, destination 103/, qr/checksum: good/]);
{
	my $damaged = mbus($apdu);
	my $right = sprintf '%02X', ord substr $damaged, -2, 1;
	substr($damaged, -2, 1) ^= "\x40";
	shows('a_wrong_mbus_checksum_is_told_with_the_right_one', $damaged, 1, [qr/checksum: wrong, $right would\s+be\s+right/, qr/drops this frame/]);
}
for my $parts ([block(1, 0, substr($apdu, 0, 55)), block(2, 1, substr($apdu, 55))],
	       [hdlc($llc . substr($apdu, 0, 55), 1), hdlc(substr($apdu, 55))],
	       [mbus(substr($apdu, 0, 55), 0), mbus(substr($apdu, 55), 0x11)]) {
	shows('parts_are_joined_where_nothing_is_between_them', join('', @$parts), 0, [qr/power_import 280 W/]);
	shows('parts_with_anything_between_them_are_not_joined_as_in_decoding', join('noise', @$parts), 1,
		[qr/lost a part: it is dropped/]);
}
shows('an_apdu_without_framing_is_shown', $apdu, 0, [qr/without framing/, qr/power_import 280 W/]);
shows('an_apdu_that_is_not_read_is_named', hdlc($llc . pack('H*', 'c20100')), 1, [qr/event-notification-request/, qr/not read: it is of a kind that is not read/]);
shows('a_body_that_ends_too_soon_is_told', hdlc($llc . substr($apdu, 0, -4)), 1, [qr/here it is no A-XDR any longer/, qr/not read: its body has a form that is not known/]);

# Numbers without scalers.
my $bare = pack('H*', '0f0000000100' . '0202' . '0906' . '0100200700ff' . '12' . '0900');
shows('a_number_without_a_scaler_is_told', $bare, 0, [qr/profile: none/, qr/voltage_l1: scale not known/]);
shows('a_profile_gives_it_a_meaning', $bare, 0, [qr/profile: am550, as --profile says/, qr/voltage_l1 230\.4 V \(profile\)/], '--profile', 'am550');
shows('energies_of_an_unknown_step_are_told', pack('H*', '0f0000000100' . '0202' . '0906' . '0101010800ff' . '06' . '00000009'), 0,
	[qr/energy_import: not known whether in 1\s+or 10 Wh/], '--profile', 'omnipower');

# Compact arrays: an element has no tag of its own.
shows('a_compact_array_is_shown_with_its_elements', pack('H*', '0f0000000100' . '13' . '0202' . '09' . '06' . '0b' . '06' . '0100010700ff' . '00000118'), 0,
	[qr/compact-array, 11 bytes/, qr/code 1-0:1\.7\.0/, qr/double-long-unsigned 280/]);

# Hex digits.
{
	my ($want) = explained($frame);
	$want =~ s/\A(\d+ bytes): /$1, from hex digits: /;
	my $hex = uc unpack 'H*', $frame;
	my @bytes = $hex =~ /../g;
	my %written = (
		plain => $hex, lower => lc "$hex\n", blanks => "@bytes", lines => $hex =~ s/(.{32})/$1\r\n/gr, dots => join('.', @bytes),
		colons => join(':', @bytes), c => '{ ' . join(', ', map { "0x$_" } @bytes) . ' };', escapes => join('', map { "\\x$_" } @bytes),
	);
	for my $offset ('%08x: ', '%08x  ', '%04x ', '%06X: ') {
		my $text = '';
		for (my $at = 0; $at < length $frame; $at += 16) {
			my $part = substr $frame, $at, 16;
			my $digits = join ' ', map { sprintf '%02x', ord } split //, $part;
			$digits =~ s/^(.{23}) /$1  / if $offset =~ /x  /;
			my $ascii = $part =~ s/[^ -~]/./gr;
			$text .= sprintf($offset, $at) . sprintf('%-50s', $digits) . ($offset =~ /x  / ? "|$ascii|" : $offset =~ /:/ ? $ascii : '') . "\n";
		}
		$written{"a dump with offsets '$offset'"} = $text;
	}
	for my $how (sort keys %written) {
		my ($out) = explained($written{$how});
		is($out, $want, "hex digits are read: $how");
	}
	my ($out) = explained("not hex: 7e a0");
	unlike($out, qr/from hex digits/, 'a_text_with_anything_else_is_not_read_as_hex');
}

# Encipherment.
SKIP: {
	my ($vector) = grep { $_->{key} && $_->{name} =~ /lgz-e450-2/ } @dlms;
	skip('the test corpus is not there (../shared/corpus)', 7) unless $vector;
	my $bytes = slurp($vector->{path});
	my $keys = decode_json(slurp($vector->{key}));
	my @key = ('--key-file', "$file.json");
	my $with = sub {
		my (%changed) = @_;
		my %said = (%$keys, %changed);
		spew("$file.json", encode_json({ map { defined $said{$_} ? ($_ => $said{$_}) : () } keys %said }));
	};
	shows('an_enciphered_message_is_shown_as_far_as_it_is_clear', $bytes, 1, [qr/system title [0-9A-F]{16}: Landis\+Gyr/,
		qr/security control: suite 0, authenticated,\s+enciphered/, qr/invocation counter \d+/, qr/not read: it is enciphered.*--key-file/s]);
	$with->(auth_key => '0123456789abcdef0123456789abcdef');
	shows('a_wrong_authentication_key_is_told', $bytes, 1, [qr/its\s+tag\s+is\s+wrong/, qr/"key" is right,\s+but\s+"auth_key"\s+is\s+not/], @key);
	$with->(auth_key => undef);
	shows('without_an_authentication_key_it_is_shown_unverified', $bytes, 0, [qr/in clear; no tag was verified/], @key);
	$with->(key => '0123456789abcdef0123456789abcdef');
	shows('a_wrong_key_is_told', $bytes, 1, [qr/the\s+key\s+is\s+not\s+the\s+meter's/], @key);
	$with->(key => '0123456789abcdef0123456789abcdef', auth_key => undef);
	shows('a_wrong_key_shows_nothing_of_what_comes_out', $bytes, 1, [qr/the\s+key\s+is\s+not\s+the\s+meter's/, qr/tag\n\s+not read/], @key);
	$with->();
	my $out = shows('the_right_keys_verify_it', $bytes . $bytes, 0, [qr/in clear; its tag is good/, qr/it is a repetition/], @key);
	ok(!(grep { my $key = $_; $out =~ /\Q$key\E/i } values %$keys) && $out =~ /meter: /, 'the_keys_are_never_shown');
}
unlink "$file.json";

# TIC and P1.
{
	my $group = "\nEAST\t001234567\t";
	my $tic = "\x02\nADSC\t041876097767\tK\r${group}X\r\x03";
	my ($out) = explained($tic);
	my ($right) = $out =~ /the\s+checksum\s+is\s+wrong:\s+'(.)'\s+would\s+be\s+right/;
	ok(defined $right, 'a_wrong_checksum_of_tic_is_told_with_the_right_one') or diag($out);
	shows('a_group_of_tic_is_told_with_its_meaning', $tic =~ s/X\r/$right\r/r, 0, [qr/EAST 001234567 .* - good: energy_import/]);
	shows('a_frame_of_tic_without_an_end_is_told', $tic =~ s/\x03//r, 1, [qr/cut off/, qr/its end is missing/]);
}
{
	my $p1 = "/TST5 meter\r\n\r\n1-0:1.8.1(000123.456*kWh)\r\n0-1:24.3.0(120517020000)(08)(60)(1)(0-1:24.2.1)(m3)\r\n(00001.001)\r\nwhat is this\r\n!0000\r\n";
	my ($told) = (explained($p1))[0] =~ /CRC: wrong, ([0-9A-F]{4}) would be right/;
	ok(defined $told, 'a_wrong_crc_of_p1_is_told_with_the_right_one');
	shows('lines_of_p1_are_told_with_their_meaning', $p1 =~ s/!0000/!$told/r, 0, [qr/CRC: good/, qr/1-0:1\.8\.1\(000123\.456\*kWh\) - energy_import_t1/,
		qr/\(m3\)\s+\(00001\.001\) -/, qr/what is this - no\s+object: it is ignored/, qr/identification/]);
	shows('a_telegram_without_an_end_is_told', $p1 =~ s/!.*//sr, 1, [qr/its end is\s+missing/]);
}

SKIP: {
	my ($vector) = grep { $_->{name} =~ m{^d2l/} && $_->{key} } @vectors;
	skip('no vector of D2L modules', 1) unless $vector;
	my ($want) = run([$meterctl, 'd2l', 'decode', key_arguments($vector), $vector->{path}]);
	my ($out) = run([$meterctl, 'explain', key_arguments($vector), $vector->{path}]);
	is($out =~ s/\A.*\n//r, $want, 'frames_of_modules_are_shown_as_d2l_decode_shows_them');
}

# Usage.
sub refuses {
	my ($name, $sentence, @arguments) = @_;
	my ($out, $err, $code) = run([$meterctl, 'explain', @arguments]);
	ok($code == 2 && $out eq '' && $err =~ $sentence, $name) or diag("$code $err");
}
refuses('explain_wants_one_file', qr/one file.*--help/);
refuses('explain_names_a_file_that_is_not_there', qr{/nowhere/file cannot be read: No such}, '/nowhere/file');
refuses('explain_knows_protocols_by_name', qr/'morse'.*hdlc/, '--protocol', 'morse', '/dev/null');
refuses('explain_knows_profiles_by_name', qr/'nobody'.*e450/, '--profile', 'nobody', '/dev/null');
shows('bytes_of_no_meter_are_shown', "\x11\x22hello", 1, [qr/no frame or telegram of a meter/, qr/11 22 68 65 6C 6C 6F +\."hello/]);
shows('nothing_is_nothing', '', 1, [qr/^0 bytes/]);
{
	my ($out, $err, $code) = explained($frame x 2000);
	ok($code == 0 && $err =~ /only its first 65536 bytes/ && length $out < 20_000_000, 'a_long_file_is_cut_and_this_is_said') or diag("$code $err");
}

# Bombs: each is small and claims to be large.
my %bombs = (
	'arrays within each other' => '0101' x 200,
	'an array of nothing' => '01820fff' . '00' x 4095,
	'a count beyond the end' => '01ffff',
	'a compact array of no bytes' => '13' . '0200' . '8203ff' . '00' x 1023,
	'a compact array of arrays of nothing' => '13' . '01ffff00' . '01' . '00',
	'a compact array of deep types' => '13' . '0201' x 60 . '06' . '04' . '00000001',
	'a long string' => '09820800' . '41' x 2048,
	'a string of escapes' => '0a20' . '1b' x 32,
	'a bit string beyond the end' => '04ff',
);
for my $name (sort keys %bombs) {
	my ($out, $err, $code) = explained(pack('H*', "0f0000000100$bombs{$name}"), '--protocol', 'raw');
	my $problem = outrage($out, $err, $code) || ($out =~ /data-notification/ ? '' : 'it is not looked at') || (length $out > 2_000_000 ? 'it prints too much' : '');
	is($problem, '', "a bomb: $name");
}

# Any changed vector. The changes are the same each time.
my $state = 0x2545f491;
sub pick {
	my ($below) = @_;
	$state = ($state ^ $state << 13) & 0xffffffff;
	$state ^= $state >> 17;
	$state = ($state ^ $state << 5) & 0xffffffff;
	return $state % $below;
}
sub change {
	my ($bytes) = @_;
	for (0 .. pick(4)) {
		my $at = pick(length($bytes) || 1);
		my $how = pick(6);
		substr($bytes, $at, 1) = chr pick(256) if $how < 2 && $at < length $bytes;
		substr($bytes, $at, pick(20)) = '' if $how == 2;
		substr($bytes, $at, 0) = join '', map { chr pick(256) } 0 .. pick(20) if $how == 3;
		$bytes = substr $bytes, 0, $at if $how == 4 && length $bytes > 40;
		substr($bytes, $at, 0) = substr $bytes, pick(length($bytes) || 1), pick(100) if $how == 5;
	}
	return $bytes;
}
{
	my @all = grep { -s $_->{path} < 6000 } @vectors;
	my @problems;
	my $runs = 0;
	for my $round (1 .. 150) {
		my $vector = $round % 3 && @dlms ? $dlms[pick(scalar @dlms)] : $all[pick(scalar @all)];
		my $changed = change(slurp($vector->{path}));
		my @named = pick(4) ? () : ('--protocol', (qw(tic p1 hdlc mbus raw))[pick(5)]);
		my @key = @named && $named[1] eq 'tic' ? () : key_arguments($vector);
		@key = () if @named && $vector->{protocol} eq 'd2l';
		my ($out, $err, $code) = explained($changed, @named, @key);
		my $problem = outrage($out, $err, $code);
		$runs++;
		next unless $problem;
		spew("$file.bad", $changed);
		push @problems, "$vector->{name} @named: $problem (the bytes are in $file.bad)";
		last;
	}
	is("@problems", '', "any_changed_vector_is_survived, $runs of them");
}
done_testing();
