// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <inttypes.h>

#include "host.h"

/** keep_promises - runs the tests of a program; its exit code is that of main() */
int keep_promises(const struct promise *promises, size_t count)
{
	size_t failed = 0, skipped = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		const char *skip = NULL;
		bool kept = promises[i].run(&skip);

		failed += !kept && !skip;
		skipped += !!skip;
		printf("%sok %zu - %s%s%s\n", kept || skip ? "" : "not ", i + 1, promises[i].name,
		       skip ? " # SKIP " : "", skip ? skip : "");
	}
	if (failed)
		return 1;
	return skipped == count ? 4 : 0;
}

bool broken(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	return false;
}

void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
}

static bool has_ending(const char *name, const char *ending)
{
	size_t len = strlen(name), ending_len = strlen(ending);

	return len > ending_len && !strcmp(name + len - ending_len, ending);
}

void load_vector(struct vector *v, const char *directory, const char *name)
{
	FILE *file;

	snprintf(v->name, sizeof(v->name), "%s/%s", directory, name);
	file = fopen(v->name, "rb");
	if (!file || fseek(file, 0, SEEK_END)) {
		perror(v->name);
		exit(1);
	}
	v->len = ftell(file);
	rewind(file);
	v->bytes = malloc(v->len + 1);
	if (!v->bytes || fread(v->bytes, 1, v->len, file) != v->len) {
		perror(v->name);
		exit(1);
	}
	fclose(file);
}

static int is_vector(const struct dirent *entry)
{
	return has_ending(entry->d_name, ".bin") || has_ending(entry->d_name, ".txt");
}

size_t load_directory(struct vector **vectors, size_t count, const char *directory)
{
	struct dirent **entries;
	int found = scandir(directory, &entries, is_vector, alphasort);

	for (int i = 0; i < found; i++) {
		*vectors = realloc(*vectors, (count + 1) * sizeof(**vectors));
		load_vector(&(*vectors)[count++], directory, entries[i]->d_name);
		free(entries[i]);
	}
	if (found >= 0)
		free(entries);
	return count;
}

/** load_vectors - those of the project, and of the corpus where it is there */
size_t load_vectors(struct vector **vectors)
{
	size_t own, count;

	*vectors = NULL;
	own = load_directory(vectors, 0, "tests/vectors");
	count = load_directory(vectors, own, "../shared/corpus/tic");
	count = load_directory(vectors, count, "../shared/corpus/p1");
	if (!own) {
		printf("Bail out! tests/vectors is empty: run this from the project's root\n");
		exit(1);
	}
	return count;
}

void free_vectors(struct vector *vectors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(vectors[i].bytes);
	free(vectors);
}

static void text_reserve(struct text *text, size_t more)
{
	if (text->room - text->len > more)
		return;
	text->room = 2 * text->room + more + 256;
	text->at = realloc(text->at, text->room);
	if (!text->at)
		abort();
}

void text_add(struct text *text, const char *format, ...)
{
	va_list args;

	text_reserve(text, 512);
	va_start(args, format);
	text->len += vsnprintf(text->at + text->len, 512, format, args);
	va_end(args);
}

void text_add_bytes(struct text *text, const u8 *bytes, size_t len)
{
	text_reserve(text, len);
	memcpy(text->at + text->len, bytes, len);
	text->len += len;
	text->at[text->len] = '\0';
}

void text_free(struct text *text)
{
	free(text->at);
	*text = (struct text){ 0 };
}

bool text_same(const struct text *a, const struct text *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->at, b->at, a->len));
}

void say_start(struct said *said, enum telegram_protocol protocol, unsigned int damaged)
{
	said->telegrams++;
	text_add(&said->fields, "telegram %s damaged %u\n", telegram_protocol_name(protocol),
		 damaged);
}

void say_field(struct said *said, const u8 *label, size_t label_len, const u8 *horodate,
	       const u8 *value, size_t len)
{
	text_add_bytes(&said->fields, label, label_len);
	if (horodate) {
		text_add(&said->fields, " @ ");
		text_add_bytes(&said->fields, horodate, value - horodate - 1);
	}
	text_add(&said->fields, " = ");
	text_add_bytes(&said->fields, value, len);
	text_add(&said->fields, "\n");
}

static void say_meaning(struct said *said, const struct telegram *t)
{
	char number[METERLINE_NUMBER_MAX + 1];
	struct reading reading;
	s64 time;

	telegram_number(t, number, sizeof(number));
	text_add(&said->fields, "number %s\n", number);
	if (telegram_time(t, &time))
		text_add(&said->fields, "time %" PRId64 "\n", time);
	telegram_quantities(t, &reading);
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++)
		if (reading_has(&reading, q))
			text_add(&said->fields, "%s %" PRId64 "\n", quantity_info[q].name,
				 reading.milli[q]);
}

/** say_telegram - notes a telegram; a telegram_fn */
void say_telegram(void *context, const struct telegram *t)
{
	struct said *said = context;

	say_start(said, t->protocol, t->damaged);
	for (unsigned int i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		const u8 *label = t->text + f->label;
		bool stamped = t->protocol != TELEGRAM_P1 && tic_field_has_horodate(f);

		say_field(said, label, f->label_len, stamped ? label + f->label_len + 1 : NULL,
			  t->text + f->value, f->len);
	}
	if (!said->fields_only)
		say_meaning(said, t);
}

struct said decode(unsigned int protocols, const u8 *bytes, size_t len, size_t chunk,
		   struct telegram_stats *stats)
{
	struct said said = { .telegrams = 0 };
	struct line_decoder *d = malloc(sizeof(*d));

	line_decoder_init(d, protocols, say_telegram, &said);
	for (size_t at = 0; at < len;) {
		size_t n = chunk && chunk < len - at ? chunk : len - at;

		line_decoder_feed(d, bytes + at, n, at);
		at += n;
	}
	line_decoder_pause(d);
	if (stats)
		*stats = d->stats;
	free(d);
	return said;
}

struct said decode_cut(unsigned int protocols, const u8 *bytes, size_t len, size_t cut)
{
	struct said said = { .fields_only = true };
	struct line_decoder *d = malloc(sizeof(*d));

	line_decoder_init(d, protocols, say_telegram, &said);
	line_decoder_feed(d, bytes, cut, 0);
	line_decoder_feed(d, bytes + cut, len - cut, 0);
	line_decoder_pause(d);
	free(d);
	return said;
}

bool same_said(const struct said *a, const struct said *b)
{
	return a->telegrams == b->telegrams && text_same(&a->fields, &b->fields);
}

void said_free(struct said *said)
{
	text_free(&said->fields);
	said->telegrams = 0;
}

bool is_7e1(const u8 *bytes, size_t len)
{
	struct parity_evidence parity = { .bytes = len };

	for (size_t i = 0; i < len; i++) {
		parity.even += !__builtin_parity(bytes[i]);
		parity.bit7 |= bytes[i] >> 7;
	}
	return carries_parity(&parity);
}

u32 lot(u64 *state, u32 bound)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (*state >> 33) * bound >> 31;
}

/* From '/' to '!', to which a CRC is added, bit by bit (DSMR 5.0.2 6.2). */
size_t p1_with_crc(u8 *bytes, size_t size, const char *text)
{
	size_t len = strlen(text);
	u16 crc = 0;

	for (size_t i = 0; i < len; i++) {
		crc ^= (u8)text[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
	}
	return snprintf((char *)bytes, size, "%s%04X\r\n", text, crc);
}

/* Groups without checksum, "LABEL value" or with HT, to a frame. */
size_t tic_frame_of(u8 *bytes, size_t size, const char *const *groups, size_t count)
{
	size_t len = 0;

	bytes[len++] = 2;
	for (size_t i = 0; i < count; i++) {
		char separator = strchr(groups[i], '\t') ? '\t' : ' ';
		unsigned int sum = separator == '\t' ? '\t' : 0;

		for (const char *c = groups[i]; *c; c++)
			sum += (u8)*c;
		len += snprintf((char *)bytes + len, size - len, "\n%s%c%c\r", groups[i], separator,
				(sum & 0x3f) + 0x20);
	}
	bytes[len++] = 3;
	return len;
}

void add_parity(u8 *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (bytes[i] & 0x7f) | __builtin_parity(bytes[i] & 0x7f) << 7;
}

bool goes_into_a_record(const struct telegram *t)
{
	const struct record_header h = { .protocol = t->protocol };
	char *text = malloc(METERLINE_RECORD_MAX);
	size_t len = record_text(t, &h, text, METERLINE_RECORD_MAX), lines = 0;

	for (size_t i = 0; i < len && len < METERLINE_RECORD_MAX; i++)
		lines += text[i] == '\n';
	free(text);
	/* The header, the fields, and the empty line. */
	return lines == t->nfields + 2u || broken("%zu lines for %u fields", lines, t->nfields);
}
