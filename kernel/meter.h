/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A meter on a line: what all parts of the module share.
 *
 * Locks, in the order in which they nest:
 *
 *	rx_lock		the decoder; held while bytes are decoded and a telegram is committed
 *	lock		everything that is shown; held for copies only
 *	iio_lock	the IIO device, its gate and its limits
 *
 * All are taken in process context only, and none is held while waiting for anything.
 */
#ifndef METERLINE_METER_H
#define METERLINE_METER_H

#include <linux/bitmap.h>
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "telegram/quantities.h"
#include "telegram/record.h"
#include "telegram/telegram.h"

#define METER_NAME	"meter"
#define METER_MAX	1024	/* meters at the same time */

/* About ten usual telegrams and what is carried of older ones: 12 KiB together. */
#define METER_CARRY_SIZE	640
#define METER_RING_SIZE		(12 * 1024 - METER_CARRY_SIZE)

/* State of a meter, all of it. */
#define METER_MEMORY_MAX	(24 * 1024)

enum meter_state {
	METER_SEARCHING,	/* no valid telegram yet */
	METER_LOCKED,
	METER_STALE,		/* no valid telegram for a while */
};

/**
 * struct meter_ring - the last telegrams, packed, oldest first and without gaps
 * @first_seq: number of the oldest record kept
 * @next_seq: number of the next record to come
 * @newest: offset of the newest record in @bytes
 * @used: bytes of @bytes in use
 */
struct meter_ring {
	u64 first_seq;
	u64 next_seq;
	u16 newest;
	u16 used;
	u8 bytes[METER_RING_SIZE + TELEGRAM_PAD] __aligned(8);
};

/**
 * struct ring_entry - a record in the ring
 * @started: CLOCK_BOOTTIME ns of the telegram's first byte
 * @size: bytes of the packed telegram
 * @packed: see record.c
 */
struct ring_entry {
	u64 started;
	u16 size;
	u8 packed[];
};

void ring_append(struct meter_ring *ring, const struct telegram *t, const char *number);
const struct ring_entry *ring_find(struct meter_ring *ring, u64 seq);

/** ring_newest - the newest record, or NULL */
static inline const struct ring_entry *ring_newest(const struct meter_ring *ring)
{
	return ring->used ? (const void *)(ring->bytes + ring->newest) : NULL;
}

/**
 * struct meter_values - the quantities and the raw values that outlived their telegram
 * @valid: quantities that have a value
 * @milli: the values
 * @at_s: when each came, CLOCK_BOOTTIME
 * @carry_used: bytes of @carry in use
 * @carry: raw values that a damaged or short frame did not bring again, see meter_values.c
 */
struct meter_values {
	DECLARE_BITMAP(valid, QUANTITY_COUNT);
	s64 milli[QUANTITY_COUNT];
	u32 at_s[QUANTITY_COUNT];
	u16 carry_used;
	u8 carry[METER_CARRY_SIZE] __aligned(4);
};

/**
 * struct meter_files - what has a file in sysfs
 * @quantities: files in fields/
 * @rows: files in raw/, by row of the table of @protocol
 * @protocol: enum telegram_protocol
 */
struct meter_files {
	DECLARE_BITMAP(quantities, QUANTITY_COUNT);
	DECLARE_BITMAP(rows, ROW_UNKNOWN);
	u8 protocol;
};

struct meter_iio;

/**
 * struct meter - a meter on a line
 * @dev: class device; the structure is freed with its last reference
 * @cdev: /dev/meterN
 * @port: name of the line, never changes
 * @source: kind of line, never changes
 * @rx_lock: protects @decoder and @last_byte
 * @decoder: from bytes to telegrams
 * @last_byte: when the last byte came, CLOCK_BOOTTIME ns
 * @lock: protects all from here to @changes
 * @dead: the line is gone
 * @state: enum meter_state
 * @announce: user space must be told of @id or @protocol
 * @protocol: of the last telegram
 * @number: the meter's own number, or ""
 * @id: made from @number, or ""
 * @last: first byte of the last telegram, CLOCK_BOOTTIME ns
 * @heard: when the last telegram was complete; 0: none yet
 * @last_full: the same of the last full telegram
 * @interval_ms: the last two intervals between full telegrams; 0: not known
 * @uart_overruns: characters that the UART lost, at least
 * @uart_framing: characters without a stop bit
 * @records_lost: records that readers were too slow for
 * @iio_skipped: telegrams that lacked a channel which was being captured, or found the buffer full
 * @open_files: of /dev/meterN
 * @watch: of the line, run when @open_files is no longer 0, or 0 again; NULL: nobody asks
 * @ring: telegrams for readers and for raw/
 * @values: what fields/ shows
 * @seen: labels and quantities of undamaged telegrams
 * @full_seen: there was a full undamaged telegram: IIO may begin
 * @wait: readers and pollers of /dev/meterN
 * @changes: does what sleeps: files, IIO device, uevents; see meter_apply_changes()
 * @pause: ends a telegram that only a pause ends
 * @silence: looks whether the meter has fallen silent
 * @made: what has a file; only for @changes
 * @iio: the IIO device, or NULL; changed by @changes only, under @iio_lock
 * @iio_wanted: a buffer is enabled or an event; changed under @iio_lock, a hint without it
 * @iio_lock: protects @iio, the gate of its buffer and its limits
 * @state_kn: to wake pollers of the attribute state
 * @last_kn: to wake pollers of the attribute last_telegram
 */
struct meter {
	struct device dev;
	struct cdev cdev;
	char port[32];
	const char *source;

	spinlock_t rx_lock;
	struct line_decoder decoder;
	u64 last_byte;

	spinlock_t lock;
	bool dead;
	u8 state;
	bool announce;
	u8 protocol;
	char number[METERLINE_NUMBER_MAX + 1];
	char id[16];
	u64 last;
	u64 heard;
	u64 last_full;
	u32 interval_ms[2];
	u64 uart_overruns;
	u64 uart_framing;
	u64 records_lost;
	u64 iio_skipped;
	unsigned int open_files;
	struct work_struct *watch;
	struct meter_ring ring;
	struct meter_values values;
	struct meter_files seen;
	bool full_seen;
	wait_queue_head_t wait;

	struct work_struct changes;
	struct delayed_work pause;
	struct delayed_work silence;
	struct meter_files made;
	struct meter_iio *iio;
	bool iio_wanted;
	spinlock_t iio_lock;
	struct kernfs_node *state_kn;
	struct kernfs_node *last_kn;
};

static inline struct meter *to_meter(const struct device *dev)
{
	return container_of(dev, struct meter, dev);
}

/**
 * struct meter_hearing - what a line learns from its bytes
 * @reads: telegrams come
 * @seen: what the line seems to carry if none come
 * @bytes: all bytes so far
 */
struct meter_hearing {
	bool reads;
	enum line_seen seen;
	u64 bytes;
};

/* meter.c: for the lines */
struct meter *meter_register(struct device *parent, const char *port, const char *source);
void meter_unregister(struct meter *m);
void meter_receive(struct meter *m, const u8 *bytes, size_t count);
void meter_count_uart_errors(struct meter *m, size_t overruns, size_t framing);
void meter_relearn(struct meter *m);
struct meter_hearing meter_hearing(struct meter *m);
void meter_watch_open(struct meter *m, struct work_struct *watch);
bool meter_is_open(struct meter *m);
int meter_init(void);
void meter_exit(void);

/* meter.c: for what shows the meter */
void meter_count_open(struct meter *m, bool opened);
bool meter_is_fresh(const struct meter *m, u64 now);
u64 meter_keep_ns(const struct meter *m);

/* meter_values.c */
bool telegram_is_full(const struct telegram *t);
void values_clear(struct meter *m);
void values_carry(struct meter *m, const struct telegram *t);
void values_set(struct meter *m, const struct reading *r, u64 now, bool all);
int values_get(struct meter *m, enum quantity q, s64 *milli);
ssize_t values_raw(struct meter *m, bool p1, u8 row, char *text, size_t size);

/* meter_sysfs.c */
extern const struct attribute_group *meter_groups[];
ssize_t meter_sysfs_show(struct meter *m, const char *name, char *buf);
int meter_sysfs_init(void);
void meter_sysfs_exit(void);
void meter_sysfs_remove_files(struct meter *m);
void meter_sysfs_add_files(struct meter *m, const struct meter_files *seen);

/* meter_chrdev.c */
extern const struct file_operations meter_fops;

/* line_tty.c */
int line_tty_init(void);
void line_tty_exit(void);

#endif /* METERLINE_METER_H */
