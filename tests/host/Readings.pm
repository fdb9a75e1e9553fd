# SPDX-License-Identifier: MIT
# Readings as lines of JSON, compared as the data contract says: exactly the members fields, quantities, meter, time,
# protocol, via and damaged; numbers as exact decimals, strings and arrays literally.
package Readings;
use strict;
use warnings;
use Exporter 'import';
use JSON::PP;

our @EXPORT_OK = qw(compare_readings run slurp spew vectors);

my @members = qw(protocol via meter time damaged fields quantities);

# An exact decimal in its one shortest form; undef for what the contract does not allow.
sub decimal {
	my ($text) = @_;
	return undef unless $text =~ /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]{1,3}))?$/;
	my ($sign, $whole, $rest) = ($1, $2, $3 // '');
	$rest =~ s/0+$//;
	$sign = '' if $whole eq '0' && $rest eq '';
	return $sign . $whole . ($rest eq '' ? '' : ".$rest");
}

# JSON with each number as an array of its decimal, so that no number is ever a float.
sub parse {
	my ($line) = @_;
	my $bad;
	$line =~ s{("(?:[^"\\]|\\.)*")|(-?[0-9][0-9.eE+-]*)}{
		defined $1 ? $1 : do { my $d = decimal($2); $bad //= $2 unless defined $d; '{"number":"' . ($d // '?') . '"}' }
	}ge;
	return (undef, "$bad is not a decimal of at most three places") if defined $bad;
	my $reading = eval { JSON::PP->new->utf8->decode($line) };
	return (undef, "not JSON: $line") unless ref $reading eq 'HASH';
	return ($reading, undef);
}

sub text {
	my ($value) = @_;
	return defined $value ? JSON::PP->new->utf8->canonical->encode([$value]) : 'missing';
}

sub compare_reading {
	my ($line, $got, $want) = @_;
	my ($g, $bad) = parse($got);
	return "line $line: $bad" if $bad;
	(my $w, $bad) = parse($want);
	return "line $line of the expected readings: $bad" if $bad;
	my @differences;
	for my $member (@members) {
		if ($member eq 'quantities' && ref $g->{$member} && ref $w->{$member}) {
			my ($gq, $wq) = ($g->{$member}, $w->{$member});
			my %names = (%$gq, %$wq);
			for my $name (sort keys %names) {
				next if text($gq->{$name}) eq text($wq->{$name});
				push @differences, "line $line: $name is " . text($gq->{$name}) . ', expected ' . text($wq->{$name});
			}
			next;
		}
		next if text($g->{$member}) eq text($w->{$member});
		push @differences, "line $line: $member is " . text($g->{$member}) . "\n   expected " . text($w->{$member});
	}
	return @differences;
}

# Sentences that say how the readings differ; none when they are the same.
sub compare_readings {
	my ($got, $want) = @_;
	my @got = split /\n/, $got;
	my @want = split /\n/, $want;
	my @differences;
	push @differences, scalar(@got) . ' readings, expected ' . scalar(@want) if @got != @want;
	for my $i (0 .. (@got < @want ? $#got : $#want)) {
		push @differences, compare_reading($i + 1, $got[$i], $want[$i]);
	}
	return @differences;
}

sub slurp {
	my ($path) = @_;
	open(my $file, '<:raw', $path) or die "$path: $!\n";
	local $/;
	my $bytes = <$file>;
	return $bytes // '';
}

sub spew {
	my ($path, $bytes) = @_;
	open(my $file, '>:raw', $path) or die "$path: $!\n";
	print $file $bytes;
	close($file) or die "$path: $!\n";
}

# Runs a command with an optional text as its standard input: output, errors, exit code; a signal is 128 + its number.
sub run {
	my ($command, $input) = @_;
	my $base = "build/tests/run.$$";
	spew("$base.in", $input // '');
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		open(STDIN, '<', "$base.in") && open(STDOUT, '>', "$base.out") && open(STDERR, '>', "$base.err")
			or die "$base: $!\n";
		exec { $command->[0] } @$command or die "$command->[0]: $!\n";
	}
	waitpid($pid, 0);
	my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	my @result = (slurp("$base.out"), slurp("$base.err"), $code);
	unlink "$base.in", "$base.out", "$base.err";
	return @result;
}

# The vectors of a directory: name, protocol, file, expected readings, key file; as its MANIFEST.tsv has them.
sub vectors {
	my ($directory) = @_;
	my ($head, @lines) = split /\n/, slurp("$directory/MANIFEST.tsv");
	my @columns = split /\t/, $head;
	my @vectors;
	for my $line (@lines) {
		my %row;
		@row{@columns} = split /\t/, $line, -1;
		my $base = "$directory/" . ($row{file} =~ s/\.[a-z]+$//r);
		push @vectors, {
			name => $row{file}, protocol => $row{protocol}, path => "$directory/$row{file}",
			expected => "$base.expected.ndjson", key => -e "$base.key.json" ? "$base.key.json" : undef,
		};
	}
	return @vectors;
}

1;
