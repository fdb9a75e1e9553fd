#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# meterctl from outside: exit codes, sentences that say what to do, help, broken files.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use IPC::Open3;
use JSON::PP ();
use IO::Select;
use Readings qw(compare_readings run slurp spew vectors);
BEGIN { $| = 1; print "TAP version 13\n"; }
use Test::More;

my $meterctl = 'build/tests/meterctl';
my $file = "build/tests/command.$$";

sub meterctl {
	return run([$meterctl, @_]);
}

# Exit code, and what stdout and stderr must look like.
sub promise {
	my ($name, $code, $out, $err, @arguments) = @_;
	my @got = meterctl(@arguments);
	ok($got[2] == $code && $got[0] =~ $out && $got[1] =~ $err, $name)
		or diag("meterctl @arguments: exit code $got[2]\nstdout: $got[0]\nstderr: $got[1]");
}

my ($help) = meterctl('--help');
my @commands = $help =~ /^  ([a-z0-9]+) +\S/mg;
is_deeply([sort @commands], [qw(attach d2l decode doctor explain ledger list path record scan show simulate source status wait watch)], 'every_command_is_in_the_help');
for my $command (@commands) {
	my ($out, $err, $code) = meterctl($command, '--help');
	my @long = grep { length > 80 } split /\n/, $out;
	ok($code == 0 && $err eq '' && $out =~ /\AUsage: meterctl $command/ && $out =~ /^Exit codes: 0 /m && !@long,
		"meterctl $command --help tells usage and exit codes in 80 columns") or diag(@long);
	promise("meterctl $command does not take an option that it does not know", 2, qr/\A\z/, qr/--nonsense/, $command, '--nonsense');
}

promise('without_a_command_it_says_where_the_list_is', 2, qr/\A\z/, qr/--help/);
promise('an_unknown_command_is_named', 2, qr/\A\z/, qr/'bogus'.*--help/, 'bogus');
promise('the_version_is_told', 0, qr/\Ameterctl \d/, qr/\A\z/, '--version');

# decode
my ($vector) = grep { $_->{name} eq 'tic-standard.bin' } vectors('tests/vectors');
promise('decode_wants_a_file', 2, qr/\A\z/, qr/one file, - for .*--gpio.*--help/, 'decode');
promise('decode_wants_one_file', 2, qr/\A\z/, qr/one file/, 'decode', 'a', 'b');
promise('a_file_that_is_not_there_is_named', 2, qr/\A\z/, qr{/nowhere/file: cannot be opened: No such file}, 'decode', '/nowhere/file');
promise('a_directory_is_named_with_the_offset', 2, qr/\A\z/, qr{tests: cannot be read at byte 0: Is a directory}, 'decode', 'tests');
promise('an_unknown_protocol_is_refused', 2, qr/\A\z/, qr/'morse'.*tic, p1, dlms, hdlc, mbus, raw, d2l or auto/, 'decode', '--protocol', 'morse', $vector->{path});
for my $protocol (qw(dlms hdlc mbus raw)) {
	promise("what is no DLMS is none, protocol $protocol", 1, qr/\A\z/, qr/no frame or message of DLMS.*explain.*\ntelegrams=0 /, 'decode', '--protocol', $protocol, $vector->{path});
}
promise('an_empty_file_has_no_telegram', 1, qr/\A\z/, qr/^telegrams=0 .* bytes=0$/m, 'decode', '/dev/null');
promise('the_wrong_protocol_gives_no_telegram', 1, qr/\A\z/, qr/^telegrams=0 /m, 'decode', '--protocol', 'p1', $vector->{path});

sub decode_bytes {
	my ($bytes) = @_;
	return run([$meterctl, 'decode', '-'], $bytes);
}

{
	my $bytes = slurp($vector->{path});
	my ($out, $err, $code) = decode_bytes($bytes);
	ok($code == 0 && !compare_readings($out, slurp($vector->{expected})), 'a_dash_is_standard_input');
	like($err, qr/bytes=@{[length $bytes]}$/, 'the_bytes_read_are_counted');
	($out, $err, $code) = decode_bytes(substr($bytes, 0, 700));
	is("$code $out", '1 ', 'a_telegram_that_is_cut_off_is_none');
	($out, $err, $code) = decode_bytes("$bytes$bytes" =~ s/\nEAST\t\d/\nEAST\t?/r);
	ok($code == 0 && $out =~ /"damaged":1/ && $err =~ /telegrams=6 groups_bad=1 checksum_bad=1 /, 'a_damaged_group_is_counted')
		or diag("$code $err");
	($out, $err, $code) = decode_bytes("\x02" . 'x' x 5000 . "\x03");
	ok($code == 1 && $err =~ / oversize=1 /, 'an_oversize_frame_is_counted') or diag($err);
}
{
	my $bytes = slurp('tests/vectors/p1-dsmr5.bin');
	my ($out, $err, $code) = decode_bytes($bytes =~ s/kWh/kwH/r);
	ok($code == 0 && $err =~ /^telegrams=1 groups_bad=0 checksum_bad=1 /m, 'a_wrong_crc_is_counted') or diag($err);
	($out, $err, $code) = decode_bytes(substr($bytes, 0, 500) . $bytes);
	ok($code == 0 && $err =~ /^telegrams=2 .* framing_bad=1 /m, 'a_telegram_cut_off_by_the_next_is_counted') or diag($err);
	($out, $err, $code) = run(['sh', '-c', "$meterctl decode tests/vectors/p1-dsmr5.bin > /dev/full"]);
	ok($code == 2 && $err =~ /could not be written/, 'what_cannot_be_written_is_told') or diag("$code $err");
}

# Each telegram is printed when it has ended, not when the file has.
{
	my $bytes = slurp('tests/vectors/p1-dsmr5.bin');
	my $pid = open3(my $in, my $out, undef, $meterctl, 'decode', '-');
	binmode($in);
	syswrite($in, substr($bytes, 0, length($bytes) - 10));
	my $line = IO::Select->new($out)->can_read(20) ? readline($out) : 'nothing';
	like($line, qr/^\{.*\}$/, 'a_telegram_is_printed_as_soon_as_it_has_ended');
	close($in);
	waitpid($pid, 0);
}

# Keys
sub key_file {
	my ($name, $text, $sentence) = @_;
	spew("$file.json", $text);
	promise($name, 2, qr/\A\z/, $sentence, 'decode', '--key-file', "$file.json", 'tests/vectors/p1-dsmr5.bin');
}
promise('a_key_file_that_is_not_there_is_named', 2, qr/\A\z/, qr{/nowhere/key}, 'decode', '--key-file', '/nowhere/key', $vector->{path});
key_file('a_key_file_must_be_json', '{"key": ', qr/command.*json:1: /);
key_file('a_key_file_must_be_an_object', '[1]', qr/not a JSON object/);
key_file('a_key_file_must_have_a_key', '{"auth_key": "00112233445566778899aabbccddeeff"}', qr/no "key"/);
key_file('a_key_must_have_32_hex_digits', '{"key": "0011"}', qr/"key" is not a string of 32 hex digits/);
key_file('a_key_must_be_hex', '{"key": "x0112233445566778899aabbccddeeff"}', qr/32 hex digits/);
spew("$file.json", '{"key": "00112233445566778899aabbccddeeff"}');
promise('a_key_does_not_hinder_what_is_clear', 0, qr/"protocol":"p1"/, qr/^telegrams=2 /m, 'decode', '--key-file', "$file.json",
	'tests/vectors/p1-dsmr5.bin');

# Messages without framing that are not read, and parts that are missing.
sub raw_says {
	my ($name, $hex, $sentence) = @_;
	my ($out, $err, $code) = run([$meterctl, 'decode', '--protocol', 'raw', '-'], pack 'H*', $hex);
	ok($code == 1 && $out eq '' && $err =~ $sentence, $name) or diag("$code $err");
}
raw_says('an_apdu_that_is_not_read_is_named', 'e6e700c20100', qr/not read: event-notification-request \(C2\)\ntelegrams=0 .* framing_bad=1 /);
raw_says('a_body_that_is_not_known_is_told', '0f0000000100020305', qr/form that is not known: 'meterctl explain' shows/);
raw_says('an_apdu_that_is_too_short_is_told', 'db084b464d0000000001820fff20', qr/lengths inside it do not fit.*\ntelegrams=0 .* framing_bad=1 /);
raw_says('a_block_alone_is_told', 'e040000100000400112233', qr/a segment or a block of each is missing/);
promise('a_profile_that_is_not_known_is_named', 2, qr/\A\z/, qr/'nobody'.*e450/, 'decode', '--profile', 'nobody', $vector->{path});
promise('a_profile_is_for_dlms', 2, qr/\A\z/, qr/--profile is for DLMS/, 'decode', '--profile', 'e450', '--protocol', 'tic', $vector->{path});
promise('a_gpio_is_not_for_dlms', 2, qr/\A\z/, qr/--gpio reads tic, p1 or auto/, 'decode', '--protocol', 'hdlc', '--gpio', 'gpiochip0:1');

# Encrypted telegrams: what is wrong is said, with what to type; never a key.
my %keys = (key => '1c2d3e4f5a6b7c8d9e0f102132435465', auth_key => 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf', system_title => '53494d0000000042');
sub keys_are {
	my (%changed) = @_;
	my %said = (%keys, %changed);
	spew("$file.json", '{' . join(', ', map { qq("$_": "$said{$_}") } grep { $said{$_} } sort keys %said) . '}');
}
sub encrypted {
	my ($name, $kind, $want_code, $sentence, %changed) = @_;
	keys_are();
	my ($bytes) = run([$meterctl, 'simulate', $kind, '--speed', 'max', '--count', 2, '--key-file', "$file.json"]);
	keys_are(%changed);
	my ($out, $err, $code) = run([$meterctl, 'decode', '--key-file', "$file.json", '-'], $bytes);
	ok($code == $want_code && $err =~ $sentence && $err !~ /[0-9a-f]{12}/i, $name) or diag("$code $err");
}
encrypted('an_encrypted_telegram_is_read', 'luxembourg', 0, qr/^telegrams=2 groups_bad=0 checksum_bad=0 framing_bad=0 oversize=0 /m);
encrypted('without_an_authentication_key_it_is_read', 'luxembourg', 0, qr/^telegrams=2 /m, auth_key => undef);
encrypted('a_wrong_key_is_named', 'luxembourg', 1, qr/is it that of this meter\?\ntelegrams=0 groups_bad=0 checksum_bad=2 /, key => 'f' x 32);
encrypted('a_wrong_authentication_key_is_named', 'austria', 1, qr/"key" is right, but "auth_key" is not/, auth_key => 'f' x 32);
encrypted('a_title_that_is_missing_is_named', 'poland', 1, qr/add "system_title" to the key file/, system_title => undef);
encrypted('a_wrong_title_is_a_wrong_key', 'poland', 1, qr/is it that of this meter/, system_title => '0' x 16);
{
	spew("$file.json", qq({"key": $keys{key}, "auth_key": "$keys{auth_key}"}));
	my ($out, $err, $code) = run([$meterctl, 'decode', '--key-file', "$file.json", $vector->{path}]);
	ok($code == 2 && $err =~ /:1: not JSON/ && $err !~ /1c2d|a0a1/, 'a_key_file_that_is_wrong_is_not_quoted')
		or diag($err);
}

# DLMS: what is wrong is said, with what to type; never a key.
SKIP: {
	my %dlms = -e '../shared/corpus/MANIFEST.tsv' ? map { $_->{name} => $_ } vectors('../shared/corpus') : ();
	my $e450 = $dlms{'dlms/dlmsparser-hdlc-lgz-e450-2.bin'} or skip('the test corpus is not there (../shared/corpus)', 12);
	my %right = %{JSON::PP::decode_json(slurp($e450->{key}))};
	my $dlms = sub {
		my ($name, $vector, $want_code, $sentence, $changed, @arguments) = @_;
		my %said = (%right, %$changed);
		spew("$file.json", JSON::PP::encode_json({ map { defined $said{$_} ? ($_ => $said{$_}) : () } keys %said }));
		my ($out, $err, $code) = run([$meterctl, 'decode', %$changed ? ('--key-file', "$file.json") : (), @arguments, $vector->{path}]);
		ok($code == $want_code && $err =~ $sentence && $err !~ /[0-9a-f]{16}/i, $name) or diag("$code $err");
	};
	$dlms->('encrypted_dlms_without_a_key_says_so', $e450, 1, qr/encrypted DLMS: give the meter's key with --key-file\ntelegrams=0 groups_bad=0 checksum_bad=0 /, {});
	$dlms->('a_wrong_key_of_dlms_is_named', $e450, 1, qr/is it that of this meter\?\ntelegrams=0 groups_bad=0 checksum_bad=1 /, { key => 'f' x 32 });
	$dlms->('a_wrong_authentication_key_of_dlms_is_named', $e450, 1, qr/"key" is right, but "auth_key" is not.*\ntelegrams=0 groups_bad=0 checksum_bad=1 /, { auth_key => 'f' x 32 });
	$dlms->('dlms_is_read_without_an_authentication_key', $e450, 0, qr/\Atelegrams=1 /, { auth_key => undef });
	my $noe = $dlms{'dlms/dlmsparser-mbus-netz-noe-p1.bin'};
	%right = (%{JSON::PP::decode_json(slurp($noe->{key}))}, auth_key => 'a' x 32);
	$dlms->('dlms_without_tags_is_told', $noe, 1, qr/no tags to verify: leave "auth_key" out/, { system_title => undef });
	$dlms->('numbers_without_a_meaning_are_told', $dlms{'dlms/dlmsparser-raw-egd-example.bin'}, 0, qr/--profile says which.*\ntelegrams=1 /, {});
	$dlms->('a_profile_gives_them_one', $dlms{'dlms/dlmsparser-raw-egd-example.bin'}, 0, qr/\Atelegrams=1 /, {}, '--profile', 'am550');
	$dlms->('energies_of_an_unknown_step_are_told', (grep { $_->{name} =~ /kamstrup-no-list-2-three/ } values %dlms)[0], 0, qr/1 or 10 Wh.*\ntelegrams=1 /, {});
	$dlms->('a_damaged_frame_is_told', $dlms{'dlms/dlmsparser-hdlc-landis-gyr-zmf100.bin'}, 1, qr/no frame of DLMS is whole.*explain.*8E1 or 8N1.*\ntelegrams=0 groups_bad=0 checksum_bad=1 /, {});
	$dlms->('dlms_read_as_text_is_told', $e450, 1, qr/looks like DLMS: try --protocol hdlc/, {}, '--protocol', 'p1');
	$dlms->('a_key_file_for_tic_is_refused', $e450, 2, qr/TIC is never encrypted/, { key => 'f' x 32 }, '--protocol', 'tic');
	my ($out) = run([$meterctl, 'decode', '--profile', 'am550', $dlms{'dlms/dlmsparser-raw-egd-example.bin'}{path}]);
	like($out, qr/"quantities":\{[^}]*"power_import":3[,}]/, 'the_profile_is_that_of_the_numbers');
}
unlink "$file.json";

promise('a_key_file_of_a_module_must_have_both', 2, qr/\A\z/, qr/there is no "key"/, 'decode', '--key-file', do { spew("$file.json", '{"iv": "00112233445566778899aabbccddeeff"}'); "$file.json" }, $vector->{path});
unlink "$file.json";

# d2l
promise('d2l_tells_what_it_can', 2, qr/\A\z/, qr/decode, serve or simulate.*--help/, 'd2l');
promise('d2l_names_what_it_cannot', 2, qr/\A\z/, qr/decode, serve or simulate, not 'bogus'/, 'd2l', 'bogus');
for my $part (qw(decode serve simulate)) {
	my ($out, $err, $code) = meterctl('d2l', $part, '--help');
	my @long = grep { length > 80 } split /\n/, $out;
	ok($code == 0 && $err eq '' && $out =~ /\AUsage: meterctl d2l $part/ && $out =~ /^Exit codes: 0 /m && !@long,
		"meterctl d2l $part --help tells usage and exit codes in 80 columns") or diag(@long);
}
promise('d2l_decode_wants_one_file', 2, qr/\A\z/, qr/one file, or - .*--help/, 'd2l', 'decode');
promise('d2l_decode_names_a_file_that_is_not_there', 2, qr/\A\z/, qr{/nowhere/file cannot be read: No such}, 'd2l', 'decode', '/nowhere/file');
promise('d2l_decode_finds_no_frame_in_tic', 1, qr/\A\z/, qr/no frame of a D2L module/, 'd2l', 'decode', $vector->{path});

# Commands for meters of the kernel, as far as they go without the module.
promise('attach_wants_a_tty', 2, qr/\A\z/, qr{one tty, such as /dev/ttyUSB0}, 'attach');
promise('attach_names_a_tty_that_is_not_there', 2, qr/\A\z/, qr{/dev/nowhere does not exist.*by-id}, 'attach', '/dev/nowhere');
promise('attach_refuses_what_is_no_tty', 2, qr/\A\z/, qr{/dev/null is not a tty}, 'attach', '/dev/null');
promise('attach_refuses_a_speed_of_no_meter', 2, qr/\A\z/, qr/300/, 'attach', '--speed', '300', '/dev/null');
promise('scan_takes_all_or_ports', 2, qr/\A\z/, qr/not both/, 'scan', '--all', '/dev/null');
promise('scan_refuses_a_time_that_is_none', 2, qr/\A\z/, qr/'0' is no time/, 'scan', '--seconds', '0');
promise('scan_names_a_port_that_is_not_there', 2, qr{/dev/nowhere.*does not exist}s, qr/\A\z/, 'scan', '/dev/nowhere');
promise('scan_refuses_what_is_no_tty', 2, qr/is not a tty/, qr/\A\z/, 'scan', '/dev/null');
promise('list_takes_no_meter', 2, qr/\A\z/, qr/show/, 'list', 'meter0');
promise('show_wants_a_meter', 2, qr/\A\z/, qr/--help/, 'show');
promise('path_wants_a_meter', 2, qr/\A\z/, qr/--help/, 'path');
SKIP: {
	skip('the module is loaded here', 4) if -d '/sys/class/meter';
	for my $arguments (['list'], ['show', 'meter0'], ['path', 'meter0'], ['watch']) {
		promise("meterctl @$arguments says what to type while the module is not loaded", 1, qr/\A\z/, qr/modprobe meterline/, @$arguments);
	}
}

done_testing();
