-- The ledger, version 1. Written in SQLite's words; PostgreSQL has BYTEA for BLOB and BIGINT for INTEGER.
-- Times are text in UTC, 2026-11-22T01:00:00Z, so that they are kept as they were given and sort as they follow each other.

-- Content by digest: what the parts of runs are made of. The same content is there once, whoever names it.
CREATE TABLE blob (
	digest BLOB NOT NULL PRIMARY KEY, -- SHA-256 of the content
	size INTEGER NOT NULL, -- of the content, in bytes
	zstd BLOB NOT NULL
) STRICT;

-- The log: a leaf for each run, and the hashes of its tree as golang.org/x/mod/sumdb/tlog numbers them.
CREATE TABLE log_leaf (
	idx INTEGER NOT NULL PRIMARY KEY,
	data BLOB NOT NULL -- exact bytes
) STRICT;

CREATE TABLE log_hash (
	idx INTEGER NOT NULL PRIMARY KEY,
	hash BLOB NOT NULL
) STRICT;

-- The sizes that the log had after each append, as they were written then: signed, if there was a key.
CREATE TABLE checkpoint (
	size INTEGER NOT NULL PRIMARY KEY,
	note BLOB NOT NULL
) STRICT;

-- Runs, by their leaf.
CREATE TABLE run (
	leaf INTEGER NOT NULL PRIMARY KEY REFERENCES log_leaf (idx),
	digest TEXT NOT NULL UNIQUE, -- sha256:… of the statement
	decided TEXT NOT NULL, -- the time that the run was given
	event TEXT NOT NULL,
	repository TEXT NOT NULL,
	branch TEXT NOT NULL,
	outcome TEXT NOT NULL, -- empty: it decided nothing
	records INTEGER NOT NULL,
	epoch INTEGER NOT NULL -- of the sweep that decided again what was open; 0: the run read reports
) STRICT;
CREATE INDEX run_branch ON run (repository, branch, leaf);

-- How long runs took, as those measured it who decided. It is no evidence: no digest covers it, and nothing else in the ledger could tell it, so
-- that headgate db rebuild leaves it as it is. A run without a row is one of which nobody knows.
CREATE TABLE run_timing (
	run INTEGER NOT NULL PRIMARY KEY REFERENCES run (leaf),
	millis INTEGER NOT NULL CHECK (millis > 0) -- from when the program began to when the run was in the log, in milliseconds, rounded up
) STRICT;

-- The parts of runs but for records, in chunks: of lists, each a number of whole lines.
CREATE TABLE part (
	run INTEGER NOT NULL REFERENCES run (leaf),
	name TEXT NOT NULL,
	chunk INTEGER NOT NULL,
	digest BLOB NOT NULL REFERENCES blob (digest),
	lines INTEGER NOT NULL, -- of a list: how many the chunk has
	PRIMARY KEY (run, name, chunk)
) STRICT;
CREATE INDEX part_digest ON part (digest);

-- Records, in packs of some that follow each other. Those that are of no finding (waivers and the like, which are few) are rows of their own.
CREATE TABLE record (
	run INTEGER NOT NULL REFERENCES run (leaf),
	idx INTEGER NOT NULL, -- of the first
	records INTEGER NOT NULL, -- how many
	size INTEGER NOT NULL, -- of their lines, exact bytes with a line feed behind each; 0: body is one line as it is, without it
	body BLOB NOT NULL, -- the lines, packed with zstd
	PRIMARY KEY (run, idx)
) STRICT;
CREATE INDEX record_other ON record (run, idx) WHERE size = 0;

-- What is open now: made of the records alone, and made again from them by headgate db rebuild.
CREATE TABLE finding_state (
	repository TEXT NOT NULL,
	branch TEXT NOT NULL,
	asset TEXT NOT NULL,
	finding TEXT NOT NULL,
	status TEXT NOT NULL, -- open, waived or closed
	first_seen TEXT NOT NULL,
	last_seen TEXT NOT NULL,
	closed TEXT NOT NULL, -- when; empty: it is not
	reopened INTEGER NOT NULL, -- how often
	priority TEXT NOT NULL,
	action TEXT NOT NULL,
	due TEXT NOT NULL, -- empty: no date
	next_change TEXT NOT NULL, -- when time alone could change the decision; empty: never
	run INTEGER NOT NULL, -- whose record is the latest
	idx INTEGER NOT NULL,
	leaf BLOB NOT NULL, -- the hash of the record, as a leaf of the tree of its run
	cves TEXT NOT NULL, -- that it covers, and its names in EUVD, sorted, with spaces between them
	waivers INTEGER NOT NULL, -- how many of them the decision knows, whether they hold or not
	opened TEXT NOT NULL, -- when it was first seen, or came back
	owner TEXT NOT NULL, -- of the asset, as are the next; empty: not known
	criticality TEXT NOT NULL,
	fixable TEXT NOT NULL, -- yes or no; empty: it is of no package
	exploited TEXT NOT NULL, -- yes or no; empty: nobody asked
	ticket TEXT NOT NULL, -- that is about it, as people call it; empty: none
	ticket_status TEXT NOT NULL, -- open or closed, as it was noted last; empty: not known
	ticket_place TEXT NOT NULL, -- and where it is, with its key there, as effect has them
	ticket_key TEXT NOT NULL,
	names BLOB NOT NULL, -- further ids, CVEs, the scans that see it, and when it was open before, as JSON
	PRIMARY KEY (repository, branch, asset, finding)
) STRICT;
CREATE INDEX finding_state_cves ON finding_state (cves);
CREATE INDEX finding_state_run ON finding_state (run);
CREATE INDEX finding_state_asset ON finding_state (asset, run, status);
CREATE INDEX finding_state_next_change ON finding_state (next_change) WHERE next_change > '';
CREATE INDEX finding_state_waivers ON finding_state (waivers) WHERE waivers > 0;

-- Objects outside: at most one for each place, kind and key.
CREATE TABLE effect (
	place TEXT NOT NULL,
	kind TEXT NOT NULL,
	key TEXT NOT NULL,
	body BLOB NOT NULL, -- as JSON
	PRIMARY KEY (place, kind, key)
) STRICT;

-- Sweeps over what is open, with what proves each.
CREATE TABLE epoch (
	id INTEGER NOT NULL PRIMARY KEY,
	leaf INTEGER NOT NULL REFERENCES log_leaf (idx),
	manifest BLOB NOT NULL -- the record of the sweep, exact bytes
) STRICT;

-- How much is open on each branch, and its Merkle root, as the last run on it left it: so that neither of all need be worked out from all.
CREATE TABLE branch_root (
	repository TEXT NOT NULL,
	branch TEXT NOT NULL,
	cases INTEGER NOT NULL,
	root TEXT NOT NULL,
	PRIMARY KEY (repository, branch)
) STRICT;

-- A sweep that several processes share, while it lasts: what all of them decide with, in chunks, and of each shard what is to be done and
-- what came of it. All of it goes when the sweep is over.
CREATE TABLE sweep (
	epoch TEXT NOT NULL, -- sha256:… of what they decide with
	chunk INTEGER NOT NULL,
	digest BLOB NOT NULL REFERENCES blob (digest),
	PRIMARY KEY (epoch, chunk)
) STRICT;

CREATE TABLE sweep_shard (
	epoch TEXT NOT NULL,
	number INTEGER NOT NULL,
	work BLOB NOT NULL, -- JSON
	outcome BLOB, -- absent: it is yet to be done
	PRIMARY KEY (epoch, number)
) STRICT;
