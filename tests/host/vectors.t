#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Every vector gives exactly its expected readings, with its protocol named, and found out: then every decoder reads it,
# also under the sanitizers.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Readings qw(compare_readings run slurp vectors);
BEGIN { $| = 1; print "TAP version 13\n"; }
use Test::More;

my $corpus = '../shared/corpus';

sub differences {
	my ($vector, $program, $protocol) = @_;
	my @key = $vector->{key} ? ('--key-file', $vector->{key}) : ();
	my $want = slurp($vector->{expected});
	my ($got, $counts, $code) = run([$program, 'decode', '--protocol', $protocol, @key, $vector->{path}]);
	my @differences = compare_readings($got, $want);
	my $want_code = $want eq '' ? 1 : 0;
	my $telegrams = () = $want =~ /\n/g;
	push @differences, "exit code $code, expected $want_code" if $code != $want_code;
	push @differences, "the last line on stderr does not count $telegrams telegrams: $counts"
		unless $counts =~ /(?:\A|\n)telegrams=$telegrams groups_bad=\d+ checksum_bad=\d+ framing_bad=\d+ oversize=\d+ bytes=\d+\n\z/;
	return map { "$program --protocol $protocol: $_" } @differences;
}

sub promise {
	my ($vector) = @_;
	my @dlms = $vector->{protocol} =~ /^(hdlc|mbus|raw)$/ ? ('dlms') : ();
	for my $protocol ($vector->{protocol}, @dlms, 'auto') {
		my @programs = ('build/meterctl', $protocol eq 'auto' ? 'build/tests/meterctl' : ());
		my @differences = map { differences($vector, $_, $protocol) } @programs;
		ok(!@differences, "$vector->{name} gives its readings, protocol $protocol") or diag(join "\n", @differences);
	}
}

promise($_) for vectors('tests/vectors');
SKIP: {
	skip('the test corpus is not there (../shared/corpus)', 1) unless -e "$corpus/MANIFEST.tsv";
	my @vectors = vectors($corpus);
	promise($_) for @vectors;
	my %kinds = map { $_->{protocol} => 1 } @vectors;
	ok(!(grep { !$kinds{$_} } qw(tic p1 d2l hdlc mbus raw)), 'vectors of each protocol were among them');
}
done_testing();
