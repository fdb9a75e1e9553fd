/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What fields mean: the quantities, and the tables from label or OBIS code to them.
 */
#ifndef TELEGRAM_QUANTITIES_H
#define TELEGRAM_QUANTITIES_H

#include "telegram.h"

/* Channel types that IIO has for a quantity; an index is given for ever, holes are allowed. */
enum quantity_iio {
	QUANTITY_IIO_NONE,
	QUANTITY_IIO_VOLTAGE,	/* raw 0.1 V, scale 100 (mV) */
	QUANTITY_IIO_CURRENT,	/* raw mA, scale 1 */
	QUANTITY_IIO_POWER,	/* raw VA, W or var, scale 1000 (mW) */
	QUANTITY_IIO_ENERGY,	/* raw Wh or varh, scale 3600 (J); 64 bit */
};

/*
 * Every quantity once, in the order in which a person reads them:
 * X(id and JSON name, sysfs name, multiplier and divisor from thousandths to sysfs,
 *   IIO type, IIO index, IIO label)
 */
#define QUANTITY_LIST(X)                                                                          \
	X(energy_import, "energy_import_wh", 1, 1000, ENERGY, 0, "import")                         \
	X(energy_import_t1, "energy_import_t1_wh", 1, 1000, ENERGY, 1, "import_t1")                \
	X(energy_import_t2, "energy_import_t2_wh", 1, 1000, ENERGY, 2, "import_t2")                \
	X(energy_import_t3, "energy_import_t3_wh", 1, 1000, ENERGY, 3, "import_t3")                \
	X(energy_import_t4, "energy_import_t4_wh", 1, 1000, ENERGY, 4, "import_t4")                \
	X(energy_import_t5, "energy_import_t5_wh", 1, 1000, ENERGY, 5, "import_t5")                \
	X(energy_import_t6, "energy_import_t6_wh", 1, 1000, ENERGY, 6, "import_t6")                \
	X(energy_import_t7, "energy_import_t7_wh", 1, 1000, ENERGY, 7, "import_t7")                \
	X(energy_import_t8, "energy_import_t8_wh", 1, 1000, ENERGY, 8, "import_t8")                \
	X(energy_import_t9, "energy_import_t9_wh", 1, 1000, ENERGY, 9, "import_t9")                \
	X(energy_import_t10, "energy_import_t10_wh", 1, 1000, ENERGY, 10, "import_t10")            \
	X(energy_import_t11, "energy_import_t11_wh", 1, 1000, NONE, 0, NULL)                       \
	X(energy_import_t12, "energy_import_t12_wh", 1, 1000, NONE, 0, NULL)                       \
	X(energy_import_t13, "energy_import_t13_wh", 1, 1000, NONE, 0, NULL)                       \
	X(energy_import_t14, "energy_import_t14_wh", 1, 1000, NONE, 0, NULL)                       \
	X(energy_import_t15, "energy_import_t15_wh", 1, 1000, NONE, 0, NULL)                       \
	X(energy_import_t16, "energy_import_t16_wh", 1, 1000, NONE, 0, NULL)                       \
	X(energy_export, "energy_export_wh", 1, 1000, ENERGY, 11, "export")                        \
	X(energy_export_t1, "energy_export_t1_wh", 1, 1000, ENERGY, 12, "export_t1")               \
	X(energy_export_t2, "energy_export_t2_wh", 1, 1000, ENERGY, 13, "export_t2")               \
	X(energy_export_t3, "energy_export_t3_wh", 1, 1000, ENERGY, 14, "export_t3")               \
	X(energy_export_t4, "energy_export_t4_wh", 1, 1000, ENERGY, 15, "export_t4")               \
	X(energy_export_t5, "energy_export_t5_wh", 1, 1000, NONE, 0, NULL)                         \
	X(energy_export_t6, "energy_export_t6_wh", 1, 1000, NONE, 0, NULL)                         \
	X(energy_export_t7, "energy_export_t7_wh", 1, 1000, NONE, 0, NULL)                         \
	X(energy_export_t8, "energy_export_t8_wh", 1, 1000, NONE, 0, NULL)                         \
	X(energy_export_t9, "energy_export_t9_wh", 1, 1000, NONE, 0, NULL)                         \
	X(energy_export_t10, "energy_export_t10_wh", 1, 1000, NONE, 0, NULL)                       \
	X(energy_export_t11, "energy_export_t11_wh", 1, 1000, NONE, 0, NULL)                       \
	X(energy_export_t12, "energy_export_t12_wh", 1, 1000, NONE, 0, NULL)                       \
	X(energy_export_t13, "energy_export_t13_wh", 1, 1000, NONE, 0, NULL)                       \
	X(energy_export_t14, "energy_export_t14_wh", 1, 1000, NONE, 0, NULL)                       \
	X(energy_export_t15, "energy_export_t15_wh", 1, 1000, NONE, 0, NULL)                       \
	X(energy_export_t16, "energy_export_t16_wh", 1, 1000, NONE, 0, NULL)                       \
	X(energy_reactive_import, "energy_reactive_import_varh", 1, 1000, NONE, 0, NULL)           \
	X(energy_reactive_export, "energy_reactive_export_varh", 1, 1000, NONE, 0, NULL)           \
	X(energy_reactive_q1, "energy_reactive_q1_varh", 1, 1000, ENERGY, 16, "reactive_q1")       \
	X(energy_reactive_q2, "energy_reactive_q2_varh", 1, 1000, ENERGY, 17, "reactive_q2")       \
	X(energy_reactive_q3, "energy_reactive_q3_varh", 1, 1000, ENERGY, 18, "reactive_q3")       \
	X(energy_reactive_q4, "energy_reactive_q4_varh", 1, 1000, ENERGY, 19, "reactive_q4")       \
	X(power_import, "power_import_w", 1, 1000, POWER, 5, "active_import")                      \
	X(power_import_l1, "power_import_l1_w", 1, 1000, POWER, 6, "active_import_l1")             \
	X(power_import_l2, "power_import_l2_w", 1, 1000, POWER, 7, "active_import_l2")             \
	X(power_import_l3, "power_import_l3_w", 1, 1000, POWER, 8, "active_import_l3")             \
	X(power_export, "power_export_w", 1, 1000, POWER, 9, "active_export")                      \
	X(power_export_l1, "power_export_l1_w", 1, 1000, POWER, 10, "active_export_l1")            \
	X(power_export_l2, "power_export_l2_w", 1, 1000, POWER, 11, "active_export_l2")            \
	X(power_export_l3, "power_export_l3_w", 1, 1000, POWER, 12, "active_export_l3")            \
	X(power_net, "power_net_w", 1, 1000, POWER, 13, "active_net")                              \
	X(power_reactive_import, "power_reactive_import_var", 1, 1000, POWER, 14,                  \
	  "reactive_import")                                                                       \
	X(power_reactive_import_l1, "power_reactive_import_l1_var", 1, 1000, NONE, 0, NULL)        \
	X(power_reactive_import_l2, "power_reactive_import_l2_var", 1, 1000, NONE, 0, NULL)        \
	X(power_reactive_import_l3, "power_reactive_import_l3_var", 1, 1000, NONE, 0, NULL)        \
	X(power_reactive_export, "power_reactive_export_var", 1, 1000, POWER, 15,                  \
	  "reactive_export")                                                                       \
	X(power_reactive_export_l1, "power_reactive_export_l1_var", 1, 1000, NONE, 0, NULL)        \
	X(power_reactive_export_l2, "power_reactive_export_l2_var", 1, 1000, NONE, 0, NULL)        \
	X(power_reactive_export_l3, "power_reactive_export_l3_var", 1, 1000, NONE, 0, NULL)        \
	X(power_apparent_import, "power_apparent_import_va", 1, 1000, POWER, 0, "apparent_import") \
	X(power_apparent_import_l1, "power_apparent_import_l1_va", 1, 1000, POWER, 1,              \
	  "apparent_import_l1")                                                                    \
	X(power_apparent_import_l2, "power_apparent_import_l2_va", 1, 1000, POWER, 2,              \
	  "apparent_import_l2")                                                                    \
	X(power_apparent_import_l3, "power_apparent_import_l3_va", 1, 1000, POWER, 3,              \
	  "apparent_import_l3")                                                                    \
	X(power_apparent_export, "power_apparent_export_va", 1, 1000, POWER, 4, "apparent_export") \
	X(voltage_l1, "voltage_l1_mv", 1, 1, VOLTAGE, 0, "l1")                                     \
	X(voltage_l2, "voltage_l2_mv", 1, 1, VOLTAGE, 1, "l2")                                     \
	X(voltage_l3, "voltage_l3_mv", 1, 1, VOLTAGE, 2, "l3")                                     \
	X(current_l1, "current_l1_ma", 1, 1, CURRENT, 0, "l1")                                     \
	X(current_l2, "current_l2_ma", 1, 1, CURRENT, 1, "l2")                                     \
	X(current_l3, "current_l3_ma", 1, 1, CURRENT, 2, "l3")                                     \
	X(frequency, "frequency_millihz", 1, 1, NONE, 0, NULL)                                     \
	X(power_factor, "power_factor_permille", 1, 1, NONE, 0, NULL)                              \
	X(demand_import, "demand_import_w", 1, 1000, NONE, 0, NULL)                                \
	X(demand_import_peak, "demand_import_peak_w", 1, 1000, NONE, 0, NULL)                      \
	X(current_subscribed, "current_subscribed_ma", 1, 1, NONE, 0, NULL)                        \
	X(power_reference, "power_reference_va", 1, 1000, NONE, 0, NULL)                           \
	X(power_cutoff, "power_cutoff_va", 1, 1000, NONE, 0, NULL)                                 \
	X(load, "load_permille", 1, 100, NONE, 0, NULL)                                            \
	X(tariff, "tariff", 1, 1000, NONE, 0, NULL)                                                \
	X(gas, "gas_dm3", 1, 1, NONE, 0, NULL)                                                     \
	X(water, "water_dm3", 1, 1, NONE, 0, NULL)                                                 \
	X(heat, "heat_kj", 1000, 1, NONE, 0, NULL)                                                 \
	X(heat_kwh, "heat_wh", 1, 1, NONE, 0, NULL)

/** enum quantity - Q_energy_import and so on, named as in JSON */
enum quantity {
#define QUANTITY_ENUM(id, sysfs, mul, div, iio, index, label) Q_##id,
	QUANTITY_LIST(QUANTITY_ENUM)
#undef QUANTITY_ENUM
	QUANTITY_COUNT,
	Q_NONE = 0xff,
};

/**
 * struct quantity_info - one row of the table of quantities
 * @name: in JSON
 * @sysfs: file name in fields/, with the unit
 * @mul: sysfs value = thousandths * @mul / @div, rounded half away from zero
 * @div: see @mul
 * @iio: enum quantity_iio
 * @iio_index: index of the channel of that type
 * @iio_label: its label
 */
struct quantity_info {
	const char *name;
	const char *sysfs;
	const char *iio_label;
	u16 mul;
	u16 div;
	u8 iio;
	u8 iio_index;
};

extern const struct quantity_info quantity_info[QUANTITY_COUNT];

/**
 * struct reading - the quantities of one telegram
 * @valid: one bit for each quantity, see reading_has()
 * @milli: thousandths of the base unit of the data contract (Wh, W, V, m3, ...)
 * @captured_s: when the M-Bus meter captured its value, seconds since 1970 in UTC; of the
 *	quantities from Q_gas on, where they are valid
 */
struct reading {
	u64 valid[(QUANTITY_COUNT + 63) / 64];
	s64 milli[QUANTITY_COUNT];
	s64 captured_s[QUANTITY_COUNT - Q_gas];
};

static inline bool reading_has(const struct reading *r, enum quantity q)
{
	return r->valid[q / 64] >> (q % 64) & 1;
}

static inline void reading_set(struct reading *r, enum quantity q, s64 milli)
{
	r->valid[q / 64] |= 1ull << (q % 64);
	r->milli[q] = milli;
}

void telegram_quantities(const struct telegram *t, struct reading *r);
void historique_load(struct reading *r, unsigned int phases);
bool p1_field_milli(const struct telegram *t, const struct field *f, s64 *milli);
s64 quantity_to_sysfs(enum quantity q, s64 milli);

/* What a value must look like (RULES of TIC: the checksum does not see '1' become 'q'). */
enum label_form {
	FORM_TEXT,
	FORM_DIGITS,
	FORM_HEX,
};

/* Identifies a person or a place: no file in raw/. */
#define LABEL_IDENTIFIES	1u
/* Sent in every full TIC frame: a frame without any of these is a short one. */
#define LABEL_REGISTER		2u

/**
 * struct label_info - one row of the table of a protocol's labels
 * @name: TIC label or normalised OBIS code
 * @len: length of @name
 * @form: enum label_form, of the value
 * @quantity: enum quantity that the value stands for by itself, or Q_NONE
 * @flags: LABEL_*
 */
struct label_info {
	char name[20];
	u8 len;
	u8 form;
	u8 quantity;
	u8 flags;
};

/* Both have fewer than ROW_UNKNOWN rows. */
extern const struct label_info tic_labels[];
extern const unsigned int tic_label_count;
extern const struct label_info p1_labels[];
extern const unsigned int p1_label_count;

u8 tic_label_row(const u8 *label, size_t len);
u8 p1_label_row(const u8 *code, size_t len);

/** label_info_of - the table's row of a field, or NULL */
static inline const struct label_info *label_info_of(const struct telegram *t,
						     const struct field *f)
{
	if (f->row == ROW_UNKNOWN)
		return NULL;
	return telegram_has_obis(t) ? &p1_labels[f->row] : &tic_labels[f->row];
}

#endif /* TELEGRAM_QUANTITIES_H */
