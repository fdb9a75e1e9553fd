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

static u8 label_row(const struct label_info *labels, unsigned int count, const u8 *label,
		    size_t len)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (labels[i].len == len && !memcmp(labels[i].name, label, len))
			return i;
	}
	return ROW_UNKNOWN;
}

/**
 * tic_label_row - find a TIC label in the table
 * @label: as sent
 * @len: its length in bytes
 *
 * Return: its row in tic_labels[], or ROW_UNKNOWN.
 */
u8 tic_label_row(const u8 *label, size_t len)
{
	return label_row(tic_labels, tic_label_count, label, len);
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
	return label_row(p1_labels, p1_label_count, code, len);
}
