// SPDX-License-Identifier: MIT
/*
 * The state of the whole daemon, for meterctl status.
 */
#include "../../kernel/telegram/telegram.h"
#include "../lib/json.h"
#include "config_keys.h"
#include "control_status.h"
#include "publish.h"
#include "source.h"

static void json_member_text(FILE *out, const char *name, const char *text)
{
	fprintf(out, "\"%s\":", name);
	json_text(out, text);
}

/* Telegrams and TIC groups that were dropped. */
static u64 damaged(const struct line *line)
{
	const struct telegram_stats *s = &line->decoder->stats;
	const struct dlms_counts *c = line->dlms;

	return s->bad_checksum + s->bad_parity + s->bad_form + s->oversize +
	       (c ? dlms_damaged(c) + c->bad_form + c->parts.gaps + c->parts.oversize : 0);
}

/* What was dropped before it became a byte. */
static void json_uart(FILE *out, const struct softuart_stats *s)
{
	fprintf(out, ",\"framing\":%llu,\"lost_edges\":%llu,\"glitches\":%llu",
		(unsigned long long)s->framing, (unsigned long long)s->lost_edges,
		(unsigned long long)s->glitches);
}

/* Of the tags of frames that were taken: they are alike as long as the keys are. */
static const char *tag_name(const struct p1_cipher_stats *c)
{
	if (c->verified)
		return "verified";
	return c->unverified ? "not-verifiable" : c->wrong_tag ? "wrong" : "unknown";
}

static void json_cipher(FILE *out, const struct p1_cipher_stats *c)
{
	fprintf(out,
		",\"encrypted\":{\"tag\":\"%s\",\"verified\":%llu,\"unverified\":%llu,"
		"\"wrong_tag\":%llu,\"unreadable\":%llu,\"replayed\":%llu}", tag_name(c),
		(unsigned long long)c->verified, (unsigned long long)c->unverified,
		(unsigned long long)c->wrong_tag, (unsigned long long)c->unreadable,
		(unsigned long long)c->replayed);
}

static void json_line(FILE *out, const struct line *line)
{
	struct p1_cipher_stats cipher;
	char since[ISO_TIME_LEN + 1];

	iso_time(line->since_s, since);
	putc('{', out);
	json_member_text(out, "what", line->what);
	fprintf(out, ",\"state\":\"%s\",\"since\":\"%s\",", line_state_name(line->state), since);
	json_member_text(out, "why", line->why);
	fprintf(out, ",\"telegrams\":%llu,\"gaps\":%llu", (unsigned long long)line->telegrams,
		(unsigned long long)line->gaps);
	if (line->decoder)
		fprintf(out, ",\"damaged\":%llu", (unsigned long long)damaged(line));
	if (line->uart)
		json_uart(out, line->uart);
	if (line_cipher_stats(line, &cipher))
		json_cipher(out, &cipher);
	if (line->interval_ms)
		fprintf(out, ",\"period_ms\":%u", line->interval_ms);
	putc('}', out);
}

static void json_d2l(FILE *out, const struct d2l_stats *d)
{
	fprintf(out,
		",\"d2l\":{\"good\":%llu,\"unknown\":%llu,\"wrong_key\":%llu,\"unreadable\":%llu,"
		"\"old\":%llu,\"repeated\":%llu,\"update\":%llu}", (unsigned long long)d->good,
		(unsigned long long)d->unknown, (unsigned long long)d->wrong_key,
		(unsigned long long)d->unreadable, (unsigned long long)d->old,
		(unsigned long long)d->repeated, (unsigned long long)d->updates);
}

static void json_source(FILE *out, const struct source *s)
{
	fprintf(out, "{\"name\":\"%s\",\"type\":\"%s\",\"on\":%s,\"lines\":[", s->config.name,
		source_type_name(s->config.type), s->on ? "true" : "false");
	for (const struct line *line = s->lines; line; line = line->next) {
		if (line != s->lines)
			putc(',', out);
		json_line(out, line);
	}
	putc(']', out);
	if (s->d2l)
		json_d2l(out, s->d2l);
	putc('}', out);
}

/* The civil date on which a period begins: "2024-03-31". */
static void json_date(FILE *out, const struct ledger_book *b, s64 start_s)
{
	char text[ISO_TIME_LEN + 1];

	iso_time(start_s + zone_offset_s(b->zone, start_s), text);
	fprintf(out, "\"date\":\"%.10s\"", text);
}

/* What the registers that are no tariffs counted in the running period, which began on "date". */
static void json_running(FILE *out, const char *name, const struct ledger_book *b, enum period p)
{
	struct ledger_entry e;
	bool dated = false;

	fprintf(out, ",\"%s\":{", name);
	for (unsigned int i = 0; b && i < REGISTER_COUNT; i++) {
		enum quantity reg = register_at(i);

		if (register_tariff(reg) || !ledger_running(b, reg, p, &e) ||
		    e.quality & QUALITY_MISSING)
			continue;
		if (!dated)
			json_date(out, b, e.start_s);
		dated = true;
		fprintf(out, ",\"%s\":", quantity_info[reg].name);
		json_milli(out, e.milli);
	}
	putc('}', out);
}

static void json_meter(FILE *out, const struct meter *m)
{
	char received[ISO_TIME_LEN + 1];

	fprintf(out, "{\"name\":\"%s\",\"state\":\"%s\"", m->name,
		line_state_name(meter_line_state(m)));
	if (*m->source)
		fprintf(out, ",\"source\":\"%s\"", m->source);
	if (m->heard) {
		iso_time(m->received_ms / 1000, received);
		fprintf(out, ",\"received\":\"%s\"", received);
	}
	json_running(out, "day", m->book, PERIOD_DAY);
	json_running(out, "month", m->book, PERIOD_MONTH);
	putc('}', out);
}

static void json_sink(FILE *out, const struct sink *s, const struct sink_status *status)
{
	fprintf(out, "{\"name\":\"%s\",\"state\":\"%s\",", s->name,
		status->connected ? "connected" : "away");
	json_member_text(out, "what", status->what);
	putc(',', out);
	json_member_text(out, "why", status->why);
	fprintf(out, ",\"sent\":%llu,\"lost\":%llu}", (unsigned long long)status->sent,
		(unsigned long long)status->lost);
}

/* Those that have a connection. */
static void json_sinks(FILE *out, const struct publisher *p)
{
	const char *comma = "";
	struct sink_status status;

	for (const struct sink *s = publisher_sinks(p); s; s = s->next) {
		if (!sink_status(s, &status))
			continue;
		fputs(comma, out);
		json_sink(out, s, &status);
		comma = ",";
	}
}

static void json_store(FILE *out, const struct store *store)
{
	struct store_status status;

	store_status(store, &status);
	fprintf(out, "{\"commits\":%llu,\"rows\":%llu,\"rows_waiting\":%llu,\"bytes\":%llu",
		(unsigned long long)status.commits, (unsigned long long)status.rows,
		(unsigned long long)status.rows_waiting, (unsigned long long)status.bytes);
	if (status.error) {
		putc(',', out);
		json_member_text(out, "error", status.error);
	}
	putc('}', out);
}

/**
 * control_status_json - all sources with their lines, all meters, sinks that have a connection, and
 *	the store
 * @out: where one line of JSON goes
 * @view: what there is
 * @uptime_s: since the daemon began
 */
void control_status_json(FILE *out, const struct view *view, u64 uptime_s)
{
	fprintf(out, "{\"version\":\"%s\",\"uptime_s\":%llu,\"sources\":[", METERLINE_VERSION,
		(unsigned long long)uptime_s);
	for (const struct source *s = sources_first(view->sources); s; s = s->next) {
		json_source(out, s);
		if (s->next)
			putc(',', out);
	}
	fputs("],\"meters\":[", out);
	for (const struct meter *m = meters_first(view->meters); m; m = m->next) {
		json_meter(out, m);
		if (m->next)
			putc(',', out);
	}
	fputs("],\"sinks\":[", out);
	json_sinks(out, view->publisher);
	fputs("],\"store\":", out);
	json_store(out, view->store);
	fputs("}\n", out);
}
