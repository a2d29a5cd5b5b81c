# wal_past(folder): judges names of segments in a pg_wal: on each timeline that this server has left those before the segment in which it
# left it are part of its past. That one begins the next timeline too, which has all of it that counts; what lies beyond it, and on
# timelines that the server was never on, ended with another primary. Without a history to read all is taken for the past.
use strict;
use warnings;

sub wal_past {
  my ($folder) = @_;
  my @segments = sort grep { m{/[0-9A-F]{24}$} } glob "$folder/*";
  return sub { 1 } unless @segments;
  my ($current) = $segments[-1] =~ m{/([0-9A-F]{8})[0-9A-F]{16}$};
  my $size = -s $segments[-1];
  open my $history, '<', "$folder/$current.history" or return sub { 1 };
  my %left;
  while (<$history>) {
    $left{$1} = (hex($2) * 2**32 + hex $3) / $size if /^\s*(\d+)\s+([0-9A-F]+)\/([0-9A-F]+)/i;
  }
  return sub {
    my ($timeline, $log, $segment) = $_[0] =~ /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/ or return 1;
    return 1 if $timeline eq $current;
    my $end = $left{hex $timeline};
    return defined $end && hex($log) * (2**32 / $size) + hex($segment) < int $end;
  };
}
1;
