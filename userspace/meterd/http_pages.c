// SPDX-License-Identifier: MIT
/*
 * What the HTTP server shows: which page a path asks for, /meters, /meters/NAME and /ledger.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "../lib/json.h"
#include "http_pages.h"
#include "state_json.h"

/* A part has so many states, or so many entries of the ledger: some 15 KiB. */
#define STATES_PER_PART		16
#define ENTRIES_PER_PART	128

/* Without from and to, /ledger tells so many. */
#define LEDGER_NEWEST 10000

#define PARAMETER_MAX 64

/**
 * error_json - what every error is: {"error": sentence}
 * @out: where to
 * @sentence: for a person
 */
void error_json(FILE *out, const char *sentence)
{
	fputs("{\"error\":", out);
	json_text(out, sentence);
	fputs("}\n", out);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/*
 * Takes %XX away. A '+' stays: it is that of an offset, for no parameter has blanks. False when
 * it does not fit, when an escape is none, and for bytes that no text has.
 */
static bool percent_decode(const char *in, size_t len, char *out, size_t size)
{
	const char *end = in + len;

	for (; in < end; in++, out++, size--) {
		int byte = (u8)*in;

		if (byte == '%') {
			if (end - in < 3 || hex_digit(in[1]) < 0 || hex_digit(in[2]) < 0)
				return false;
			byte = hex_digit(in[1]) << 4 | hex_digit(in[2]);
			in += 2;
		}
		if (size < 2 || byte < 0x20 || byte == 0x7f)
			return false;
		*out = byte;
	}
	*out = '\0';
	return true;
}

/** struct parameter - one that a page takes; @value "": not given */
struct parameter {
	const char *name;
	const char *expected;
	char value[PARAMETER_MAX];
	bool given;
};

static struct parameter *parameter_named(struct parameter *all, const char *name)
{
	for (; all->name; all++)
		if (!strcmp(all->name, name))
			return all;
	return NULL;
}

static int bad(char error[PAGE_ERROR_MAX], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int bad(char error[PAGE_ERROR_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, PAGE_ERROR_MAX, format, args);
	va_end(args);
	return 400;
}

static int bad_value(const struct parameter *p, char error[PAGE_ERROR_MAX])
{
	return bad(error, "parameter '%s' must be %s", p->name, p->expected);
}

static int take_parameter(const char *text, size_t len, struct parameter *all,
			  char error[PAGE_ERROR_MAX])
{
	const char *equals = memchr(text, '=', len);
	size_t name_len = equals ? (size_t)(equals - text) : len;
	char name[PARAMETER_MAX];
	struct parameter *p;

	if (!percent_decode(text, name_len, name, sizeof(name)))
		return bad(error, "a parameter's name is too long or not percent-encoded text");
	p = parameter_named(all, name);
	if (!p)
		return bad(error, "parameter '%s' is not known here%s", name,
			   all->name ? ": meter, period, from and to are" : ", nor any other");
	if (p->given)
		return bad(error, "parameter '%s' is given twice", name);
	p->given = true;
	if (!equals || !percent_decode(equals + 1, len - name_len - 1, p->value, sizeof(p->value)))
		return bad_value(p, error);
	return 0;
}

/* 0, or the status of an error. */
static int take_parameters(const char *query, struct parameter *all, char error[PAGE_ERROR_MAX])
{
	while (query && *query) {
		size_t len = strcspn(query, "&");
		int status = len ? take_parameter(query, len, all, error) : 0;

		if (status)
			return status;
		query += len + (query[len] == '&');
	}
	return 0;
}

static int unknown_meter(const char *name, char error[PAGE_ERROR_MAX])
{
	snprintf(error, PAGE_ERROR_MAX,
		 "no meter is called '%.*s'; GET /meters tells which there are", METER_NAME_LEN,
		 name);
	return 404;
}

static int no_memory(char error[PAGE_ERROR_MAX])
{
	snprintf(error, PAGE_ERROR_MAX, "not enough memory for this answer at the moment");
	return 503;
}

/**
 * struct meters_page - /meters and /meters/NAME
 * @name: of the meter that was written last, "": none yet; or of the only one
 */
struct meters_page {
	struct page page;
	struct meters *meters;
	bool identity;
	char name[METER_NAME_LEN + 1];
};

static void plain_free(struct page *page)
{
	free(page);
}

static int meters_page_open(const struct page_request *r, const char *name,
			    enum page_step (*write)(struct page *page, FILE *out),
			    struct page **page, char error[PAGE_ERROR_MAX])
{
	struct meters_page *p = calloc(1, sizeof(*p));

	if (!p)
		return no_memory(error);
	p->page = (struct page){
		.type = "application/json",
		.write = write,
		.free = plain_free,
	};
	p->meters = r->view->meters;
	p->identity = r->identity;
	snprintf(p->name, sizeof(p->name), "%s", name);
	*page = &p->page;
	return 200;
}

static enum page_step states_write(struct page *page, FILE *out)
{
	struct meters_page *p = (struct meters_page *)page;
	struct state_options o = { .identity = p->identity };
	unsigned int count = 0;

	if (!p->name[0])
		fputc('[', out);
	for (const struct meter *m = meters_first(p->meters); m; m = m->next) {
		if (strcmp(m->name, p->name) <= 0)
			continue;
		if (count++ == STATES_PER_PART)
			return PAGE_MORE;
		if (p->name[0])
			fputs(",\n", out);
		meter_state_json(out, m, meter_now_ms(m), &o);
		strcpy(p->name, m->name);
	}
	fputs("]\n", out);
	return PAGE_LAST;
}

static int states_open(const struct page_request *r, struct page **page,
		       char error[PAGE_ERROR_MAX])
{
	return meters_page_open(r, "", states_write, page, error);
}

/* One part, made at once. */
static enum page_step state_write(struct page *page, FILE *out)
{
	struct meters_page *p = (struct meters_page *)page;
	struct state_options o = { .identity = p->identity, .fields = true };
	const struct meter *m = meters_find(p->meters, p->name);

	if (!m)
		return PAGE_FAILED;
	meter_state_json(out, m, meter_now_ms(m), &o);
	fputc('\n', out);
	return PAGE_LAST;
}

static int state_open(const struct page_request *r, const char *name, struct page **page,
		      char error[PAGE_ERROR_MAX])
{
	if (!meters_find(r->view->meters, name))
		return unknown_meter(name, error);
	return meters_page_open(r, name, state_write, page, error);
}

/** struct ledger_page - /ledger; @query NULL: nothing is in the ledger yet */
struct ledger_page {
	struct page page;
	struct ledger_query *query;
	bool begun;
};

static enum page_step ledger_write(struct page *page, FILE *out)
{
	struct ledger_page *p = (struct ledger_page *)page;
	struct ledger_entry entries[ENTRIES_PER_PART];
	int count = p->query ? ledger_query_next(p->query, entries, ENTRIES_PER_PART) : 0;

	if (count < 0)
		return PAGE_FAILED;
	for (int i = 0; i < count; i++) {
		fputs(p->begun ? ",\n" : "[", out);
		p->begun = true;
		ledger_entry_json(out, &entries[i]);
	}
	if (count)
		return PAGE_MORE;
	fputs(p->begun ? "]\n" : "[]\n", out);
	return PAGE_LAST;
}

static void ledger_page_free(struct page *page)
{
	struct ledger_page *p = (struct ledger_page *)page;

	if (p->query)
		ledger_query_close(p->query);
	free(p);
}

/*
 * Midnight of YYYY-MM-DD in a zone, or in UTC where no zone is known: where the day begins of
 * which noon, or nearly, is.
 */
static bool parse_date(const char *text, const struct zone *zone, s64 *unix_s)
{
	char iso[ISO_TIME_LEN + 1];
	s64 end_s;

	if (strlen(text) != 10)
		return false;
	snprintf(iso, sizeof(iso), "%sT%s:00:00Z", text, zone ? "12" : "00");
	if (!iso_time_parse(iso, unix_s))
		return false;
	if (zone)
		zone_period(zone, PERIOD_DAY, *unix_s - zone_offset_s(zone, *unix_s), unix_s,
			    &end_s);
	return true;
}

static bool parse_time(const struct parameter *p, const struct zone *zone, s64 *unix_s)
{
	if (!p->given)
		return true;
	return iso_time_parse(p->value, unix_s) || parse_date(p->value, zone, unix_s);
}

static int ledger_page_open(const struct view *view, const struct meter *m, enum period period,
			    s64 from_s, s64 to_s, size_t newest, struct page **page,
			    char error[PAGE_ERROR_MAX])
{
	struct ledger_page *p = calloc(1, sizeof(*p));

	if (!p)
		return no_memory(error);
	if (m->book) {
		p->query = ledger_query_open(view->store, m->name, period, from_s, to_s, newest);
		if (!p->query) {
			free(p);
			snprintf(error, PAGE_ERROR_MAX,
				 "the ledger cannot be read at the moment; meterd's log says why");
			return 503;
		}
	}
	p->page = (struct page){
		.type = "application/json",
		.write = ledger_write,
		.free = ledger_page_free,
	};
	*page = &p->page;
	return 200;
}

#define TIME_EXPECTED                                                                              \
	"a time such as 2024-10-10T23:05:31Z or 2024-10-11T01:05:31+02:00, or a date"

static int ledger_open(const struct page_request *r, struct page **page,
		       char error[PAGE_ERROR_MAX])
{
	struct parameter all[] = {
		{ .name = "meter", .expected = "the name of a meter" },
		{ .name = "period", .expected = "quarter, day, month or year" },
		{ .name = "from", .expected = TIME_EXPECTED },
		{ .name = "to", .expected = TIME_EXPECTED },
		{ .name = NULL },
	};
	struct parameter *meter = &all[0], *period_text = &all[1], *from = &all[2], *to = &all[3];
	s64 from_s = INT64_MIN, to_s = INT64_MAX;
	const struct zone *zone;
	const struct meter *m;
	enum period period;
	int status = take_parameters(r->query, all, error);

	if (status)
		return status;
	if (!meter->given)
		return bad_value(meter, error);
	if (!period_by_name(period_text->value, &period))
		return bad_value(period_text, error);
	m = meters_find(r->view->meters, meter->value);
	if (!m)
		return unknown_meter(meter->value, error);
	zone = m->book ? m->book->zone : m->config ? m->config->zone : NULL;
	if (!parse_time(from, zone, &from_s))
		return bad_value(from, error);
	if (!parse_time(to, zone, &to_s))
		return bad_value(to, error);
	if (from_s >= to_s)
		return bad(error, "parameter 'from' must be a time before that of 'to'");
	return ledger_page_open(r->view, m, period, from_s, to_s,
				from->given || to->given ? 0 : LEDGER_NEWEST, page, error);
}

static int metrics_open(const struct page_request *r, struct page **page,
			char error[PAGE_ERROR_MAX])
{
	*page = metrics_page(r);
	return *page ? 200 : no_memory(error);
}

/**
 * page_open - finds the page that a request asks for
 * @r: the request
 * @page: set when it is 200; its free() ends it
 * @error: else a sentence
 *
 * Loop thread.
 *
 * Return: status of HTTP.
 */
int page_open(const struct page_request *r, struct page **page, char error[PAGE_ERROR_MAX])
{
	struct parameter none = { .name = NULL };
	char path[PARAMETER_MAX];
	int status;

	if (!percent_decode(r->path, strlen(r->path), path, sizeof(path))) {
		snprintf(error, PAGE_ERROR_MAX, "nothing has so long or so strange a path; there "
			 "are /meters, /meters/NAME, /ledger and /metrics");
		return 404;
	}
	if (!strcmp(path, "/ledger"))
		return ledger_open(r, page, error);
	status = take_parameters(r->query, &none, error);
	if (!strcmp(path, "/meters"))
		return status ? status : states_open(r, page, error);
	if (!strncmp(path, "/meters/", 8))
		return status ? status : state_open(r, path + 8, page, error);
	if (!strcmp(path, "/metrics"))
		return status ? status : metrics_open(r, page, error);
	snprintf(error, PAGE_ERROR_MAX,
		 "there is no %s; there are /meters, /meters/NAME, /ledger and /metrics", path);
	return 404;
}
