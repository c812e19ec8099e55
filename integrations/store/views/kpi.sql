-- What dashboards read: views over a ledger, made by headgate db views. They say what docs/kpis.md says, as far as SQL can say it in one view;
-- half-lives of a period against the one before are in headgate report -o openmetrics.
-- @time, @days, @now, @day, @week, @past, @json and @text stand for what SQLite and PostgreSQL say each in their own way: see views.go.

-- One line for each case: a finding on an asset of a branch.
CREATE VIEW kpi_case AS
SELECT repository, branch, asset, finding, status, priority, action, NULLIF(owner, '') AS owner, NULLIF(criticality, '') AS criticality,
	NULLIF(fixable, '') AS fixable, NULLIF(exploited, '') AS exploited, NULLIF(cves, '') AS cves, reopened,
	NULLIF(ticket, '') AS ticket, NULLIF(ticket_status, '') AS ticket_status, NULLIF(ticket_place, '') AS ticket_place, NULLIF(ticket_key, '') AS ticket_key,
	@time(first_seen) AS first_seen, @time(opened) AS opened, @time(closed) AS closed, @time(due) AS due,
	CASE WHEN status = 'open' AND due <> '' AND due < @now THEN 1 ELSE 0 END AS overdue,
	@days(first_seen, CASE WHEN closed = '' THEN @now ELSE closed END) AS age_days
FROM finding_state;

-- What is open now, by where it is, who has it and how urgent it is.
CREATE VIEW kpi_open AS
SELECT repository, branch, owner, criticality, priority,
	sum(CASE WHEN status = 'open' THEN 1 ELSE 0 END) AS open,
	sum(CASE WHEN status = 'waived' THEN 1 ELSE 0 END) AS accepted,
	sum(overdue) AS overdue,
	sum(CASE WHEN status = 'open' AND fixable = 'yes' THEN 1 ELSE 0 END) AS with_fix,
	sum(CASE WHEN exploited = 'yes' THEN 1 ELSE 0 END) AS exploited
FROM kpi_case WHERE status <> 'closed' GROUP BY repository, branch, owner, criticality, priority;

-- Teams by due date: what is open and not accepted.
CREATE VIEW kpi_due AS
SELECT coalesce(NULLIF(owner, ''), 'nobody') AS owner, priority,
	sum(CASE WHEN due <> '' AND due < @now THEN 1 ELSE 0 END) AS overdue,
	sum(CASE WHEN due >= @now AND @days(@now, due) <= 7 THEN 1 ELSE 0 END) AS in_7_days,
	sum(CASE WHEN due >= @now AND @days(@now, due) > 7 AND @days(@now, due) <= 14 THEN 1 ELSE 0 END) AS in_14_days,
	sum(CASE WHEN due >= @now AND @days(@now, due) > 14 AND @days(@now, due) <= 30 THEN 1 ELSE 0 END) AS in_30_days,
	sum(CASE WHEN due >= @now AND @days(@now, due) > 30 THEN 1 ELSE 0 END) AS later,
	sum(CASE WHEN due = '' THEN 1 ELSE 0 END) AS no_date
FROM finding_state WHERE status = 'open' GROUP BY coalesce(NULLIF(owner, ''), 'nobody'), priority;

-- Each time in which a case was open; closed is absent while it is.
CREATE VIEW kpi_span AS
SELECT repository, branch, asset, finding, NULLIF(owner, '') AS owner, priority, @time(opened) AS opened, @time(closed) AS closed,
	@days(opened, CASE WHEN closed = '' THEN @now ELSE closed END) AS days
FROM finding_state
UNION ALL
SELECT s.repository, s.branch, s.asset, s.finding, NULLIF(s.owner, ''), s.priority, @time(@text(p.value, opened)), @time(@text(p.value, closed)),
	@days(@text(p.value, opened), @text(p.value, closed))
FROM finding_state s, @past(s.names) p WHERE s.reopened > 0;

-- Backlog burn-up: cases opened and closed, by day.
CREATE VIEW kpi_burn_up AS
SELECT day, owner, priority, sum(opened) AS opened, sum(closed) AS closed FROM (
	SELECT @day(opened) AS day, owner, priority, 1 AS opened, 0 AS closed FROM kpi_span
	UNION ALL
	SELECT @day(closed) AS day, owner, priority, 0 AS opened, 1 AS closed FROM kpi_span WHERE closed IS NOT NULL
) AS changes GROUP BY day, owner, priority;

-- What was closed, and how many days it took. It leaves out what is still open, so that it looks better than kpi_survival.
CREATE VIEW kpi_remediation AS
SELECT repository, branch, asset, finding, owner, priority, opened, closed, days FROM kpi_span WHERE closed IS NOT NULL;

-- Survival: the share of cases still open after so many days (Kaplan and Meier), of those opened in the last year.
CREATE VIEW kpi_survival AS
SELECT priority, days, at_risk, closed,
	CASE WHEN min(at_risk - closed) OVER (PARTITION BY priority ORDER BY days) = 0 THEN 0.0
	ELSE exp(sum(ln(CASE WHEN closed < at_risk THEN 1.0 - 1.0 * closed / at_risk ELSE 1.0 END)) OVER (PARTITION BY priority ORDER BY days)) END AS share
FROM (
	SELECT priority, days, closed, sum(watched) OVER (PARTITION BY priority ORDER BY days DESC) AS at_risk FROM (
		SELECT priority, days, sum(closed) AS closed, count(*) AS watched FROM (
			SELECT priority, CASE WHEN closed IS NULL THEN 0 ELSE 1 END AS closed,
				CAST(CASE WHEN closed IS NULL THEN floor(days) ELSE CASE WHEN days < 1 THEN 1 ELSE ceil(days) END END AS INTEGER) AS days
			FROM kpi_span WHERE @days(@text(opened), @now) <= 365
		) AS lives GROUP BY priority, days
	) AS counted
) AS risks WHERE closed > 0;

-- Exposure half-life: after how many days half is closed; a priority of which more than half is open has no line.
CREATE VIEW kpi_half_life AS
SELECT priority, min(days) AS days FROM kpi_survival WHERE share <= 0.500000001 GROUP BY priority;

-- The runs of the log that decided something. Seconds are how long one took, where that is known; no signature covers them.
CREATE VIEW kpi_run AS
SELECT r.leaf, r.digest, @time(r.decided) AS at, r.event, r.repository, r.branch, r.outcome, r.records, r.epoch, x.millis / 1000.0 AS seconds
FROM run r LEFT JOIN run_timing x ON x.run = r.leaf WHERE r.outcome <> '';

-- Gate health: changes judged and blocked, by day.
CREATE VIEW kpi_gate AS
SELECT @day(at) AS day, repository, count(*) AS judged, sum(CASE WHEN outcome = 'block' THEN 1 ELSE 0 END) AS blocked
FROM kpi_run WHERE event IN ('pull_request', 'merge_group') GROUP BY @day(at), repository;

-- Gate latency: the seconds that half of the runs on changes took at most, and 95 of 100, by week from Monday on.
CREATE VIEW kpi_latency AS
SELECT week, count(*) AS runs, min(CASE WHEN place >= 0.5 * runs THEN seconds END) AS median, min(CASE WHEN place >= 0.95 * runs THEN seconds END) AS p95 FROM (
	SELECT @week(at) AS week, seconds, row_number() OVER (PARTITION BY @week(at) ORDER BY seconds) AS place, count(*) OVER (PARTITION BY @week(at)) AS runs
	FROM kpi_run WHERE event IN ('pull_request', 'merge_group') AND seconds IS NOT NULL
) AS timed GROUP BY week;

-- Waivers, as the latest run of each branch that read reports has them.
CREATE VIEW kpi_waiver AS
SELECT r.repository, r.branch, @json(x.body, waiver, id) AS id, @json(x.body, waiver, state) AS state, @json(x.body, waiver, reason) AS reason,
	@json(x.body, waiver, approver) AS approver, @json(x.body, waiver, expires) AS expires,
	CAST(@json(x.body, waiver, cases) AS INTEGER) AS cases
FROM run r JOIN record x ON x.run = r.leaf AND x.size = 0
WHERE @json(x.body, kind) = 'waiver' AND r.leaf IN (
	SELECT max(leaf) FROM run WHERE event IN ('push', 'schedule', 'manual', 'release') AND outcome <> '' AND epoch = 0 GROUP BY repository, branch);

-- Tickets, as they were last seen.
CREATE VIEW kpi_ticket AS
SELECT place, key, @json(body, ref) AS ref, @json(body, url) AS url, @json(body, state, status) AS status, @json(body, state, resolution) AS resolution,
	CASE WHEN @json(body, state, category) = 'done' THEN 0 ELSE 1 END AS open
FROM effect WHERE kind = 'ticket';
