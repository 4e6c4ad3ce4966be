-- Whether a span that has only begun is between two times at all: where nobody sends such spans, that is all that is asked about them.
SELECT 1 AS found FROM pending_spans WHERE Timestamp >= ${since} AND Timestamp <= ${until}
