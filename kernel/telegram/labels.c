// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The tables of quantities and labels, and finding a label in them.
 */
#include "labels.h"
#include "quantities.h"
#include "swar.h"

const struct quantity_info quantity_info[QUANTITY_COUNT] = {
#define QUANTITY_ROW(id, file, m, d, type, index, label)                                          \
	[Q_##id] = { .name = #id, .sysfs = file, .mul = m, .div = d,                               \
		     .iio = QUANTITY_IIO_##type, .iio_index = index, .iio_label = label },
	QUANTITY_LIST(QUANTITY_ROW)
#undef QUANTITY_ROW
};

const struct label_info tic_labels[] = {
#define TIC_LABEL(id, label, f, q, fl)                                                            \
	{ .name = label, .len = sizeof(label) - 1, .form = FORM_##f, .quantity = Q_##q, .flags = fl },
	TIC_HISTORIQUE_LIST(TIC_LABEL)
	TIC_STANDARD_LIST(TIC_LABEL)
#undef TIC_LABEL
};

const unsigned int tic_label_count = sizeof(tic_labels) / sizeof(tic_labels[0]);

const struct label_info p1_labels[] = {
#define P1_LABEL(code, q, fl)                                                                     \
	{ .name = code, .len = sizeof(code) - 1, .form = FORM_TEXT, .quantity = Q_##q, .flags = fl },
	P1_LIST(P1_LABEL)
#undef P1_LABEL
};

const unsigned int p1_label_count = sizeof(p1_labels) / sizeof(p1_labels[0]);

/**
 * tic_label_row - find a TIC label in the table
 * @label: as sent
 * @len: its length in bytes
 *
 * Return: its row in tic_labels[], or ROW_UNKNOWN.
 */
u8 tic_label_row(const u8 *label, size_t len)
{
	unsigned int i;

	for (i = 0; i < tic_label_count; i++) {
		if (tic_labels[i].len == len && !memcmp(tic_labels[i].name, label, len))
			return i;
	}
	return ROW_UNKNOWN;
}

/* The order of the table: by length, then by character. */
static int p1_order(const struct label_info *info, const u8 *code, size_t len)
{
	if (info->len != len)
		return info->len < len ? -1 : 1;
	return memcmp(info->name, code, len);
}

/**
 * p1_label_row - find an OBIS code in the table
 * @code: normalised to A-B:C.D.E
 * @len: its length in bytes
 *
 * Return: its row in p1_labels[], or ROW_UNKNOWN.
 */
u8 p1_label_row(const u8 *code, size_t len)
{
	unsigned int low = 0, high = p1_label_count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;
		int order = p1_order(&p1_labels[middle], code, len);

		if (!order)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return ROW_UNKNOWN;
}
