// SPDX-License-Identifier: MIT
/*
 * Long frames of wired M-Bus that carry DLMS: EN 13757-2, section 5. A pure function of bytes.
 */
#include "../../kernel/telegram/swar.h"
#include "mbus.h"

#define STOP 0x16
/* C, A, CI, STSAP, DTSAP. */
#define FIELDS_LEN 5
/* The length is sent modulo this. */
#define LENGTH_MODULO 256

/* CI: no header of M-Bus data, and the segment. */
#define CI_MASK	   0xe0
#define CI_FINAL   0x10
#define CI_SEGMENT 0x0f

/* The sum is one modulo 256, so carries out of it do not count. */
static u8 sum_of(const u8 *bytes, size_t count)
{
	const u8 *end = bytes + count;
	unsigned int sum = 0;

	for (; end - bytes >= 8; bytes += 8)
		sum += swar_sum(swar_load(bytes));
	while (bytes < end)
		sum += *bytes++;
	return sum;
}

static enum mbus_verdict check_frame(const u8 *bytes, size_t count, size_t length)
{
	if (count < length + MBUS_AROUND)
		return MBUS_OPEN;
	bytes += MBUS_HEADER_LEN;
	if (bytes[length + 1] != STOP)
		return MBUS_NO_STOP;
	return sum_of(bytes, length) == bytes[length] ? MBUS_GOOD : MBUS_BAD_CHECKSUM;
}

static void read_fields(const u8 *bytes, size_t length, struct mbus_frame *f)
{
	const u8 ci = bytes[2];

	f->dlms = !(ci & CI_MASK);
	f->control = bytes[0];
	f->address = bytes[1];
	f->segment = ci & CI_SEGMENT;
	f->final = ci & CI_FINAL;
	f->source = bytes[3];
	f->destination = bytes[4];
	f->data = bytes + FIELDS_LEN;
	f->data_len = length - FIELDS_LEN;
}

/* As far as the bytes go, which of a header are there. */
static bool is_header(const u8 *bytes, size_t count)
{
	return (count < 3 || bytes[1] == bytes[2]) &&
	       (count < MBUS_HEADER_LEN || bytes[3] == MBUS_START);
}

/* Sets *@length, as it was sent, to what fits the frame. */
static enum mbus_verdict fit(const u8 *bytes, size_t count, bool last, size_t *length)
{
	enum mbus_verdict verdict = MBUS_NONE, longer;

	if (*length >= FIELDS_LEN)
		verdict = check_frame(bytes, count, *length);
	if (verdict == MBUS_GOOD || verdict == MBUS_OPEN)
		return verdict;
	*length += LENGTH_MODULO;
	longer = check_frame(bytes, count, *length);
	if (longer == MBUS_GOOD || verdict == MBUS_NONE || (longer == MBUS_OPEN && !last))
		return longer;
	*length -= LENGTH_MODULO;
	return verdict;
}

/**
 * mbus_read - look at what may be a long frame
 * @bytes: the first is a start
 * @count: how many there are, at least one
 * @last: no more will come, so that a frame that does not fit its length may not be 256 bytes
 *	longer
 * @f: for what it says; valid when it is good, or nothing but its checksum is wrong
 *
 * Return: MBUS_GOOD, MBUS_OPEN, or what is wrong.
 */
enum mbus_verdict mbus_read(const u8 *bytes, size_t count, bool last, struct mbus_frame *f)
{
	enum mbus_verdict verdict;
	size_t length;

	if (!is_header(bytes, count))
		return MBUS_NONE;
	if (count < MBUS_HEADER_LEN)
		return MBUS_OPEN;
	length = bytes[1];
	verdict = fit(bytes, count, last, &length);
	if (verdict != MBUS_GOOD && verdict != MBUS_BAD_CHECKSUM)
		return verdict;
	f->len = length + MBUS_AROUND;
	read_fields(bytes + MBUS_HEADER_LEN, length, f);
	return verdict;
}
