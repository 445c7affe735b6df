/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables.  `journal` is the truth; the projection follows; telemetry at the end.  Times are nanoseconds UTC.
 * Texts in two languages are two columns; lists that nothing searches are JSON text.
 * Steps are only ever added at the end.
 */
#include "desk/desk_priv.h"

const char *const desk_schema[] = {
	"CREATE TABLE journal(seq @int PRIMARY KEY, at @int NOT NULL, actor TEXT NOT NULL, command TEXT NOT NULL,"
	"  tenant TEXT, noun TEXT, noun_id TEXT, record @blob NOT NULL, prev @blob NOT NULL, hash @blob NOT NULL) @strict;"
	"CREATE INDEX journal_noun ON journal(noun, noun_id);"

	"CREATE TABLE tenants(id TEXT PRIMARY KEY, name_ja TEXT NOT NULL, name_en TEXT NOT NULL, kana TEXT NOT NULL,"
	"  short TEXT NOT NULL UNIQUE, zone TEXT NOT NULL, lang TEXT NOT NULL, code_ja TEXT NOT NULL, code_en TEXT NOT NULL,"
	"  decide_s @int NOT NULL, call_s @int NOT NULL, doc TEXT NOT NULL, incidents @int NOT NULL) @strict;"
	"CREATE TABLE contacts(id TEXT PRIMARY KEY, tenant TEXT NOT NULL REFERENCES tenants(id), ord @int NOT NULL,"
	"  name TEXT NOT NULL, kana TEXT NOT NULL, title_ja TEXT NOT NULL, title_en TEXT NOT NULL, lang TEXT NOT NULL,"
	"  zone TEXT NOT NULL, hours TEXT NOT NULL, pin TEXT, mail TEXT, mail_for TEXT NOT NULL, active @int NOT NULL) @strict;"
	"CREATE INDEX contacts_tenant ON contacts(tenant, ord);"
	"CREATE TABLE numbers(contact TEXT NOT NULL REFERENCES contacts(id), ord @int NOT NULL, number TEXT NOT NULL,"
	"  broken_at @int, PRIMARY KEY(contact, ord)) @strict;"
	"CREATE TABLE users(id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, name_ja TEXT NOT NULL, name_en TEXT NOT NULL,"
	"  kana TEXT, role TEXT NOT NULL, tenant TEXT REFERENCES tenants(id), tenants TEXT NOT NULL, lang TEXT NOT NULL,"
	"  zone TEXT NOT NULL, disabled @int NOT NULL, created_at @int NOT NULL) @strict;"

	"CREATE TABLE candidates(id TEXT PRIMARY KEY, number @int NOT NULL UNIQUE, tenant TEXT NOT NULL REFERENCES tenants(id),"
	"  lane TEXT NOT NULL, state TEXT NOT NULL CHECK(state IN ('open','closed','decided','merged')),"
	"  title_ja TEXT NOT NULL, title_en TEXT NOT NULL, category TEXT NOT NULL,"
	"  severity TEXT NOT NULL, line TEXT NOT NULL, score @int NOT NULL, proposal TEXT NOT NULL,"
	"  first_at @int NOT NULL, last_at @int NOT NULL, opened_at @int NOT NULL, detections @int NOT NULL, events @int NOT NULL,"
	"  blocked @int NOT NULL, passed @int NOT NULL, owner TEXT, claimed_at @int, first_claim_at @int,"
	"  closed_at @int, closed_by TEXT, reason TEXT, facts_ja TEXT, facts_en TEXT, asked_again_at @int,"
	"  hypothesis TEXT NOT NULL, next_step TEXT NOT NULL, blocker TEXT NOT NULL, incident TEXT, merged_into TEXT) @strict;"
	"CREATE INDEX candidates_state ON candidates(state, tenant, opened_at);"
	"CREATE TABLE detections(key TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL, candidate TEXT NOT NULL"
	"  REFERENCES candidates(id), born_in TEXT NOT NULL, kind TEXT NOT NULL, rule_id TEXT NOT NULL, rule_name TEXT NOT NULL,"
	"  level TEXT NOT NULL, at @int NOT NULL, first_at @int NOT NULL, added_at @int NOT NULL, count @int NOT NULL,"
	"  device TEXT NOT NULL, dataset TEXT NOT NULL, joined REAL NOT NULL, shared TEXT NOT NULL, doc TEXT NOT NULL) @strict;"
	"CREATE INDEX detections_candidate ON detections(candidate, at);"
	"CREATE INDEX detections_added ON detections(tenant, added_at);"
	"CREATE TABLE rolled(key TEXT PRIMARY KEY, detection TEXT NOT NULL REFERENCES detections(id)) @strict;"
	"CREATE TABLE entities(tenant TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, candidate TEXT NOT NULL,"
	"  weight REAL NOT NULL, first_at @int NOT NULL, last_at @int NOT NULL, shown TEXT NOT NULL, role TEXT NOT NULL,"
	"  internal @int NOT NULL, PRIMARY KEY(tenant, kind, value, candidate)) @strict;"
	"CREATE INDEX entities_candidate ON entities(candidate);"
	"CREATE TABLE entries(seq @int PRIMARY KEY, candidate TEXT NOT NULL, at @int NOT NULL, kind TEXT NOT NULL,"
	"  visible @int NOT NULL, by TEXT, who_ja TEXT NOT NULL, who_en TEXT NOT NULL, ja TEXT NOT NULL, en TEXT NOT NULL,"
	"  lang TEXT, line TEXT) @strict;"
	"CREATE INDEX entries_candidate ON entries(candidate, seq);"
	"CREATE TABLE clocks(id TEXT PRIMARY KEY, kind TEXT NOT NULL, tenant TEXT NOT NULL, candidate TEXT NOT NULL, incident TEXT,"
	"  started_at @int NOT NULL, due_at @int NOT NULL, stopped_at @int, broken @int NOT NULL) @strict;"
	"CREATE INDEX clocks_running ON clocks(due_at) WHERE stopped_at IS NULL;"
	"CREATE INDEX clocks_candidate ON clocks(candidate);"

	"CREATE TABLE incidents(id TEXT PRIMARY KEY, candidate TEXT NOT NULL UNIQUE REFERENCES candidates(id), tenant TEXT NOT NULL,"
	"  severity TEXT NOT NULL, state TEXT NOT NULL CHECK(state IN ('open','closed')), category TEXT NOT NULL,"
	"  title_ja TEXT NOT NULL, title_en TEXT NOT NULL, summary_ja TEXT NOT NULL, summary_en TEXT NOT NULL,"
	"  customer_severity TEXT, customer_ticket TEXT, proposed TEXT NOT NULL, answers TEXT NOT NULL, reason TEXT,"
	"  decided_at @int NOT NULL, decided_by TEXT NOT NULL, decided_by_ja TEXT NOT NULL, decided_by_en TEXT NOT NULL,"
	"  decisions @int NOT NULL, decision_seq @int NOT NULL, updated_at @int NOT NULL,"
	"  happened_at @int, lcp_at @int, soc_at @int, detected_at @int, opened_at @int, rang_at @int,"
	"  ack_at @int, ack_by TEXT, ack_how TEXT, closed_at @int, closed_by TEXT, code TEXT, close_ja TEXT, close_en TEXT) @strict;"
	"CREATE INDEX incidents_tenant ON incidents(tenant, decided_at);"
	"CREATE TABLE evidence(incident TEXT NOT NULL REFERENCES incidents(id), detection TEXT NOT NULL, PRIMARY KEY(incident, detection)) @strict;"
	"CREATE TABLE actions(incident TEXT NOT NULL REFERENCES incidents(id), n @int NOT NULL, ja TEXT NOT NULL, en TEXT NOT NULL,"
	"  done_at @int, by TEXT, PRIMARY KEY(incident, n)) @strict;"

	"CREATE TABLE chains(id TEXT PRIMARY KEY, incident TEXT NOT NULL REFERENCES incidents(id), tenant TEXT NOT NULL,"
	"  severity TEXT NOT NULL, state TEXT NOT NULL CHECK(state IN ('running','waiting','acknowledged','alarmed')),"
	"  started_at @int NOT NULL, due_at @int NOT NULL, ended_at @int, lead_alarmed_at @int, steps TEXT NOT NULL,"
	"  step @int NOT NULL, number @int NOT NULL, tries @int NOT NULL, step_at @int NOT NULL, provider @int NOT NULL,"
	"  rounds @int NOT NULL, attempts @int NOT NULL, job @int) @strict;"
	/* never two open chains for one incident: the database itself says so */
	"CREATE UNIQUE INDEX chains_open ON chains(incident) WHERE state IN ('running','waiting');"
	"CREATE TABLE outbox(id @int PRIMARY KEY, kind TEXT NOT NULL, tenant TEXT, incident TEXT, chain TEXT, contact TEXT,"
	"  name TEXT NOT NULL, kana TEXT, shown TEXT NOT NULL, provider TEXT, try @int NOT NULL, key TEXT NOT NULL, doc TEXT NOT NULL,"
	"  state TEXT NOT NULL CHECK(state IN ('open','done')), cancel @int NOT NULL, not_before @int NOT NULL, queued_at @int NOT NULL,"
	"  dialled_at @int, ringing_at @int, answered_at @int, ended_at @int, outcome TEXT, code @int, text TEXT,"
	"  sends @int NOT NULL, events TEXT NOT NULL) @strict;"
	"CREATE INDEX outbox_open ON outbox(not_before) WHERE state = 'open';"
	"CREATE INDEX outbox_incident ON outbox(incident, id);"
	"CREATE TABLE timers(id @int PRIMARY KEY, kind TEXT NOT NULL, ref TEXT NOT NULL, due_at @int NOT NULL, attempt @int NOT NULL) @strict;"
	"CREATE INDEX timers_due ON timers(due_at);"
	"CREATE INDEX timers_ref ON timers(ref);"
	"CREATE TABLE alarms(id TEXT PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, level TEXT NOT NULL, at @int NOT NULL,"
	"  ja TEXT NOT NULL, en TEXT NOT NULL, tenant TEXT, incident TEXT, ack_at @int, ack_by TEXT) @strict;"
	"CREATE UNIQUE INDEX alarms_open ON alarms(kind, key) WHERE ack_at IS NULL;"
	"CREATE TABLE lcps(tenant TEXT NOT NULL REFERENCES tenants(id), lcp TEXT NOT NULL, serial TEXT, fingerprint TEXT,"
	"  enrolled_at @int, expires_at @int, revoked_at @int, PRIMARY KEY(tenant, lcp)) @strict;"
	"CREATE TABLE tokens(hash TEXT PRIMARY KEY, tenant TEXT NOT NULL, lcp TEXT NOT NULL, created_at @int NOT NULL,"
	"  expires_at @int NOT NULL, used_at @int, fingerprint TEXT) @strict;"
	"CREATE TABLE counters(name TEXT PRIMARY KEY, n @int NOT NULL) @strict;"
	"CREATE TABLE days(tenant TEXT NOT NULL, day @int NOT NULL, detections @int NOT NULL, candidates @int NOT NULL,"
	"  closed @int NOT NULL, emergency @int NOT NULL, critical @int NOT NULL, warning @int NOT NULL,"
	"  informational @int NOT NULL, PRIMARY KEY(tenant, day)) @strict;"

	/* telemetry */
	"CREATE TABLE positions(tenant TEXT NOT NULL, lcp TEXT NOT NULL, epoch TEXT NOT NULL, seq @int NOT NULL, at @int NOT NULL,"
	"  PRIMARY KEY(tenant, lcp, epoch)) @strict;"
	"CREATE TABLE lines(tenant TEXT NOT NULL, day @int NOT NULL, lines @int NOT NULL, events @int NOT NULL, unparsed @int NOT NULL,"
	"  received @int NOT NULL, dropped @int NOT NULL, PRIMARY KEY(tenant, day)) @strict;"
	"CREATE TABLE hours(tenant TEXT NOT NULL, hour @int NOT NULL, lines @int NOT NULL, PRIMARY KEY(tenant, hour)) @strict;"
	"CREATE TABLE beats(tenant TEXT NOT NULL, lcp TEXT NOT NULL, at @int NOT NULL, version TEXT, offset_ms @int, spool TEXT,"
	"  PRIMARY KEY(tenant, lcp)) @strict;"
	"CREATE TABLE devices(tenant TEXT NOT NULL, lcp TEXT NOT NULL, device TEXT NOT NULL, source TEXT, first_at @int NOT NULL,"
	"  last_at @int, lines @int NOT NULL, bytes @int NOT NULL, dropped @int NOT NULL, drops TEXT NOT NULL, drop_at @int,"
	"  PRIMARY KEY(tenant, lcp, device)) @strict;"
	"CREATE TABLE device_days(tenant TEXT NOT NULL, day @int NOT NULL, lcp TEXT NOT NULL, device TEXT NOT NULL,"
	"  lines @int NOT NULL, dropped @int NOT NULL, drops TEXT NOT NULL, archived @int, PRIMARY KEY(tenant, day, lcp, device)) @strict;"
	"CREATE TABLE manifests(tenant TEXT NOT NULL, day TEXT NOT NULL, at @int NOT NULL, doc TEXT NOT NULL, PRIMARY KEY(tenant, day)) @strict;"
	"CREATE TABLE snapshots(at @int PRIMARY KEY, body @blob NOT NULL) @strict;",

	/* work: a second person's word, cases taken apart and put together, tasks, the customer's answer */
	"ALTER TABLE tenants ADD COLUMN second_person @int NOT NULL DEFAULT 1;"
	"ALTER TABLE incidents ADD COLUMN merged_into TEXT;"
	"ALTER TABLE incidents ADD COLUMN answer_code TEXT;"
	"ALTER TABLE incidents ADD COLUMN answer TEXT;"
	"ALTER TABLE incidents ADD COLUMN answer_lang TEXT;"
	"ALTER TABLE incidents ADD COLUMN answer_at @int;"
	"ALTER TABLE incidents ADD COLUMN answer_by TEXT;"
	"CREATE TABLE downgrades(id TEXT PRIMARY KEY, incident TEXT NOT NULL REFERENCES incidents(id), command TEXT NOT NULL,"
	"  severity TEXT, args TEXT NOT NULL, reason TEXT NOT NULL, at @int NOT NULL, by TEXT NOT NULL, by_ja TEXT NOT NULL,"
	"  by_en TEXT NOT NULL, state TEXT NOT NULL CHECK(state IN ('open','confirmed','refused','withdrawn')),"
	"  answered_at @int, answered_by TEXT) @strict;"
	/* never two that wait for one incident */
	"CREATE UNIQUE INDEX downgrades_open ON downgrades(incident) WHERE state = 'open';"
	"CREATE TABLE apart(a TEXT NOT NULL, b TEXT NOT NULL, at @int NOT NULL, PRIMARY KEY(a, b)) @strict;"
	"CREATE TABLE relations(a TEXT NOT NULL REFERENCES incidents(id), b TEXT NOT NULL REFERENCES incidents(id), reason TEXT NOT NULL,"
	"  lang TEXT NOT NULL, at @int NOT NULL, by TEXT NOT NULL, PRIMARY KEY(a, b)) @strict;"
	"CREATE TABLE tasks(id TEXT PRIMARY KEY, incident TEXT NOT NULL REFERENCES incidents(id), n @int NOT NULL, text TEXT NOT NULL,"
	"  lang TEXT NOT NULL, owner TEXT, due_at @int, made_at @int NOT NULL, made_by TEXT NOT NULL, done_at @int, done_by TEXT) @strict;"
	"CREATE UNIQUE INDEX tasks_incident ON tasks(incident, n);",

	/* the telephone's plan, calendar and channels of a tenant; causes of broken clocks */
	"ALTER TABLE tenants ADD COLUMN country TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE tenants ADD COLUMN plan TEXT NOT NULL DEFAULT '{}';"
	"ALTER TABLE contacts ADD COLUMN country TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE contacts ADD COLUMN backup TEXT;"
	"ALTER TABLE chains ADD COLUMN plan TEXT NOT NULL DEFAULT '{}';"
	"ALTER TABLE clocks ADD COLUMN cause TEXT;"
	"ALTER TABLE clocks ADD COLUMN cause_text TEXT;"
	"ALTER TABLE clocks ADD COLUMN cause_by TEXT;"
	"ALTER TABLE clocks ADD COLUMN cause_at @int;"
	"CREATE INDEX clocks_broken ON clocks(due_at) WHERE broken = 1;"
	"CREATE TABLE days_off(tenant TEXT NOT NULL REFERENCES tenants(id), day @int NOT NULL, PRIMARY KEY(tenant, day)) @strict;",

	/* exceptions, and the detections they hid */
	"CREATE TABLE exceptions(id TEXT PRIMARY KEY, number @int NOT NULL UNIQUE, tenant TEXT NOT NULL REFERENCES tenants(id), rule TEXT,"
	"  conditions TEXT NOT NULL, reason TEXT NOT NULL, lang TEXT NOT NULL, owner TEXT NOT NULL,"
	"  state TEXT NOT NULL CHECK(state IN ('proposed','active','ended','refused','expired')), made_at @int NOT NULL,"
	"  made_by TEXT NOT NULL, approved_at @int, approved_by TEXT, expires_at @int NOT NULL, ended_at @int, ended_by TEXT,"
	"  end_reason TEXT, detections @int NOT NULL, events @int NOT NULL, last_at @int) @strict;"
	"CREATE INDEX exceptions_active ON exceptions(tenant) WHERE state = 'active';"
	"CREATE TABLE hidden(key TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL, exception TEXT NOT NULL"
	"  REFERENCES exceptions(id), rule_id TEXT NOT NULL, rule_name TEXT NOT NULL, at @int NOT NULL, added_at @int NOT NULL,"
	"  count @int NOT NULL, doc TEXT NOT NULL) @strict;"
	"CREATE INDEX hidden_exception ON hidden(exception, added_at);"
	"ALTER TABLE days ADD COLUMN hidden @int NOT NULL DEFAULT 0;",

	/* telemetry: the last reading of both clocks (step.c) */
	"CREATE TABLE clock_pair(one @int PRIMARY KEY, boot TEXT NOT NULL, mono @int NOT NULL, wall @int NOT NULL) @strict;",

	/* what a journal row tells its tenant; empty in rows older than this step */
	"ALTER TABLE journal ADD COLUMN facts @blob NOT NULL DEFAULT x'';",

	/* monthly reports and who gets the daily one */
	"ALTER TABLE tenants ADD COLUMN closing @int NOT NULL DEFAULT 0;"
	"ALTER TABLE contacts ADD COLUMN reports @int NOT NULL DEFAULT 1;"
	"CREATE TABLE reports(id TEXT PRIMARY KEY, tenant TEXT NOT NULL REFERENCES tenants(id), month TEXT NOT NULL,"
	"  state TEXT NOT NULL CHECK(state IN ('draft','published')), drafted_at @int NOT NULL, due_at @int NOT NULL, words_ja TEXT NOT NULL,"
	"  words_en TEXT NOT NULL, recommendations TEXT NOT NULL, published_at @int, published_by TEXT, by_ja TEXT, by_en TEXT, data TEXT) @strict;",

	/* the auditor and the chain look things up by these every few seconds */
	"CREATE INDEX chains_incident ON chains(incident);"
	"CREATE INDEX incidents_waiting ON incidents(decided_at) WHERE ack_at IS NULL;"
	"CREATE INDEX alarms_incident ON alarms(incident);"
	"CREATE TABLE providers(name TEXT PRIMARY KEY, failed_at @int NOT NULL) @strict;",

	/* channels: who is told by what and when; what waits for the day's digest */
	"ALTER TABLE tenants ADD COLUMN channels TEXT NOT NULL DEFAULT '[]';"
	"ALTER TABLE tenants ADD COLUMN digest_at @int NOT NULL DEFAULT 540;"
	"CREATE TABLE hooks(tenant TEXT NOT NULL REFERENCES tenants(id), id TEXT NOT NULL, ord @int NOT NULL, url TEXT NOT NULL,"
	"  secret TEXT NOT NULL, lang TEXT NOT NULL, hours TEXT NOT NULL, PRIMARY KEY(tenant, id)) @strict;"
	"CREATE TABLE digests(contact TEXT NOT NULL, incident TEXT NOT NULL REFERENCES incidents(id), at @int NOT NULL,"
	"  PRIMARY KEY(contact, incident)) @strict;",

	/* sites and rosters; whose an alarm is; where an incident was decided */
	"CREATE TABLE rosters(id TEXT PRIMARY KEY, n @int NOT NULL UNIQUE, at @int NOT NULL, by TEXT NOT NULL, doc TEXT NOT NULL) @strict;"
	"ALTER TABLE alarms ADD COLUMN owner TEXT;"
	"ALTER TABLE incidents ADD COLUMN site TEXT;",
	/* inquiries: one thread whatever the door; files by their hash, their bytes in blobs, which is no projection */
	"CREATE TABLE inquiries(id TEXT PRIMARY KEY, number @int NOT NULL UNIQUE, token TEXT NOT NULL UNIQUE, tenant TEXT REFERENCES tenants(id),"
	"  kind TEXT NOT NULL, priority TEXT NOT NULL, door TEXT NOT NULL, state TEXT NOT NULL CHECK(state IN ('open','closed','discarded')),"
	"  held TEXT, subject TEXT NOT NULL, lang TEXT NOT NULL, incident TEXT, owner TEXT, opened_at @int NOT NULL, updated_at @int NOT NULL,"
	"  waits TEXT NOT NULL CHECK(waits IN ('us','customer')), messages @int NOT NULL, closed_at @int, closed_by TEXT) @strict;"
	"CREATE INDEX inquiries_tenant ON inquiries(tenant, updated_at);"
	"CREATE INDEX inquiries_open ON inquiries(updated_at) WHERE state = 'open';"
	"CREATE INDEX inquiries_held ON inquiries(opened_at) WHERE tenant IS NULL AND state = 'open';"
	"CREATE TABLE inquiry_people(inquiry TEXT NOT NULL REFERENCES inquiries(id), address TEXT NOT NULL, name TEXT NOT NULL, contact TEXT,"
	"  PRIMARY KEY(inquiry, address)) @strict;"
	"CREATE TABLE inquiry_messages(inquiry TEXT NOT NULL REFERENCES inquiries(id), n @int NOT NULL, at @int NOT NULL, door TEXT NOT NULL,"
	"  side TEXT NOT NULL CHECK(side IN ('customer','soc')), visible @int NOT NULL, auto @int NOT NULL, cut @int NOT NULL, lang TEXT NOT NULL,"
	"  by TEXT, who_ja TEXT NOT NULL, who_en TEXT NOT NULL, address TEXT, mail_id TEXT, text TEXT NOT NULL, PRIMARY KEY(inquiry, n)) @strict;"
	"CREATE TABLE inquiry_mails(message_id TEXT PRIMARY KEY, at @int NOT NULL, inquiry TEXT, n @int, result TEXT NOT NULL) @strict;"
	"CREATE TABLE inquiry_files(inquiry TEXT NOT NULL, message @int NOT NULL, n @int NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,"
	"  size @int NOT NULL, sha256 TEXT, note TEXT, PRIMARY KEY(inquiry, message, n)) @strict;"
	"CREATE TABLE blobs(sha256 TEXT PRIMARY KEY, at @int NOT NULL, body @blob NOT NULL) @strict;"
	"ALTER TABLE outbox ADD COLUMN inquiry TEXT;"
	"CREATE INDEX outbox_inquiry ON outbox(inquiry, id) WHERE inquiry IS NOT NULL;",
	/* a collector's certificates: the one in use, the next, and the one before for a day */
	"CREATE TABLE lcp_certs(serial TEXT PRIMARY KEY, tenant TEXT NOT NULL, lcp TEXT NOT NULL, fingerprint TEXT NOT NULL, made_at @int NOT NULL,"
	"  expires_at @int NOT NULL, used_at @int, ends_at @int) @strict;"
	"CREATE INDEX lcp_certs_lcp ON lcp_certs(tenant, lcp, made_at);"
	"INSERT INTO lcp_certs(serial, tenant, lcp, fingerprint, made_at, expires_at) SELECT serial, tenant, lcp, coalesce(fingerprint, ''),"
	"  coalesce(enrolled_at, 0), coalesce(expires_at, 0) FROM lcps WHERE serial IS NOT NULL;"
	"ALTER TABLE lcps ADD COLUMN renewed_at @int;"
	"ALTER TABLE beats ADD COLUMN certificate TEXT;",

	/* hand-overs and what they are made of */
	"CREATE TABLE handovers(id TEXT PRIMARY KEY, number @int NOT NULL UNIQUE, roster TEXT, tenants TEXT NOT NULL, at @int NOT NULL,"
	"  from_site TEXT, from_lead TEXT, to_site TEXT, to_lead TEXT, crew TEXT NOT NULL,"
	"  state TEXT NOT NULL CHECK(state IN ('draft','offered','late','accepted','void')), drafted_at @int NOT NULL, due_at @int NOT NULL,"
	"  words TEXT NOT NULL, lang TEXT NOT NULL, offered_at @int, offered_by TEXT, offered_seq @int, ended_at @int, ended_by TEXT, ended_seq @int) @strict;"
	"CREATE INDEX handovers_open ON handovers(at) WHERE state IN ('draft','offered','late');"
	"CREATE TABLE handover_items(handover TEXT NOT NULL REFERENCES handovers(id), n @int NOT NULL, kind TEXT NOT NULL, ref TEXT NOT NULL,"
	"  tenant TEXT NOT NULL, owner TEXT, severity TEXT, title_ja TEXT NOT NULL, title_en TEXT NOT NULL, due_at @int, hypothesis TEXT NOT NULL,"
	"  next_step TEXT NOT NULL, blocker TEXT NOT NULL, state TEXT NOT NULL CHECK(state IN ('open','kept','refused','accepted','late')), at @int, by TEXT, reason TEXT,"
	"  PRIMARY KEY(handover, n)) @strict;"
	"CREATE INDEX handover_items_ref ON handover_items(kind, ref);",
	/* devices that are asked for; the number of the configuration a collector should run */
	"CREATE TABLE registrations(id TEXT PRIMARY KEY, tenant TEXT NOT NULL REFERENCES tenants(id), device TEXT NOT NULL, source TEXT NOT NULL,"
	"  transport TEXT NOT NULL, address TEXT NOT NULL, lcp TEXT NOT NULL, zone TEXT NOT NULL, note TEXT NOT NULL,"
	"  state TEXT NOT NULL CHECK(state IN ('proposed','waiting','live','refused','withdrawn')), asked_at @int NOT NULL, asked_by TEXT NOT NULL,"
	"  asked_ja TEXT NOT NULL, asked_en TEXT NOT NULL, decided_at @int, decided_by TEXT, decided_ja TEXT, decided_en TEXT, reason TEXT,"
	"  live_at @int, first_at @int, first_lcp TEXT, heard_source TEXT, withdrawn_at @int) @strict;"
	"CREATE INDEX registrations_tenant ON registrations(tenant, state, device);"
	"ALTER TABLE lcps ADD COLUMN config @int NOT NULL DEFAULT 1;"
	"ALTER TABLE beats ADD COLUMN config TEXT;",
	/* what a heartbeat counts from */
	"ALTER TABLE beats ADD COLUMN since @int NOT NULL DEFAULT 0;",

	/* webhooks: addresses and secrets are in auth/ */
	"CREATE TABLE endpoints(id TEXT PRIMARY KEY, number @int NOT NULL UNIQUE, tenant TEXT NOT NULL REFERENCES tenants(id), name TEXT NOT NULL,"
	"  shown TEXT NOT NULL, format TEXT NOT NULL, lang TEXT NOT NULL, events TEXT NOT NULL, raw @int NOT NULL, days @int NOT NULL,"
	"  state TEXT NOT NULL CHECK(state IN ('active','paused','disabled','removed')), made_at @int NOT NULL, made_by TEXT NOT NULL, secret_at @int NOT NULL,"
	"  overlap_to @int, failing_at @int, disabled_at @int, delivered_at @int) @strict;"
	"CREATE INDEX endpoints_tenant ON endpoints(tenant, number);"
	"ALTER TABLE outbox ADD COLUMN endpoint TEXT;"
	"ALTER TABLE outbox ADD COLUMN event TEXT;"
	"CREATE INDEX outbox_endpoint ON outbox(endpoint, id) WHERE endpoint IS NOT NULL;",

	/* API keys; first answers kept for a repeat */
	"CREATE TABLE apikeys(id TEXT PRIMARY KEY, number @int NOT NULL UNIQUE, tenant TEXT NOT NULL REFERENCES tenants(id), name TEXT NOT NULL,"
	"  scopes TEXT NOT NULL, made_at @int NOT NULL, made_by TEXT NOT NULL, expires_at @int NOT NULL, ended_at @int, ended_by TEXT) @strict;"
	"CREATE INDEX apikeys_tenant ON apikeys(tenant, number);"
	"CREATE TABLE answers(actor TEXT NOT NULL, key TEXT NOT NULL, hash TEXT NOT NULL, at @int NOT NULL, status @int NOT NULL, body TEXT,"
	"  PRIMARY KEY(actor, key)) @strict;"
	"CREATE INDEX answers_at ON answers(at);"
	"CREATE INDEX incidents_updated ON incidents(tenant, updated_at, id);",
	/* the service's own minutes (telemetry), and what is agreed about them */
	"CREATE TABLE watch(tenant TEXT NOT NULL, lcp TEXT NOT NULL, what TEXT NOT NULL, from_m @int NOT NULL, to_m @int NOT NULL,"
	"  PRIMARY KEY(tenant, lcp, what, from_m)) @strict;"
	"CREATE TABLE maintenance(id TEXT PRIMARY KEY, tenant TEXT, from_at @int NOT NULL, to_at @int NOT NULL, ended_at @int, ja TEXT NOT NULL, en TEXT NOT NULL,"
	"  made_at @int NOT NULL, made_by TEXT NOT NULL) @strict;"
	"CREATE TABLE exclusions(id TEXT PRIMARY KEY, tenant TEXT NOT NULL REFERENCES tenants(id), from_at @int NOT NULL, to_at @int NOT NULL, reason TEXT NOT NULL,"
	"  evidence TEXT NOT NULL, made_at @int NOT NULL, made_by TEXT NOT NULL, withdrawn_at @int, withdrawn_by TEXT) @strict;"
	"CREATE TABLE appointments(id TEXT PRIMARY KEY, tenant TEXT NOT NULL REFERENCES tenants(id), weekday @int NOT NULL, minute @int NOT NULL,"
	"  contact TEXT NOT NULL REFERENCES contacts(id), made_at @int NOT NULL, made_by TEXT NOT NULL, next_at @int NOT NULL, ended_at @int) @strict;"
	"CREATE TABLE test_calls(id TEXT PRIMARY KEY, appointment TEXT NOT NULL REFERENCES appointments(id), tenant TEXT NOT NULL, contact TEXT NOT NULL, job @int,"
	"  due_at @int NOT NULL, at @int NOT NULL, ended_at @int, outcome TEXT) @strict;"
	"CREATE INDEX test_calls_job ON test_calls(job);",

	/* advisories: whom they concern, what the store counted, who read them */
	"CREATE TABLE advisories(id TEXT PRIMARY KEY, number @int NOT NULL UNIQUE, state TEXT NOT NULL CHECK(state IN ('draft','approved','sent','withdrawn')),"
	"  severity TEXT NOT NULL, title_ja TEXT NOT NULL, title_en TEXT NOT NULL, text_ja TEXT NOT NULL, text_en TEXT NOT NULL, advice_ja TEXT NOT NULL,"
	"  advice_en TEXT NOT NULL, products TEXT NOT NULL, indicators TEXT NOT NULL, made_at @int NOT NULL, made_by TEXT NOT NULL, approved_at @int,"
	"  approved_by TEXT, sent_at @int, sent_by TEXT, updated_at @int NOT NULL) @strict;"
	"CREATE TABLE advisory_tenants(advisory TEXT NOT NULL REFERENCES advisories(id), tenant TEXT NOT NULL REFERENCES tenants(id), devices TEXT NOT NULL,"
	"  chosen @int NOT NULL DEFAULT 0, sent_at @int, counting @int NOT NULL, asked_at @int NOT NULL, counted_at @int, total @int, seen TEXT,"
	"  PRIMARY KEY(advisory, tenant)) @strict;"
	"CREATE INDEX advisory_counting ON advisory_tenants(asked_at) WHERE counting <> 0;"
	"CREATE TABLE advisory_reads(advisory TEXT NOT NULL REFERENCES advisories(id), tenant TEXT NOT NULL, by TEXT NOT NULL, at @int NOT NULL,"
	"  PRIMARY KEY(advisory, by)) @strict;",

	/* what our own mail server said of a sender; why a mail was held, for counting */
	"ALTER TABLE inquiry_messages ADD COLUMN proof TEXT;"
	"ALTER TABLE inquiry_mails ADD COLUMN why TEXT;"
	"UPDATE inquiry_mails SET why = (SELECT q.held FROM inquiries q WHERE q.id = inquiry_mails.inquiry) WHERE result = 'held';",
	/* minutes of the tenant's day at which the daily mail goes */
	"ALTER TABLE tenants ADD COLUMN daily_at @int NOT NULL DEFAULT 420;",

	/* held mails: what was before a person placed one, why one was discarded, whose senders are known */
	"ALTER TABLE inquiries ADD COLUMN placed TEXT;"
	"ALTER TABLE inquiries ADD COLUMN reason TEXT;"
	"ALTER TABLE inquiries ADD COLUMN reason_text TEXT;"
	"CREATE TABLE inquiry_senders(address TEXT NOT NULL, tenant TEXT NOT NULL REFERENCES tenants(id), at @int NOT NULL, by TEXT NOT NULL, inquiry TEXT NOT NULL,"
	"  PRIMARY KEY(address, tenant)) @strict;",
	/* sites that are lost and back, a row for each; a hand-over that went on in a later one */
	"CREATE TABLE site_changes(id TEXT PRIMARY KEY, n @int NOT NULL UNIQUE, site TEXT NOT NULL, at @int NOT NULL, lost @int NOT NULL,"
	"  stand_in TEXT NOT NULL, reason TEXT NOT NULL, lang TEXT NOT NULL, said_at @int NOT NULL, by TEXT NOT NULL) @strict;"
	"CREATE INDEX site_changes_site ON site_changes(site, n);"
	"ALTER TABLE handovers ADD COLUMN passed_to TEXT;"
	"CREATE INDEX tasks_due ON tasks(due_at) WHERE done_at IS NULL AND due_at IS NOT NULL;",
	/* copies of the lines that were decided on */
	"CREATE TABLE copies(detection TEXT PRIMARY KEY REFERENCES detections(id), at @int NOT NULL, wanted @int NOT NULL, kept @int NOT NULL) @strict;"
	"CREATE TABLE copied_lines(detection TEXT NOT NULL REFERENCES copies(detection), nth @int NOT NULL, event TEXT NOT NULL, at TEXT NOT NULL, device TEXT NOT NULL,"
	"  line TEXT NOT NULL, cut @int NOT NULL, PRIMARY KEY(detection, nth)) @strict;",
	/* maintenance that was announced too late to be left out; exclusions are two persons' word, and can be objected to */
	"ALTER TABLE maintenance ADD COLUMN urgent @int NOT NULL DEFAULT 0;"
	"ALTER TABLE exclusions ADD COLUMN state TEXT NOT NULL DEFAULT 'active';"
	"ALTER TABLE exclusions ADD COLUMN words TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE exclusions ADD COLUMN approved_at @int;"
	"ALTER TABLE exclusions ADD COLUMN approved_by TEXT;"
	"UPDATE exclusions SET state = 'withdrawn' WHERE withdrawn_at IS NOT NULL;"
	"ALTER TABLE inquiries ADD COLUMN exclusion TEXT;"
	"CREATE INDEX inquiries_exclusion ON inquiries(exclusion) WHERE exclusion IS NOT NULL;",
	/* what the customer got: a mail's subject and text, a call's recording */
	"ALTER TABLE outbox ADD COLUMN sent TEXT;"
	"ALTER TABLE outbox ADD COLUMN recording TEXT;",

	/* which number of its contact a call rang: the next one is another */
	"ALTER TABLE outbox ADD COLUMN ord @int;"
	"CREATE INDEX outbox_chain ON outbox(chain, id) WHERE chain IS NOT NULL;",

	/* whose mail it is: an alarm that is refused goes on to the next address */
	"ALTER TABLE outbox ADD COLUMN alarm TEXT;"
	"CREATE INDEX outbox_alarm ON outbox(alarm, id) WHERE alarm IS NOT NULL;",

	/* when somebody was told of a wish, and of a device that keeps everybody waiting */
	"ALTER TABLE registrations ADD COLUMN told_at @int;"
	"ALTER TABLE registrations ADD COLUMN late_at @int;",
	/* floods of mails: by whom, and the one thread that takes them */
	"ALTER TABLE inquiry_mails ADD COLUMN sender TEXT;"
	"CREATE INDEX inquiry_mails_at ON inquiry_mails(at);"
	"CREATE INDEX inquiry_mails_sender ON inquiry_mails(sender, at) WHERE sender IS NOT NULL;"
	"ALTER TABLE inquiries ADD COLUMN flood TEXT;"
	"CREATE INDEX inquiries_flood ON inquiries(flood) WHERE flood IS NOT NULL;",

	/* within which time inquiries of a tenant are answered, where it is not what everybody is promised */
	"ALTER TABLE tenants ADD COLUMN promises TEXT NOT NULL DEFAULT '[]';",
	/* advisories: CVEs, why one was withdrawn; assets (NULL: nobody looked), on how many devices it was seen, what the tenant was told of that */
	"ALTER TABLE advisories ADD COLUMN cves TEXT NOT NULL DEFAULT '[]';"
	"ALTER TABLE advisories ADD COLUMN reason_ja TEXT;"
	"ALTER TABLE advisories ADD COLUMN reason_en TEXT;"
	"ALTER TABLE advisories ADD COLUMN withdrawn_at @int;"
	"ALTER TABLE advisory_tenants ADD COLUMN assets TEXT;"
	"ALTER TABLE advisory_tenants ADD COLUMN seen_devices @int;"
	"ALTER TABLE advisory_tenants ADD COLUMN told @int;",
	/* corrections: what was published stays, revision by revision */
	"CREATE TABLE report_revisions(report TEXT NOT NULL REFERENCES reports(id), revision @int NOT NULL, published_at @int NOT NULL, published_by TEXT NOT NULL,"
	"  by_ja TEXT NOT NULL, by_en TEXT NOT NULL, reason_ja TEXT NOT NULL, reason_en TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY(report, revision)) @strict;"
	"INSERT INTO report_revisions(report, revision, published_at, published_by, by_ja, by_en, reason_ja, reason_en, data) SELECT id, 1, published_at,"
	"  published_by, by_ja, by_en, '', '', data FROM reports WHERE state = 'published';"
	"UPDATE reports SET data = NULL;"
	"ALTER TABLE reports ADD COLUMN revision @int NOT NULL DEFAULT 1;"
	"ALTER TABLE reports ADD COLUMN reason_ja TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE reports ADD COLUMN reason_en TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE reports ADD COLUMN kept @int NOT NULL DEFAULT 0;"
	"ALTER TABLE reports ADD COLUMN correcting_at @int;",
};
const size_t desk_schema_steps = sizeof desk_schema / sizeof *desk_schema;

const char *const desk_projection[] = { "tenants", "contacts", "numbers", "users", "candidates", "detections", "rolled",
	"entities", "entries", "clocks", "incidents", "evidence", "actions", "chains", "outbox", "timers", "alarms", "lcps",
	"tokens", "counters", "days", "downgrades", "apart", "relations", "tasks",
	"days_off", "exceptions", "hidden", "reports", "report_revisions", "providers", "hooks", "digests",
	"rosters", "site_changes", "handovers", "handover_items",
	"registrations",
	"lcp_certs", "endpoints", "apikeys",
	"copies", "copied_lines",
	"maintenance", "exclusions", "appointments", "test_calls",
	"inquiries", "inquiry_people", "inquiry_messages", "inquiry_mails", "inquiry_files", "inquiry_senders", "advisories", "advisory_tenants", "advisory_reads", NULL };
