// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A GPIO that a meter plays on: characters as edges, by a timer, as bad as wanted.
 *
 * It makes a gpio_chip of one line with an interrupt, and the platform device that line_gpio binds
 * to. In debugfs:
 *
 *	edges/play	what is written is sent as characters; write() returns when the line is idle
 *	edges/toggle	"COUNT NANOSECONDS" toggles the line so often, at this distance
 *	edges/late_ns	by how much an edge was late at most, since it was read last
 *	edges/sent	edges that made an interrupt
 *
 * The parameters that may be written say how the characters are sent; the others, what the machine
 * is like.
 */
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/gpio/driver.h>
#include <linux/gpio/machine.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/prandom.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#define SWITCH(name, value, mode, text)		\
	static int name = value;		\
	module_param(name, int, mode);		\
	MODULE_PARM_DESC(name, text)

static char *chip = "edges";
module_param(chip, charp, 0444);
MODULE_PARM_DESC(chip, "label of the chip that the device's line is on, if not the one made here");

SWITCH(sleeps, 0, 0444, "the chip sleeps, so its level cannot be read in an interrupt");
SWITCH(inverted, 0, 0444, "1: the line is inverted, its GPIO active low; 2: but nobody says so");
SWITCH(speed, 0, 0444, "current-speed of the device; 0: none");
SWITCH(offset, 0, 0444, "of the device's line on that chip");
SWITCH(baud, 1200, 0644, "speed of the characters");
SWITCH(ppm, 0, 0644, "by which they are too slow");
SWITCH(jitter, 0, 0644, "of each edge, thousandths of a bit, early or late");
SWITCH(skew, 0, 0644, "by which rising edges are late, thousandths of a bit");
SWITCH(gap, 0, 0644, "bits of idle line after each character");
SWITCH(glitches, 0, 0644, "bits with a short pulse inside, out of 100000");
SWITCH(lost, 0, 0644, "edges without an interrupt, out of 100000");
SWITCH(repeated, 0, 0644, "edges with two interrupts, out of 100000");
SWITCH(seed, 1, 0644, "of the above; taken at each write to play");

#define BITS		10	/* start, 8 bits, stop */
#define EVENTS_MAX	(4 * BITS)
#define PLAY_MAX	65536
#define LEAD_NS		(20 * NSEC_PER_MSEC)

/* Where interrupts are a fixed table, all in use, as in User-Mode Linux: one that nothing has. */
#define FIXED_IRQ	60

/**
 * struct event - the line changes, or seems to
 * @at: when, in ns after the beginning
 * @level: what it is from then on
 * @interrupts: how many it makes
 */
struct event {
	u64 at;
	u8 level;
	u8 interrupts;
};

/**
 * struct player - the one line
 * @gc: its chip
 * @device: what line_gpio binds to
 * @dir: in debugfs
 * @timer: the next event
 * @done: the line is idle again
 * @lock: one write at a time
 * @random: for what is left to chance
 * @irq: interrupt of the line
 * @level: of the line, as on the wire
 * @next_byte: the character that comes next; NULL: toggle
 * @left: characters, or toggles, to come
 * @toggle_ns: between toggles
 * @begin: time 0 of all below, CLOCK_MONOTONIC ns
 * @at: when the next character or toggle begins
 * @last_at: when the last event is
 * @event: the next one of @events
 * @event_count: how many there are
 * @events: those of the current character
 * @late_ns: by how much an event was late at most
 * @sent: interrupts made
 */
struct player {
	struct gpio_chip gc;
	struct platform_device *device;
	struct dentry *dir;
	struct hrtimer timer;
	struct completion done;
	struct mutex lock;
	struct rnd_state random;
	int irq;
	bool level;
	const u8 *next_byte;
	unsigned int left;
	u64 toggle_ns;
	u64 begin;
	u64 at;
	u64 last_at;
	unsigned int event;
	unsigned int event_count;
	struct event events[EVENTS_MAX];
	u64 late_ns;
	u64 sent;
};

static struct player player = { .level = true };

static struct gpiod_lookup_table lookup = {
	.dev_id = "meterline-gpio",
	.table = { { .con_id = "rx" }, {} },
};

static bool chance(struct player *p, int out_of_100000)
{
	return prandom_u32_state(&p->random) % 100000 < out_of_100000;
}

static s64 bit_ns(void)
{
	s64 ns = NSEC_PER_SEC / baud;

	return ns + div_s64(ns * ppm, 1000000);
}

static s64 permille_of_bit(s64 permille)
{
	return div_s64(bit_ns() * permille, 1000);
}

/* Edges never change places. */
static void add_event(struct player *p, u64 at, u8 level, u8 interrupts)
{
	if (at < p->last_at + NSEC_PER_USEC)
		at = p->last_at + NSEC_PER_USEC;
	p->last_at = at;
	p->events[p->event_count++] = (struct event){ at, level, interrupts };
}

static void add_edge(struct player *p, u64 at, u8 level)
{
	s64 off = level ? permille_of_bit(skew) : 0;
	u8 interrupts = 1;

	if (jitter)
		off += permille_of_bit(prandom_u32_state(&p->random) % (2 * jitter + 1) - (s64)jitter);
	if (chance(p, lost))
		interrupts = 0;
	else if (chance(p, repeated))
		interrupts = 2;
	add_event(p, at + off, level, interrupts);
}

static void add_glitch(struct player *p, u64 at, u8 level)
{
	add_event(p, at, !level, 1);
	add_event(p, at + permille_of_bit(50), level, 1);
}

static void make_character(struct player *p, u8 byte)
{
	unsigned int wire = byte << 1 | 1 << (BITS - 1), bit;
	u8 before = 1;

	for (bit = 0; bit < BITS; bit++) {
		u8 level = wire >> bit & 1;
		u64 at = p->at + div_u64((u64)bit * (NSEC_PER_SEC + NSEC_PER_SEC / 1000000 * ppm), baud);

		if (level != before)
			add_edge(p, at, level);
		if (chance(p, glitches))
			add_glitch(p, at + bit_ns() / 2, level);
		before = level;
	}
	p->at += (BITS + gap) * bit_ns();
}

/* Returns whether there is something to come. */
static bool make_events(struct player *p)
{
	p->event = 0;
	p->event_count = 0;
	if (!p->left)
		return false;
	p->left--;
	if (p->next_byte) {
		make_character(p, *p->next_byte++);
	} else {
		add_event(p, p->at, !p->level, 1);
		p->at += p->toggle_ns;
	}
	return true;
}

static void fire(struct player *p, const struct event *e)
{
	u64 late = ktime_get_ns() - p->begin - e->at;
	u8 i;

	p->late_ns = max(p->late_ns, late);
	p->level = e->level;
	p->sent += e->interrupts;
	for (i = 0; i < e->interrupts; i++)
		generic_handle_irq(p->irq);
}

static enum hrtimer_restart player_timer(struct hrtimer *timer)
{
	struct player *p = container_of(timer, struct player, timer);

	fire(p, &p->events[p->event++]);
	if (p->event == p->event_count && !make_events(p)) {
		complete(&p->done);
		return HRTIMER_NORESTART;
	}
	hrtimer_set_expires(timer, ns_to_ktime(p->begin + p->events[p->event].at));
	return HRTIMER_RESTART;
}

/* Under the lock. The line is idle before and after. */
static int play(struct player *p, const u8 *bytes, unsigned int count)
{
	prandom_seed_state(&p->random, seed);
	reinit_completion(&p->done);
	p->next_byte = bytes;
	p->left = count;
	p->begin = ktime_get_ns() + LEAD_NS;
	p->at = 0;
	p->last_at = 0;
	if (!make_events(p))
		return 0;
	hrtimer_start(&p->timer, ns_to_ktime(p->begin + p->events[0].at), HRTIMER_MODE_ABS_HARD);
	if (wait_for_completion_interruptible(&p->done)) {
		hrtimer_cancel(&p->timer);
		p->level = true;
		return -EINTR;
	}
	return 0;
}

static ssize_t play_write(struct file *file, const char __user *from, size_t count, loff_t *at)
{
	struct player *p = &player;
	u8 *bytes;
	int ret;

	count = min_t(size_t, count, PLAY_MAX);
	bytes = memdup_user(from, count);
	if (IS_ERR(bytes))
		return PTR_ERR(bytes);
	mutex_lock(&p->lock);
	ret = play(p, bytes, count);
	mutex_unlock(&p->lock);
	kfree(bytes);
	return ret ?: count;
}

static const struct file_operations play_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = play_write,
};

static ssize_t toggle_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	struct player *p = &player;
	char text[32] = "";
	unsigned int count;
	int ret;

	if (size >= sizeof(text) || copy_from_user(text, from, size))
		return -EINVAL;
	mutex_lock(&p->lock);
	ret = sscanf(text, "%u %llu", &count, &p->toggle_ns) == 2 ? play(p, NULL, count) : -EINVAL;
	mutex_unlock(&p->lock);
	return ret ?: size;
}

static const struct file_operations toggle_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = toggle_write,
};

static int late_get(void *context, u64 *value)
{
	*value = xchg(&player.late_ns, 0);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(late_fops, late_get, NULL, "%llu\n");

static int line_get(struct gpio_chip *gc, unsigned int line)
{
	return player.level != !!inverted;
}

static int line_direction(struct gpio_chip *gc, unsigned int line)
{
	return GPIO_LINE_DIRECTION_IN;
}

static int line_input(struct gpio_chip *gc, unsigned int line)
{
	return 0;
}

static int line_to_irq(struct gpio_chip *gc, unsigned int line)
{
	return player.irq;
}

static void irq_nothing(struct irq_data *data)
{
}

static int irq_type(struct irq_data *data, unsigned int type)
{
	return type == IRQ_TYPE_EDGE_BOTH ? 0 : -EINVAL;
}

static struct irq_chip irq_chip = {
	.name = "edges",
	.irq_mask = irq_nothing,
	.irq_unmask = irq_nothing,
	.irq_set_type = irq_type,
};

/* Owned by no module: who uses it does not hold this one, which takes its device away first. */
static int add_irq(struct player *p)
{
	p->irq = FIXED_IRQ;
	if (IS_ENABLED(CONFIG_SPARSE_IRQ))
		p->irq = __irq_alloc_descs(-1, 0, 1, NUMA_NO_NODE, NULL, NULL);
	if (p->irq < 0)
		return p->irq;
	irq_set_chip_and_handler(p->irq, &irq_chip, handle_simple_irq);
	irq_clear_status_flags(p->irq, IRQ_NOREQUEST | IRQ_NOPROBE);
	return 0;
}

static void remove_irq(struct player *p)
{
	irq_set_chip_and_handler(p->irq, NULL, NULL);
	if (IS_ENABLED(CONFIG_SPARSE_IRQ))
		irq_free_desc(p->irq);
}

static int add_chip(struct player *p)
{
	int ret;

	ret = add_irq(p);
	if (ret)
		return ret;
	p->gc = (struct gpio_chip){
		.label = "edges",
		.base = -1,
		.ngpio = 1,
		.can_sleep = sleeps,
		.get = line_get,
		.get_direction = line_direction,
		.direction_input = line_input,
		.to_irq = line_to_irq,
	};
	ret = gpiochip_add_data(&p->gc, p);
	if (ret)
		remove_irq(p);
	return ret;
}

static int add_device(struct player *p)
{
	struct property_entry properties[] = { PROPERTY_ENTRY_U32("current-speed", speed), {} };
	struct platform_device_info info = {
		.name = lookup.dev_id,
		.id = PLATFORM_DEVID_NONE,
		.properties = speed ? properties : NULL,
	};

	lookup.table[0].key = chip;
	lookup.table[0].chip_hwnum = offset;
	lookup.table[0].flags = inverted == 1 ? GPIO_ACTIVE_LOW : GPIO_ACTIVE_HIGH;
	gpiod_add_lookup_table(&lookup);
	p->device = platform_device_register_full(&info);
	if (!IS_ERR(p->device))
		return 0;
	gpiod_remove_lookup_table(&lookup);
	return PTR_ERR(p->device);
}

static void init_timer(struct player *p)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	hrtimer_init(&p->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	p->timer.function = player_timer;
#else
	hrtimer_setup(&p->timer, player_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
#endif
}

static int __init edges_init(void)
{
	struct player *p = &player;
	int ret;

	mutex_init(&p->lock);
	init_completion(&p->done);
	init_timer(p);
	ret = add_chip(p);
	if (ret)
		return ret;
	ret = add_device(p);
	if (ret) {
		gpiochip_remove(&p->gc);
		remove_irq(p);
		return ret;
	}
	p->dir = debugfs_create_dir("edges", NULL);
	debugfs_create_file("play", 0200, p->dir, NULL, &play_fops);
	debugfs_create_file("toggle", 0200, p->dir, NULL, &toggle_fops);
	debugfs_create_file("late_ns", 0400, p->dir, NULL, &late_fops);
	debugfs_create_u64("sent", 0400, p->dir, &p->sent);
	return 0;
}

static void __exit edges_exit(void)
{
	struct player *p = &player;

	debugfs_remove_recursive(p->dir);
	platform_device_unregister(p->device);
	gpiod_remove_lookup_table(&lookup);
	gpiochip_remove(&p->gc);
	remove_irq(p);
}

module_init(edges_init);
module_exit(edges_exit);

MODULE_DESCRIPTION("A GPIO that a meter plays on, for tests");
MODULE_AUTHOR("The Meterline authors");
MODULE_LICENSE("Dual MIT/GPL");
