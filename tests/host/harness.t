#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The tests themselves: what is wrong must turn them red.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Cwd qw(getcwd);
use File::Path qw(make_path remove_tree);
use Readings qw(compare_readings run slurp spew);
BEGIN { $| = 1; print "TAP version 13\n"; }
use Test::More;

my $good = slurp('tests/vectors/tic-standard.expected.ndjson');
is_deeply([compare_readings($good, $good)], [], 'the_same_readings_are_the_same');

sub reordered {
	my ($readings) = @_;
	return $readings =~ s/^\{("protocol":"[a-z-]+"),(.*)\}$/{$2,$1}/mgr;
}
is_deeply([compare_readings(reordered($good), $good)], [], 'the_order_of_members_does_not_matter');
is_deeply([compare_readings($good =~ s/("voltage_l1":\d+)/$1.000/r, $good)], [], 'zeros_behind_the_point_do_not_matter');

my %changes = (
	'another_quantity' => sub { s/("energy_import":\d*)(\d),/$1 . (9 - $2) . ','/e },
	'a_thousandth' => sub { s/("energy_import":\d+)/$1.001/ },
	'a_last_digit_of_many' => sub { s/("energy_import":)\d+/${1}9007199254740993/ },
	'a_missing_quantity' => sub { s/"energy_import":\d+,// },
	'one_quantity_more' => sub { s/"quantities":\{/"quantities":{"gas":1,/ },
	'a_null' => sub { s/"energy_import":\d+/"energy_import":null/ },
	'a_number_as_text' => sub { s/"energy_import":(\d+)/"energy_import":"$1"/ },
	'an_exponent' => sub { s/"energy_import":\d+/"energy_import":1e3/ },
	'four_decimals' => sub { s/("energy_import":\d+)/$1.0000/ },
	'another_field' => sub { s/"VTIC","02"/"VTIC","03"/ },
	'a_field_out_of_order' => sub { s/(\["VTIC","02"\]),(\["DATE","[^]]*\])/$2,$1/ },
	'a_missing_field' => sub { s/\["VTIC","02"\],// },
	'a_doubled_field' => sub { s/(\["VTIC","02"\],)/$1$1/ },
	'another_number_of_the_meter' => sub { s/"meter":"\d/"meter":"1/ },
	'a_missing_meter' => sub { s/"meter":"\d+",// },
	'another_time' => sub { s/Z"/X"/ },
	'a_missing_time' => sub { s/"time":"[^"]*",// },
	'another_protocol' => sub { s/tic-standard/tic-historique/ },
	'damage' => sub { s/"damaged":0/"damaged":1/ },
	'a_missing_reading' => sub { s/\n.*\n\z/\n/ },
	'one_reading_more' => sub { $_ .= (split /\n/)[0] . "\n" },
	'no_reading' => sub { $_ = '' },
	'no_json' => sub { s/\A\{// },
);
for my $change (sort keys %changes) {
	local $_ = $good;
	$changes{$change}->();
	my $changed = $_;
	ok($changed ne $good && compare_readings($changed, $good) && compare_readings($good, $changed), "$change is seen");
}

# A project with one vector: vectors.t is green, and red when a digit that is expected is another one.
my $top = getcwd();
my $project = 'build/tests/harness';
sub project {
	my ($expected) = @_;
	remove_tree($project);
	make_path("$project/tests/vectors", "$project/build/tests");
	for my $program ('build/meterctl', 'build/tests/meterctl') {
		symlink("$top/$program", "$project/$program") or die "$program: $!\n";
	}
	my ($head, @lines) = split /\n/, slurp('tests/vectors/MANIFEST.tsv');
	spew("$project/tests/vectors/MANIFEST.tsv", join("\n", $head, grep { /^tic-standard\.bin/ } @lines) . "\n");
	spew("$project/tests/vectors/tic-standard.bin", slurp('tests/vectors/tic-standard.bin'));
	spew("$project/tests/vectors/tic-standard.expected.ndjson", $expected);
	my ($out, $err, $code) = run(['sh', '-c', "cd $project && $^X $top/tests/host/vectors.t"]);
	return ($out, $code);
}
{
	my ($out, $code) = project($good);
	ok($code == 0 && $out =~ /^ok 1 /m && $out !~ /^not ok/m, 'vectors_are_green_when_they_are_right') or diag($out);
	($out, $code) = project($good =~ s/("energy_import":\d*)[0-8]\b/${1}9/r);
	ok($code != 0 && $out =~ /^not ok 1 /m && $out =~ /^not ok 2 /m, 'a_broken_vector_turns_them_red') or diag($out);
	($out, $code) = project($good =~ s/\A.*\n//r);
	ok($code != 0 && $out =~ /^not ok 1 /m, 'a_vector_that_lost_a_reading_turns_them_red') or diag($out);
	remove_tree($project);
}

# A decoder with a planted bug: the tests of the decoders are red.
my $compiler = $ENV{CC} || 'gcc';
my $sanitizers = '-fsanitize=address,undefined';
my @flags = (qw(-std=gnu11 -O2 -w -D_GNU_SOURCE -Ikernel/telegram), $sanitizers);
sub planted {
	my ($name, $test, $source, $plant) = @_;
	my $object = 'build/tests/planted.o';
	my $path = "kernel/telegram/$source.c";
	local $_ = slurp($path);
	my $before = $_;
	$plant->();
	return fail("$name: the bug cannot be planted in $path") if $_ eq $before;
	my (undef, $errors, $failed) = run([$compiler, @flags, qw(-x c -c -o), $object, '-'], $_);
	return fail("$name: $errors") if $failed;
	my @objects = grep { !m{/telegram/$source\.o$} } glob('build/tests/objects/kernel/telegram/*.o');
	push @objects, map { "build/tests/objects/tests/host/$_.o" } qw(host edges tic_reference p1_reference), $test;
	push @objects, 'build/tests/objects/tests/host/fuzz_main.o' if $test =~ /fuzz/;
	(undef, $errors, $failed) = run([$compiler, $sanitizers, qw(-o build/tests/planted), @objects, $object]);
	return fail("$name: $errors") if $failed;
	my ($out, undef, $code) = run(['build/tests/planted']);
	ok($code != 0, "$name turns $test red") or diag($out);
	unlink $object, 'build/tests/planted', 'build/tests/planted.input';
}
planted('a CRC that always fits', 'fuzz_decoders', 'p1', sub { s/return d->crc_sent == .*;/return true;/ });
planted('a sum that does not see bit 5', 'fuzz_decoders', 'tic', sub { s/& 0x3f\) \+ 0x20 != checksum/& 0x1f) + 0x20 != (checksum & 0x3f)/ });
planted('a horodate that is not looked at', 'fuzz_decoders', 'tic', sub { s/(static inline bool tic_horodate\(const u8 \*text\)\n\{)/$1\n\treturn true;/ });
planted('a limit that is one too low', 'limits', 'p1', sub { s/d->len == METERLINE_P1_MAX_BYTES/d->len == METERLINE_P1_MAX_BYTES - 1/g });
planted('a record without its gap', 'records', 'record', sub { s/h->gap \? METERLINE_FLAG_GAP/0 ? METERLINE_FLAG_GAP/ });
planted('a skew that grows for ever', 'fuzz_softuart', 'softuart', sub { s/within\(skew_ns, -most, most\)/skew_ns/ });
planted('a level that is never doubted', 'fuzz_softuart', 'softuart', sub { s/if \(u->toggles && !u->level\)/if (0)/ });

done_testing();
