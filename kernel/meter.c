// SPDX-License-Identifier: GPL-2.0-only
/*
 * A meter on a line: its life, the way of its bytes, and its state.
 *
 *	line -> meter_receive() -> decoder -> meter_commit() -> ring, values, IIO
 *
 * Bytes come in a context that must not wait. What waits (files, the IIO device, uevents) is left
 * to one work item, meter_apply_changes().
 */
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/ktime.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "meter.h"
#include "meter_iio.h"

/* A telegram without a checksum ends when nothing came for this long. */
#define PAUSE_NS		(1ull * NSEC_PER_SEC)

/* No telegram for this long, or three periods: stale. */
#define STALE_MIN_NS		(10ull * NSEC_PER_SEC)

/* A value that damaged or short frames lack is kept for this long, or three periods. */
#define KEEP_MIN_NS		(30ull * NSEC_PER_SEC)

/* Meters that are slower than this are not known; a longer interval is a line that was cut. */
#define PERIOD_MAX_MS		(300 * MSEC_PER_SEC)

/* Bytes that are decoded in one go, with a lock held. */
#define SLICE			1024

/* What the configuration of a kernel makes larger or smaller is counted as it usually is. */
#define KERNEL_OBJECTS								\
	(sizeof(struct device) + sizeof(struct cdev) + 3 * sizeof(spinlock_t) +	\
	 sizeof(wait_queue_head_t) + sizeof(struct work_struct) +		\
	 2 * sizeof(struct delayed_work))
#define KERNEL_OBJECTS_USUAL	1120
static_assert(sizeof(struct meter) - KERNEL_OBJECTS <= METER_MEMORY_MAX - KERNEL_OBJECTS_USUAL);

static DEFINE_IDA(meter_ids);
static dev_t meter_devt;
static struct class *meter_class;

/* One for each meter that is not released, and one for the module. */
static refcount_t meters_alive = REFCOUNT_INIT(1);
static DECLARE_COMPLETION(all_released);

/* The smaller of the last two intervals: a line that was cut once has not become a slow one. */
static u64 three_periods_ns(const struct meter *m)
{
	u32 ms = m->interval_ms[0];

	if (m->interval_ms[1])
		ms = min(ms, m->interval_ms[1]);
	return 3ull * ms * NSEC_PER_MSEC;
}

static u64 stale_ns(const struct meter *m)
{
	return max(STALE_MIN_NS, three_periods_ns(m));
}

/**
 * meter_keep_ns - how long a value lives that is missing from damaged or short telegrams
 * @m: the meter, whose lock the caller holds
 *
 * Return: nanoseconds.
 */
u64 meter_keep_ns(const struct meter *m)
{
	return max(KEEP_MIN_NS, three_periods_ns(m));
}

/**
 * meter_is_fresh - whether the last telegram is young enough to be shown
 * @m: the meter, whose lock the caller holds
 * @now: CLOCK_BOOTTIME ns, read with the lock held so that it is not before the telegram
 *
 * Return: whether it is.
 */
bool meter_is_fresh(const struct meter *m, u64 now)
{
	return m->heard && now - m->heard < stale_ns(m);
}

static void learn_period(struct meter *m, u64 started)
{
	u64 ms = div_u64(started - m->last_full, NSEC_PER_MSEC);

	if (m->last_full && ms <= PERIOD_MAX_MS) {
		m->interval_ms[1] = m->interval_ms[0];
		m->interval_ms[0] = ms;
	}
	m->last_full = started;
}

/* Another protocol: other labels, so other files. */
static void learn_protocol(struct meter *m, const struct telegram *t)
{
	if (m->protocol == t->protocol)
		return;
	m->protocol = t->protocol;
	m->announce = true;
	m->full_seen = false;
	memset(&m->seen, 0, sizeof(m->seen));
	m->seen.protocol = t->protocol;
	values_clear(m);
}

/*
 * A damaged frame may say who the meter is while nobody knows, but not that it is another one now.
 * Returns whether it is another one.
 */
static bool learn_number(struct meter *m, const struct telegram *t, const char *number)
{
	bool known = m->number[0];

	if (!number[0] || (known && t->damaged) || !strcmp(number, m->number))
		return false;
	strscpy(m->number, number, sizeof(m->number));
	return known;
}

static void learn_id(struct meter *m)
{
	char id[sizeof(m->id)] = "";

	if (m->number[0])
		meter_id(m->protocol, m->number, id);
	if (!strcmp(id, m->id))
		return;
	strscpy(m->id, id, sizeof(m->id));
	m->announce = true;
}

static bool see(unsigned long *seen, unsigned int bit)
{
	if (test_bit(bit, seen))
		return false;
	__set_bit(bit, seen);
	return true;
}

/* Returns whether there is something that has no file yet. */
static bool see_fields(struct meter *m, const struct telegram *t, const struct reading *r)
{
	bool news = false;
	unsigned int i;

	for (i = 0; i < t->nfields; i++) {
		const struct label_info *info = label_info_of(t, &t->fields[i]);

		if (info && !(info->flags & LABEL_IDENTIFIES))
			news |= see(m->seen.rows, t->fields[i].row);
	}
	for (i = 0; i < QUANTITY_COUNT; i++) {
		if (reading_has(r, i))
			news |= see(m->seen.quantities, i);
	}
	return news;
}

/* Takes a telegram over; returns whether there is work for meter_apply_changes(). */
static bool take_over(struct meter *m, const struct telegram *t, const struct reading *r,
		      const char *number, u64 now)
{
	bool full = telegram_is_full(t);
	bool all = full && !t->damaged;
	bool another, news = false;

	lockdep_assert_held(&m->lock);
	learn_protocol(m, t);
	another = learn_number(m, t, number);
	learn_id(m);
	if (full)
		learn_period(m, t->started);
	if (another)
		values_clear(m);
	else if (!all)
		values_carry(m, t);
	values_set(m, r, now, all);
	if (!t->damaged)
		news = see_fields(m, t, r);
	if (all && !m->full_seen) {
		m->full_seen = true;
		news = true;
	}
	ring_append(&m->ring, t, number);
	m->last = t->started;
	m->heard = now;
	return news || m->announce || m->state != METER_LOCKED;
}

/* A valid telegram, from the decoder. */
static void meter_commit(void *context, const struct telegram *t)
{
	u64 now = ktime_get_boottime_ns();
	char number[METERLINE_NUMBER_MAX + 1];
	struct meter *m = context;
	struct reading reading;
	bool changed, pushed;

	lockdep_assert_held(&m->rx_lock);
	telegram_number(t, number, sizeof(number));
	telegram_quantities(t, &reading);
	pushed = meter_iio_push(m, &reading, t->started, now);

	spin_lock(&m->lock);
	if (m->dead) {
		spin_unlock(&m->lock);
		return;
	}
	if (!pushed)
		m->iio_skipped++;
	changed = take_over(m, t, &reading, number, now);
	spin_unlock(&m->lock);

	wake_up_interruptible(&m->wait);
	sysfs_notify_dirent(m->last_kn);
	if (changed)
		schedule_work(&m->changes);
	schedule_delayed_work(&m->silence, nsecs_to_jiffies(STALE_MIN_NS));
}

/* Locked or stale, as time tells. */
static void update_state(struct meter *m)
{
	u8 state, before;

	spin_lock(&m->lock);
	state = meter_is_fresh(m, ktime_get_boottime_ns()) ? METER_LOCKED : METER_STALE;
	before = m->state;
	m->state = state;
	spin_unlock(&m->lock);
	if (state != before)
		sysfs_notify_dirent(m->state_kn);
}

/*
 * A meter is called locked only when its files are there, so who waited for it can read them at
 * once.
 */
static void meter_apply_changes(struct work_struct *work)
{
	struct meter *m = container_of(work, struct meter, changes);
	struct meter_files seen;
	bool announce, full_seen;

	spin_lock(&m->lock);
	seen = m->seen;
	full_seen = m->full_seen;
	announce = m->announce;
	m->announce = false;
	spin_unlock(&m->lock);

	if (m->made.protocol != seen.protocol) {
		meter_iio_remove(m);
		meter_sysfs_remove_files(m);
		m->made.protocol = seen.protocol;
	}
	meter_sysfs_add_files(m, &seen);
	if (full_seen)
		meter_iio_update(m, &seen);
	if (announce)
		kobject_uevent(&m->dev.kobj, KOBJ_CHANGE);
	update_state(m);
}

static void meter_end_at_pause(struct work_struct *work)
{
	struct meter *m = container_of(work, struct meter, pause.work);
	u64 now, wait = 0;

	spin_lock(&m->rx_lock);
	now = ktime_get_boottime_ns();
	if (line_decoder_waits_for_pause(&m->decoder)) {
		if (now - m->last_byte >= PAUSE_NS)
			line_decoder_pause(&m->decoder);
		else
			wait = m->last_byte + PAUSE_NS - now;
	}
	spin_unlock(&m->rx_lock);
	if (wait)
		schedule_delayed_work(&m->pause, nsecs_to_jiffies(wait) + 1);
}

/*
 * A meter that has fallen silent may speak another protocol when it comes back. Learning anew drops
 * what has begun, so a line that is not silent gets as much time again: it may be a meter's second
 * telegram, whose period is not known yet.
 */
static void meter_look_for_silence(struct work_struct *work)
{
	struct meter *m = container_of(work, struct meter, silence.work);
	u64 now, wait = STALE_MIN_NS;
	bool learn = false;

	spin_lock(&m->rx_lock);
	spin_lock(&m->lock);
	now = ktime_get_boottime_ns();
	if (meter_is_fresh(m, now))
		wait = min(m->heard + stale_ns(m) - now, wait);
	else
		learn = m->state == METER_STALE || now - m->last_byte >= PAUSE_NS;
	spin_unlock(&m->lock);
	if (learn)
		line_decoder_relearn(&m->decoder);
	spin_unlock(&m->rx_lock);

	update_state(m);
	if (!learn)
		schedule_delayed_work(&m->silence, nsecs_to_jiffies(wait) + 1);
}

/**
 * meter_receive - bytes from the line
 * @m: the meter
 * @bytes: as they came, bit 7 and all
 * @count: number of @bytes
 *
 * Does not sleep. The line serialises its calls, and makes none after meter_unregister() began.
 * Context: process.
 */
void meter_receive(struct meter *m, const u8 *bytes, size_t count)
{
	u64 now = ktime_get_boottime_ns();
	bool waits;

	while (count) {
		size_t n = min_t(size_t, count, SLICE);

		spin_lock(&m->rx_lock);
		line_decoder_feed(&m->decoder, bytes, n, now);
		m->last_byte = now;
		waits = line_decoder_waits_for_pause(&m->decoder);
		spin_unlock(&m->rx_lock);
		if (waits)
			schedule_delayed_work(&m->pause, nsecs_to_jiffies(PAUSE_NS) + 1);
		bytes += n;
		count -= n;
	}
}

/**
 * meter_count_uart_errors - what the UART said of the characters that came, or did not
 * @m: the meter
 * @overruns: how often it lost characters
 * @framing: characters without a stop bit
 */
void meter_count_uart_errors(struct meter *m, size_t overruns, size_t framing)
{
	spin_lock(&m->lock);
	m->uart_overruns += overruns;
	m->uart_framing += framing;
	spin_unlock(&m->lock);
}

/**
 * meter_relearn - the line may carry something else from now on: another speed, another protocol
 * @m: the meter
 */
void meter_relearn(struct meter *m)
{
	spin_lock(&m->rx_lock);
	line_decoder_relearn(&m->decoder);
	spin_unlock(&m->rx_lock);
}

/**
 * meter_hearing - how the meter is heard
 * @m: the meter
 *
 * Return: see struct meter_hearing.
 */
struct meter_hearing meter_hearing(struct meter *m)
{
	struct meter_hearing h;

	spin_lock(&m->rx_lock);
	h.seen = line_decoder_seen(&m->decoder);
	h.bytes = m->decoder.stats.bytes;
	spin_unlock(&m->rx_lock);
	spin_lock(&m->lock);
	h.reads = meter_is_fresh(m, ktime_get_boottime_ns());
	spin_unlock(&m->lock);
	return h;
}

/**
 * meter_watch_open - tell the line whether somebody has /dev/meterN open, now and on each change
 * @m: the meter
 * @watch: work of the line, which asks meter_is_open(); NULL ends it, before meter_unregister()
 *
 * Does not sleep. @watch may still run on return.
 */
void meter_watch_open(struct meter *m, struct work_struct *watch)
{
	spin_lock(&m->lock);
	m->watch = watch;
	if (watch)
		schedule_work(watch);
	spin_unlock(&m->lock);
}

/**
 * meter_is_open - whether somebody has /dev/meterN open
 * @m: the meter
 */
bool meter_is_open(struct meter *m)
{
	return READ_ONCE(m->open_files);
}

/**
 * meter_count_open - a file of /dev/meterN was opened or closed
 * @m: the meter, whose lock the caller holds
 * @opened: it was opened
 */
void meter_count_open(struct meter *m, bool opened)
{
	unsigned int before = m->open_files;

	lockdep_assert_held(&m->lock);
	m->open_files += opened ? 1 : -1;
	if (m->watch && !(before && m->open_files))
		schedule_work(m->watch);
}

static void meter_put_alive(void)
{
	if (refcount_dec_and_test(&meters_alive))
		complete(&all_released);
}

static void meter_release(struct device *dev)
{
	vfree(to_meter(dev));
	meter_put_alive();
}

/* Which meter it is, in every event, so that udev need not open a file. */
static int meter_uevent(uevent_device_t *dev, struct kobj_uevent_env *env)
{
	struct meter *m = to_meter(dev);
	char id[sizeof(m->id)];
	u8 protocol;
	int ret;

	spin_lock(&m->lock);
	protocol = m->protocol;
	memcpy(id, m->id, sizeof(id));
	spin_unlock(&m->lock);

	ret = add_uevent_var(env, "METER_TYPE=%s", telegram_protocol_name(protocol));
	if (!ret)
		ret = add_uevent_var(env, "METER_PORT=%s", m->port);
	if (!ret && id[0])
		ret = add_uevent_var(env, "METER_ID=%s", id);
	return ret;
}

static struct meter *meter_alloc(const char *port, const char *source)
{
	struct meter *m = vzalloc(sizeof(*m));

	if (!m)
		return NULL;
	strscpy(m->port, port, sizeof(m->port));
	m->source = source;
	spin_lock_init(&m->rx_lock);
	spin_lock_init(&m->lock);
	spin_lock_init(&m->iio_lock);
	init_waitqueue_head(&m->wait);
	INIT_WORK(&m->changes, meter_apply_changes);
	INIT_DELAYED_WORK(&m->pause, meter_end_at_pause);
	INIT_DELAYED_WORK(&m->silence, meter_look_for_silence);
	line_decoder_init(&m->decoder, LINE_AUTO, meter_commit, m);
	return m;
}

/* From here on the structure goes with its last reference. */
static int meter_init_device(struct meter *m, struct device *parent, int id)
{
	refcount_inc(&meters_alive);
	device_initialize(&m->dev);
	m->dev.class = meter_class;
	m->dev.parent = parent;
	m->dev.devt = MKDEV(MAJOR(meter_devt), id);
	m->dev.groups = meter_groups;
	m->dev.release = meter_release;
	cdev_init(&m->cdev, &meter_fops);
	m->cdev.owner = THIS_MODULE;
	return dev_set_name(&m->dev, METER_NAME "%d", id);
}

/**
 * meter_register - there is a line that may carry a meter
 * @parent: device of the line, or NULL
 * @port: its name
 * @source: kind of line, a literal
 *
 * Context: process, may sleep.
 * Return: the meter, or an error pointer.
 */
struct meter *meter_register(struct device *parent, const char *port, const char *source)
{
	struct meter *m = meter_alloc(port, source);
	int id, ret;

	if (!m)
		return ERR_PTR(-ENOMEM);
	id = ida_alloc_max(&meter_ids, METER_MAX - 1, GFP_KERNEL);
	if (id < 0) {
		vfree(m);
		return ERR_PTR(id);
	}
	ret = meter_init_device(m, parent, id);
	if (!ret)
		ret = cdev_device_add(&m->cdev, &m->dev);
	if (ret) {
		ida_free(&meter_ids, id);
		put_device(&m->dev);
		return ERR_PTR(ret);
	}
	m->state_kn = sysfs_get_dirent(m->dev.kobj.sd, "state");
	m->last_kn = sysfs_get_dirent(m->dev.kobj.sd, "last_telegram");
	return m;
}

/**
 * meter_unregister - the line is gone
 * @m: the meter, not to be used afterwards
 *
 * Readers leave with what is left and then -ENODEV. The number is free for the next meter on
 * return, even while descriptors of this one are open.
 *
 * Context: process, may sleep; waits for running callbacks of sysfs and IIO.
 */
void meter_unregister(struct meter *m)
{
	int id = MINOR(m->dev.devt);

	spin_lock(&m->lock);
	m->dead = true;
	spin_unlock(&m->lock);
	wake_up_all(&m->wait);

	/* Each may start those after it. */
	cancel_delayed_work_sync(&m->pause);
	cancel_delayed_work_sync(&m->silence);
	cancel_work_sync(&m->changes);

	meter_iio_remove(m);
	/* sysfs itself does not wake those who poll a file that goes. */
	sysfs_notify_dirent(m->state_kn);
	sysfs_notify_dirent(m->last_kn);
	sysfs_put(m->state_kn);
	sysfs_put(m->last_kn);
	cdev_device_del(&m->cdev, &m->dev);
	ida_free(&meter_ids, id);
	put_device(&m->dev);
}

/**
 * meter_init - make the class and its device numbers
 *
 * Return: 0 or an error.
 */
int meter_init(void)
{
	int ret;

	ret = alloc_chrdev_region(&meter_devt, 0, METER_MAX, METER_NAME);
	if (ret)
		return ret;
	/* Not a static one: its last reference may be put after the module has gone. */
	meter_class = compat_class_create(METER_NAME);
	if (IS_ERR(meter_class)) {
		unregister_chrdev_region(meter_devt, METER_MAX);
		return PTR_ERR(meter_class);
	}
	meter_class->dev_uevent = meter_uevent;
	return 0;
}

/**
 * meter_exit - undo meter_init(), once the last meter was released
 *
 * References to a device do not keep the module, and a release may come late.
 */
void meter_exit(void)
{
	meter_put_alive();
	wait_for_completion(&all_released);
	class_destroy(meter_class);
	unregister_chrdev_region(meter_devt, METER_MAX);
	ida_destroy(&meter_ids);
}
